"""icstats: the Jupyter research workbench for internal customer surveys.

``import icstats as ic`` costs nothing: a name is fetched from its room when it is first used, so that
``icstats --help``, ``icstats check`` and each notebook pay only for what they use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from icstats.aggregation import icc, rwg
    from icstats.asymmetry import penalty_reward
    from icstats.benchmark import adjust_family, compare_departments, compare_with_norm
    from icstats.casemix import case_mix
    from icstats.codebook import draft_questionnaire, read_codebook
    from icstats.contributions import dominance
    from icstats.disclosure import open_ledger, release
    from icstats.drafting import open_choice
    from icstats.drivers import regression
    from icstats.explorer import open_explorer
    from icstats.gaps import expectation_gap, mirror_gap
    from icstats.halo import halo_check
    from icstats.hierarchy import omega_hierarchical
    from icstats.importance import block_importance, bootstrap_importance, lmg
    from icstats.latent import polychoric
    from icstats.measures import importance_measures, relative_weights
    from icstats.noise import random_driver
    from icstats.nonresponse import margin_of_error, representativeness, response_rate
    from icstats.norms import read_norms
    from icstats.odds import ordinal_dominance, ordinal_logit
    from icstats.ordinal import omega_categorical, ordinal_alpha
    from icstats.overlap import commonality
    from icstats.overview import open_overview
    from icstats.pairwise import pairwise_moments
    from icstats.performance import importance_performance
    from icstats.position import standing
    from icstats.priorities import quick_wins
    from icstats.questionnaire import read_questionnaire
    from icstats.raters import leniency
    from icstats.reliability import cronbach_alpha, item_statistics, omega_total, spearman_brown
    from icstats.report import open_report
    from icstats.responses import read_responses
    from icstats.shards import complete_moments_of_files, graph_of_moments, moments_of_files
    from icstats.shrinkage import shrink
    from icstats.simulate import simulate_ratings, simulate_study
    from icstats.study import read_study
    from icstats.summed import coefficients_of_moments, scores_of_moments
    from icstats.trends import wave_change
    from icstats.weights import design_effect, effective_n, rake

__version__ = "0.1.0"

__all__ = [
    "adjust_family",
    "block_importance",
    "bootstrap_importance",
    "case_mix",
    "coefficients_of_moments",
    "commonality",
    "compare_departments",
    "compare_with_norm",
    "complete_moments_of_files",
    "cronbach_alpha",
    "design_effect",
    "dominance",
    "draft_questionnaire",
    "effective_n",
    "expectation_gap",
    "graph_of_moments",
    "halo_check",
    "icc",
    "importance_measures",
    "importance_performance",
    "item_statistics",
    "leniency",
    "lmg",
    "margin_of_error",
    "mirror_gap",
    "moments_of_files",
    "omega_categorical",
    "omega_hierarchical",
    "omega_total",
    "open_choice",
    "open_explorer",
    "open_ledger",
    "open_overview",
    "open_report",
    "ordinal_alpha",
    "ordinal_dominance",
    "ordinal_logit",
    "pairwise_moments",
    "penalty_reward",
    "polychoric",
    "quick_wins",
    "rake",
    "random_driver",
    "read_codebook",
    "read_norms",
    "read_questionnaire",
    "read_responses",
    "read_study",
    "regression",
    "relative_weights",
    "release",
    "representativeness",
    "response_rate",
    "rwg",
    "scores_of_moments",
    "shrink",
    "simulate_ratings",
    "simulate_study",
    "spearman_brown",
    "standing",
    "wave_change",
]

ROOMS = {
    "adjust_family": "benchmark",
    "block_importance": "importance",
    "bootstrap_importance": "importance",
    "case_mix": "casemix",
    "coefficients_of_moments": "summed",
    "commonality": "overlap",
    "compare_departments": "benchmark",
    "compare_with_norm": "benchmark",
    "complete_moments_of_files": "shards",
    "cronbach_alpha": "reliability",
    "design_effect": "weights",
    "dominance": "contributions",
    "draft_questionnaire": "codebook",
    "effective_n": "weights",
    "expectation_gap": "gaps",
    "graph_of_moments": "shards",
    "halo_check": "halo",
    "icc": "aggregation",
    "importance_measures": "measures",
    "importance_performance": "performance",
    "item_statistics": "reliability",
    "leniency": "raters",
    "lmg": "importance",
    "margin_of_error": "nonresponse",
    "mirror_gap": "gaps",
    "moments_of_files": "shards",
    "omega_categorical": "ordinal",
    "omega_hierarchical": "hierarchy",
    "omega_total": "reliability",
    "open_choice": "drafting",
    "open_explorer": "explorer",
    "open_ledger": "disclosure",
    "open_overview": "overview",
    "open_report": "report",
    "ordinal_alpha": "ordinal",
    "ordinal_dominance": "odds",
    "ordinal_logit": "odds",
    "pairwise_moments": "pairwise",
    "penalty_reward": "asymmetry",
    "polychoric": "latent",
    "quick_wins": "priorities",
    "rake": "weights",
    "random_driver": "noise",
    "read_codebook": "codebook",
    "read_norms": "norms",
    "read_questionnaire": "questionnaire",
    "read_responses": "responses",
    "read_study": "study",
    "regression": "drivers",
    "relative_weights": "measures",
    "release": "disclosure",
    "representativeness": "nonresponse",
    "response_rate": "nonresponse",
    "rwg": "aggregation",
    "scores_of_moments": "summed",
    "shrink": "shrinkage",
    "simulate_ratings": "simulate",
    "simulate_study": "simulate",
    "spearman_brown": "reliability",
    "standing": "position",
    "wave_change": "trends",
}


def __getattr__(name: str) -> object:
    if name not in ROOMS:
        raise AttributeError(f"module 'icstats' has no attribute {name!r}")
    return getattr(import_module(f"icstats.{ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
