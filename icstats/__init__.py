"""icstats: the Jupyter research workbench for internal customer surveys.

``import icstats as ic`` costs nothing: a name is fetched from its room when it is first used, so that
``icstats --help``, ``icstats check`` and each notebook pay only for what they use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from icstats.benchmark import compare_with_norm
    from icstats.disclosure import open_ledger, release
    from icstats.drivers import regression
    from icstats.gaps import expectation_gap, mirror_gap
    from icstats.importance import block_importance, bootstrap_importance, lmg
    from icstats.norms import read_norms
    from icstats.overview import open_overview
    from icstats.priorities import quick_wins
    from icstats.questionnaire import read_questionnaire
    from icstats.reliability import cronbach_alpha, item_statistics, omega_total, spearman_brown
    from icstats.report import open_report
    from icstats.responses import read_responses
    from icstats.simulate import simulate_ratings, simulate_study
    from icstats.study import read_study
    from icstats.trends import wave_change

__version__ = "0.1.0"

__all__ = [
    "block_importance",
    "bootstrap_importance",
    "compare_with_norm",
    "cronbach_alpha",
    "expectation_gap",
    "item_statistics",
    "lmg",
    "mirror_gap",
    "omega_total",
    "open_ledger",
    "open_overview",
    "open_report",
    "quick_wins",
    "read_norms",
    "read_questionnaire",
    "read_responses",
    "read_study",
    "regression",
    "release",
    "simulate_ratings",
    "simulate_study",
    "spearman_brown",
    "wave_change",
]

ROOMS = {
    "block_importance": "importance",
    "bootstrap_importance": "importance",
    "compare_with_norm": "benchmark",
    "cronbach_alpha": "reliability",
    "expectation_gap": "gaps",
    "item_statistics": "reliability",
    "lmg": "importance",
    "mirror_gap": "gaps",
    "omega_total": "reliability",
    "open_ledger": "disclosure",
    "open_overview": "overview",
    "open_report": "report",
    "quick_wins": "priorities",
    "read_norms": "norms",
    "read_questionnaire": "questionnaire",
    "read_responses": "responses",
    "read_study": "study",
    "regression": "drivers",
    "release": "disclosure",
    "simulate_ratings": "simulate",
    "simulate_study": "simulate",
    "spearman_brown": "reliability",
    "wave_change": "trends",
}


def __getattr__(name: str) -> object:
    if name not in ROOMS:
        raise AttributeError(f"module 'icstats' has no attribute {name!r}")
    return getattr(import_module(f"icstats.{ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
