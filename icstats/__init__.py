"""icstats: the Jupyter research workbench for internal customer surveys.

``import icstats as ic`` costs nothing: a name is fetched from its room when it is first used, so that
``icstats --help``, ``icstats check`` and each notebook pay only for what they use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from icstats.benchmark import adjust_family, compare_departments, compare_with_norm
    from icstats.casemix import case_mix
    from icstats.disclosure import open_ledger, release
    from icstats.drivers import regression
    from icstats.importance import block_importance, bootstrap_importance, lmg
    from icstats.leniency import leniency
    from icstats.nonresponse import margin_of_error, representativeness, response_rate
    from icstats.norms import read_norms
    from icstats.overview import open_overview
    from icstats.questionnaire import read_questionnaire
    from icstats.reliability import cronbach_alpha, item_statistics, omega_total, spearman_brown
    from icstats.report import open_report
    from icstats.responses import read_responses
    from icstats.shrinkage import shrink
    from icstats.simulate import simulate_ratings, simulate_study
    from icstats.standing import standing
    from icstats.study import read_study
    from icstats.weights import design_effect, effective_n, rake

__version__ = "0.1.0"

__all__ = [
    "adjust_family",
    "block_importance",
    "bootstrap_importance",
    "case_mix",
    "compare_departments",
    "compare_with_norm",
    "cronbach_alpha",
    "design_effect",
    "effective_n",
    "item_statistics",
    "leniency",
    "lmg",
    "margin_of_error",
    "omega_total",
    "open_ledger",
    "open_overview",
    "open_report",
    "rake",
    "read_norms",
    "read_questionnaire",
    "read_responses",
    "read_study",
    "regression",
    "release",
    "representativeness",
    "response_rate",
    "shrink",
    "simulate_ratings",
    "simulate_study",
    "spearman_brown",
    "standing",
]

ROOMS = {
    "adjust_family": "benchmark",
    "block_importance": "importance",
    "bootstrap_importance": "importance",
    "case_mix": "casemix",
    "compare_departments": "benchmark",
    "compare_with_norm": "benchmark",
    "cronbach_alpha": "reliability",
    "design_effect": "weights",
    "effective_n": "weights",
    "item_statistics": "reliability",
    "leniency": "leniency",
    "lmg": "importance",
    "margin_of_error": "nonresponse",
    "omega_total": "reliability",
    "open_ledger": "disclosure",
    "open_overview": "overview",
    "open_report": "report",
    "rake": "weights",
    "read_norms": "norms",
    "read_questionnaire": "questionnaire",
    "read_responses": "responses",
    "read_study": "study",
    "regression": "drivers",
    "release": "disclosure",
    "representativeness": "nonresponse",
    "response_rate": "nonresponse",
    "shrink": "shrinkage",
    "simulate_ratings": "simulate",
    "simulate_study": "simulate",
    "spearman_brown": "reliability",
    "standing": "standing",
}


def __getattr__(name: str) -> object:
    if name not in ROOMS:
        raise AttributeError(f"module 'icstats' has no attribute {name!r}")
    return getattr(import_module(f"icstats.{ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
