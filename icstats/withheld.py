"""Which rows of a result may not be shown: resting on few people, hidden by the ledger, or telling another row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from icstats.errors import DisclosureError
from icstats.ledger import RATINGS, at_an_end
from icstats.released import P_DECIMALS

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from collections.abc import Set as AbstractSet

    import pandas as pd

    from icstats.ledger import Ledger
    from icstats.results import Result
    from icstats.study import Policy

__all__ = [
    "DIFFERENCES",
    "GAPS",
    "MODELS",
    "TELL_EACH_OTHER",
    "Flags",
    "Numbers",
    "among",
    "fewest_apart",
    "hidden_rows",
    "numbers_of",
    "shares_of_people",
    "smallest_counts",
]

DISTRIBUTION = frozenset({"sd", "ceiling", "floor"})
"""With these beside the mean, the whole distribution of the answers of a few people follows."""
SHARES_OF_VARIANCE = frozenset(
    {
        "lmg_share",
        "lmg_share_without_lined",
        "shapley_share",
        "owen_share",
        "probability_first",
        "importance",
        "priority",
        "probability_top",
    }
)
MEANS = frozenset({"mean", "forecast", "earlier"})
"""Means of people's answers: of customers, of staff, of the wave before."""
GAPS = frozenset({"adequacy_gap", "superiority_gap"})
DIFFERENCES = frozenset({"difference", "beyond_norm", *GAPS})
TELL_EACH_OTHER = MEANS | DIFFERENCES | {"norm", "norm_change", "others", "shrunken", "adjusted"}
SIZES = frozenset({"k0", "k_bar"})
"""Mean group sizes: times the number of groups they are an exact total, which only stands as a band."""
MODELS = frozenset({"driver", "term"})
"""First keys of results that are about all variables at once: no level of any of them follows from a coefficient."""

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]


def smallest_counts(result: Result) -> Numbers:
    """Return the smallest number of answers or people that stands behind each row; 0 where it is not known."""
    people = result.people
    if not {"n", "n_people"} <= set(people.columns) or len(people) != len(result.data):
        raise DisclosureError("A result that does not say how many people it rests on is not shown.", code="ICS-608")
    counts = np.column_stack(
        [frame[name].to_numpy(dtype=float) for frame, name in ((people, "n"), (people, "n_people"), (result.data, "n"))]
    )
    smallest: Numbers = np.nan_to_num(counts, nan=0.0).min(axis=1)
    return smallest


def fewest_apart(result: Result) -> Numbers:
    """Return how many people a driver tells from all others, for each row that rests on one.

    To which all but a few gave one answer, it names those few: with their number, a coefficient gives their outcome.
    """
    apart = result.people.reindex(columns=["n_apart"], fill_value=np.inf)["n_apart"]
    found: Numbers = apart.to_numpy(dtype=float)
    return found


def hidden_rows(
    raw: pd.DataFrame,
    people: Numbers,
    rules: Policy,
    ledger: Ledger,
    *,
    apart: Numbers,
    is_model: bool,
) -> Flags:
    """Return which rows may not be shown."""
    by_ledger = [
        any(ledger.hides(RATINGS if is_model else str(name), str(place)) for name in {variable, also})
        for variable, also, place in zip(raw["variable"], raw["also"], raw["department"], strict=True)
    ]
    hidden = (np.minimum(people, apart) < rules.minimum_answers) | np.array(by_ledger, dtype=bool)
    hidden |= among(raw, DISTRIBUTION) & (people < rules.minimum_distribution)
    # The mark of a hidden share would tell that it is extreme; so none of a few people is shown.
    hidden |= (shares_of_people(raw) | _says_what_each_answered(raw, rules)) & (people < rules.minimum_extremes)
    hidden |= _without_spread(raw) | among(raw, SIZES)
    # A model's shares add up to all of it, and mean, norm and difference to each other: hidden together or not at all.
    places = raw["department"].astype(str).tolist()
    if is_model:
        return _spread(hidden, places)
    together = among(raw, TELL_EACH_OTHER).tolist()
    alone = ["" if one else row for row, one in enumerate(together)]
    told = list(zip(places, raw["variable"].astype(str).tolist(), alone, strict=True))
    hidden = _spread(hidden, told)
    return _spread(hidden | _rests_on_hidden_means(raw, hidden), told)


def _spread(hidden: Flags, told: Sequence[Hashable]) -> Flags:
    """Return the flags with those of each group raised where one of them is."""
    raised = {group for group, hide in zip(told, hidden.tolist(), strict=True) if hide}
    return np.array([group in raised for group in told], dtype=bool)


def _rests_on_hidden_means(raw: pd.DataFrame, hidden: Flags) -> Flags:
    """Return which rows are about a second variable whose mean is hidden: with the first it would follow."""
    places, variables, others = (raw[name].tolist() for name in ("department", "variable", "also"))
    hidden_means = (hidden & among(raw, {"mean"})).tolist()
    gone = {pair for pair, hide in zip(zip(places, variables, strict=True), hidden_means, strict=True) if hide}
    return np.array(
        [
            other != variable and (place, other) in gone
            for place, variable, other in zip(places, variables, others, strict=True)
        ],
        dtype=bool,
    )


def among(raw: pd.DataFrame, names: AbstractSet[str], column: str = "statistic") -> Flags:
    """Return in which rows a column has one of some names; results are short, for which pandas' way takes long."""
    return np.array([name in names for name in raw[column].tolist()], dtype=bool)


def shares_of_people(raw: pd.DataFrame) -> Flags:
    """Return which rows are a share of the people who answered, and not of a variance."""
    return among(raw, {"share"}, "unit") & ~among(raw, SHARES_OF_VARIANCE)


def _says_what_each_answered(raw: pd.DataFrame, rules: Policy) -> Flags:
    """Return which rows tell the answer of (nearly) everybody: a mean at its scale's end, or without any spread."""
    points = among(raw, {"points"}, "unit")
    mean = points & among(raw, MEANS)
    ends = at_an_end(raw["estimate"], numbers_of(raw, "minimum"), numbers_of(raw, "maximum"), rules)
    has_error = points & among(raw, MEANS | DIFFERENCES) & ~np.isnan(numbers_of(raw, "estimate"))
    told: Flags = (mean & ends) | (has_error & np.isnan(numbers_of(raw, "std_error")))
    return told


def _without_spread(raw: pd.DataFrame) -> Flags:
    """Return which rows say that all gave one answer, however many they are: the mean beside it is then that answer."""
    with np.errstate(invalid="ignore"):
        return among(raw, {"sd"}) & (np.round(numbers_of(raw, "estimate"), P_DECIMALS) <= 0)


def numbers_of(raw: pd.DataFrame, name: str) -> Numbers:
    """Return a column as numbers, missing where the result has no such column."""
    if name not in raw.columns:
        return np.full(len(raw), np.nan)
    numbers: Numbers = raw[name].to_numpy(dtype=float, na_value=np.nan)
    return numbers
