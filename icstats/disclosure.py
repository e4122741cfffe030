"""The door: what may be shown, and in which precision. Nothing raw has a picture; only :class:`Released` has.

Two steps. :func:`icstats.ledger.open_ledger` decides once per survey, over all departments together, which department
may be shown for which variable. :func:`release` then rebuilds a result: rounded, without people, a hidden row without
any number, and below ``policy.exact_n`` nothing from which the number of answers would follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from icstats.errors import DisclosureError
from icstats.ledger import RATINGS, Ledger, checked_policy, open_ledger
from icstats.released import (
    BASE,
    CHANCES,
    CODES,
    HIDDEN,
    NUMBERS,
    OWN_NUMBERS,
    P_DECIMALS,
    Released,
    ReleasedRow,
    ReleasedSettings,
    gathered,
    only_released,
)
from icstats.results import ORGANISATION, Result
from icstats.withheld import (
    DIFFERENCES,
    GAPS,
    MODELS,
    TELL_EACH_OTHER,
    among,
    fewest_apart,
    hidden_rows,
    numbers_of,
    shares_of_people,
    smallest_counts,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from icstats.study import Policy
    from icstats.withheld import Flags, Numbers

__all__ = [
    "HIDDEN",
    "RATINGS",
    "Ledger",
    "Released",
    "ReleasedRow",
    "ReleasedSettings",
    "gathered",
    "only_released",
    "open_ledger",
    "release",
    "shown_n",
]


SMALLEST_P = 0.001
FIXED_DECIMALS = {
    "p_value": P_DECIMALS,
    "p_adjusted": P_DECIMALS,
    "margin": 2,
    "n_items": 0,
    **dict.fromkeys(CHANCES, 2),
}
"""Decimals of the numbers that do not follow the row's unit; a margin belongs to the norm and not to people."""

COARSE_SHARE = 0.05
"""Shares of people are rounded to this where n is a band: whole percentages would give n and every count."""
OTHER_SIDES = {"forecast": -1, "earlier": 1, "norm": 1}
"""What a mean is compared with, and whether the difference is the mean minus that (1) or that minus the mean (-1)."""

SIDES = (
    dict.fromkeys(("up", "ahead", "above", "slightly_above", "clearly_above", "blind_spot"), 1)
    | dict.fromkeys(("down", "behind", "below", "slightly_below", "clearly_below", "hidden_strength"), -1)
)  # fmt: skip
"""Words for a difference that is sure, and the side on which its whole interval must be seen to lie."""

PLAINER = {"clearly_above": "slightly_above", "clearly_below": "slightly_below"}
"""What is left of a word for a difference that surely matters where that cannot be seen."""

WITHIN_MARGIN = frozenset({"equal", "along"})

UNITS = ("points", "share", "coefficient")
INTERVAL = frozenset({"conf_low", "conf_high"})
ENDS = ["estimate", "conf_low", "conf_high"]
P_VALUES = frozenset({"p_value", "p_adjusted"})
TELL_N = frozenset({"chi2", "rmsea", "cfi"})
"""How well a model fits: chi-squared grows with the number of answers, and beside the others it tells it exactly."""
FROM_EXACT_N = P_VALUES | frozenset(CHANCES)
"""With these beside an interval the number of answers could be worked out."""
UNCERTAIN = "uncertain"
"""The verdict of a comparison whose interval may not be shown."""


def release(result: Result, *, policy: Policy, ledger: Ledger) -> Released:
    """Return what may be shown of a result: rounded, without people, without the numbers of small groups.

    Parameters
    ----------
    result
        A raw result. Where its data have a column ``department`` that is what a row is about, otherwise the ledger's
        department is. A column ``also`` names another variable that the row rests on: both must be shown.
    policy
        What the organisation promised its respondents; never below the floor.
    ledger
        What may be shown of which department; see :func:`open_ledger`.

    Returns
    -------
    Released
        A rebuilt frame. Hidden is a row that rests on fewer answers or people than ``policy.minimum_answers`` or on a
        driver that so few answer otherwise than all others, that
        the ledger hides, that says what (nearly) everybody answered or is a share of people
        (``policy.minimum_extremes``), that tells the distribution (``policy.minimum_distribution``), or that would
        give another hidden row away. The rows of a model (drivers, regression) are shown or hidden together, by the
        department's ratings, and where a result is ``as_a_whole`` also by every variable in it. An interval is left
        out below ``policy.minimum_spread``, and a verdict is then
        ``uncertain``. Below ``policy.exact_n`` shares of people are rounded to 5 % and have no interval, and there are
        no p-values and no fit of a model. A difference is that of the two rounded numbers beside it, and tells no more
        than those: each of the sets of people behind it, customers and staff, or those of two waves, must be enough by
        itself.

    Raises
    ------
    DisclosureError
        If an argument is not what it should be, the policy is below the floor or a row has no known unit.
    """
    if not isinstance(result, Result):
        raise DisclosureError(f"Only a result can be released, not {type(result).__name__}.", code="ICS-606")
    if not isinstance(ledger, Ledger):
        raise DisclosureError("A release needs the ledger of the survey: see open_ledger.", code="ICS-606")
    if result.waves != ledger.waves:
        raise DisclosureError(
            f"{type(result).__name__} rests on {result.waves} wave(s), and the ledger decides about {ledger.waves}.",
            code="ICS-606",
            hint="Put the ledgers of both waves together with Ledger.along_with.",
        )
    rules = checked_policy(policy)
    raw = _with_keys(result, ledger)
    people = smallest_counts(result)
    apart, is_model = fewest_apart(result), result.keys[0] in MODELS
    hidden = hidden_rows(raw, people, rules, ledger, apart=apart, is_model=is_model)
    if result.as_a_whole:
        hidden = hidden | hidden.any() | ledger.hides(RATINGS)
    return Released(
        kind=type(result).__name__,
        rows=_rebuilt(raw, people, hidden, rules),
        settings=_released_settings(result, rules, [str(name) for name in raw["variable"][hidden]]),
        verdict="" if hidden.any() else str(getattr(result, "verdict", "")),
        notes=_notes(raw, people, hidden, rules),
    )


def _with_keys(result: Result, ledger: Ledger) -> pd.DataFrame:
    """Return the data with the columns department, variable and statistic, whatever the result calls them."""
    data, keys = result.data, result.keys
    missing = [column for column in (*keys, "estimate", "n", "unit") if column not in data.columns]
    if missing:
        raise DisclosureError(f"A result without the column {missing[0]} cannot be released.", code="ICS-608")
    raw = data.reset_index(drop=True).rename(columns=dict(zip(keys, ("variable", "statistic"), strict=True)))
    if "department" not in raw.columns:
        raw["department"] = ledger.department
    if "also" not in raw.columns:
        raw["also"] = raw["variable"]
    unknown = sorted(set(raw["unit"].astype(str)) - set(UNITS))
    if unknown:
        raise DisclosureError(
            f'A number in "{unknown[0]}" cannot be released: the units are {", ".join(UNITS)}.', code="ICS-608"
        )
    if isinstance(getattr(result, "verdict", None), str) and "verdict" not in raw.columns:
        raw["verdict"] = getattr(result, "verdict", "")
    return raw


def _rebuilt(raw: pd.DataFrame, people: Numbers, hidden: Flags, rules: Policy) -> pd.DataFrame:
    """Return a new frame, made of rounded copies, that shares nothing with the raw one."""
    few, coarse, shares = people < rules.minimum_spread, people < rules.exact_n, shares_of_people(raw)
    of_total = among(raw, {ORGANISATION}, "department")
    fit = among(raw, TELL_N) & (coarse | of_total)
    withheld = (
        dict.fromkeys((*NUMBERS, *OWN_NUMBERS), hidden | fit)
        | dict.fromkeys(INTERVAL, hidden | fit | few | (shares & (coarse | of_total)))
        | dict.fromkeys(FROM_EXACT_N, hidden | coarse)
    )
    decimals = [_decimals(str(unit), rules) for unit in raw["unit"]]
    steps = np.where(shares & coarse, COARSE_SHARE, 0.0)
    columns: dict[str, list[Any]] = {
        name: [str(value) for value in raw[name]] for name in ("department", "variable", "statistic")
    }
    for name in (*NUMBERS, *(one for one in OWN_NUMBERS if one in raw.columns)):
        fixed = FIXED_DECIMALS.get(name)
        smallest = SMALLEST_P if name in P_VALUES else None
        columns[name] = [
            _shown_number(value, decimal if fixed is None else fixed, smallest=smallest, step=step) if show else np.nan
            for value, decimal, step, show in zip(numbers_of(raw, name), decimals, steps, ~withheld[name], strict=True)
        ]
    columns["n"] = [
        "" if hide else shown_n(int(n), rules, total=place == ORGANISATION)
        for n, place, hide in zip(raw["n"].fillna(0), columns["department"], hidden, strict=True)
    ]
    columns["unit"] = [str(unit) for unit in raw["unit"]]
    columns["mark"] = [HIDDEN if hide else "" for hide in hidden]
    if "block" in raw.columns:
        columns["block"] = ["" if pd.isna(value) else str(value) for value in raw["block"]]
    if "verdict" in raw.columns:
        instead = [UNCERTAIN if compared else "" for compared in among(raw, TELL_EACH_OTHER)]
        columns["verdict"] = [
            "" if hide else other if unsure else said
            for said, other, unsure, hide in zip(
                raw["verdict"].fillna("").astype(str).tolist(), instead, few.tolist(), hidden.tolist(), strict=True
            )
        ]
    order = [name for name in (*BASE, *CODES[:1], *OWN_NUMBERS, *CODES[1:]) if name in columns]
    numbers = {*NUMBERS, *OWN_NUMBERS}
    rows = pd.DataFrame(
        {
            name: np.array(columns[name], dtype=float) if name in numbers else pd.array(columns[name], dtype="str")
            for name in order
        }
    )
    return _with_differences_of_the_shown(rows, raw, rules)


def _with_differences_of_the_shown(rows: pd.DataFrame, raw: pd.DataFrame, rules: Policy) -> pd.DataFrame:
    """Take every difference between the rounded numbers beside it: a finer one would tell both more precisely."""
    differ = np.flatnonzero(among(rows, DIFFERENCES))
    if not differ.size:
        return rows
    ends = rows[ENDS].to_numpy(dtype=float, copy=True)
    keys = list(zip(*(rows[key].tolist() for key in BASE[:3]), strict=True))
    shown, others = dict(zip(keys, ends.copy(), strict=True)), raw["also"].tolist()
    estimate, low, high = (numbers_of(raw, name) for name in ENDS)
    reach = np.maximum(estimate - low, high - estimate)
    for row in differ.tolist():
        apart = _apart(shown, keys[row], also=str(others[row]), reach=float(reach[row]))
        if apart is not None:
            ends[row] = np.round(apart, rules.decimals_points) + 0.0
    return _with_words_of_the_shown(rows.assign(**dict(zip(ENDS, ends.T, strict=True))), rules)


def _with_words_of_the_shown(rows: pd.DataFrame, rules: Policy) -> pd.DataFrame:
    """Say of a difference no more than the rounded numbers show: a word that they belie is believed by nobody."""
    if "verdict" not in rows.columns:
        return rows
    verdicts = rows["verdict"].tolist()
    told = list(zip(rows["department"].tolist(), rows["variable"].tolist(), verdicts, strict=True))
    numbers = zip(*(numbers_of(rows, name).tolist() for name in (*ENDS, "margin")), strict=True)
    half = 0.5 * 10.0**-rules.decimals_points
    seen = {
        key: _seen(key[2], *found, half=half)
        for key, found, differs in zip(told, numbers, among(rows, DIFFERENCES), strict=True)
        if differs
    }
    words = [seen.get(key, verdict) for key, verdict in zip(told, verdicts, strict=True)]
    return rows.assign(verdict=pd.array(words, dtype="str"))


def _seen(verdict: str, estimate: float, low: float, high: float, margin: float, *, half: float) -> str:
    """Return a verdict as far as the numbers show it; a margin is not rounded as they are, so half a step is let by."""
    if verdict in WITHIN_MARGIN:
        return UNCERTAIN if max(-low, high) > margin + half else verdict
    side = SIDES.get(verdict, 0)
    nearest = min(side * low, side * high)
    if side and (side * estimate <= 0 or nearest <= 0):
        return UNCERTAIN
    return PLAINER.get(verdict, verdict) if nearest < margin - half else verdict


def _apart(
    shown: Mapping[tuple[str, str, str], Numbers], row: tuple[str, str, str], *, also: str, reach: float
) -> Numbers | None:
    """Return a difference of shown numbers and its interval; None where the numbers it is of are not beside it.

    The interval of a difference of two means is as wide as it was, around the difference of what is shown.
    """
    place, name, statistic = row
    mean, norm = shown.get((place, name, "mean")), shown.get((place, name, "norm"))
    if statistic in GAPS:
        mean, other, sign = shown.get((place, also, "mean")), mean, 1
    else:
        found = [(shown[place, name, side], sign) for side, sign in OTHER_SIDES.items() if (place, name, side) in shown]
        other, sign = found[0] if found else (None, 1)
    if mean is None or other is None:
        return None
    if norm is not None and other is norm:
        return np.asarray(mean - norm[0])
    of_norm = shown[place, name, "norm_change"][0] if statistic == "beyond_norm" else 0.0
    apart = sign * (mean[0] - other[0]) - of_norm
    return np.where(np.isnan(shown[row]), np.nan, apart + np.array([0.0, -reach, reach]))


def _decimals(unit: str, rules: Policy) -> int:
    return {
        "points": rules.decimals_points,
        "share": rules.decimals_share,
        "coefficient": rules.decimals_coefficient,
    }[unit]


def _shown_number(value: float, decimals: int, *, smallest: float | None = None, step: float = 0.0) -> float:
    """Return a number that holds no more than its shown decimals, or steps."""
    stepped = round(float(value) / step) * step if step and not np.isnan(value) else float(value)
    rounded = round(stepped, decimals) + 0.0
    return max(rounded, smallest) if smallest is not None and not np.isnan(rounded) else rounded


def shown_n(n: int, rules: Policy, *, total: bool = False) -> str:
    """Return n as a reader may see it: a band of ten that never reaches below the minimum, or the number.

    A total over departments is always a band: an exact one, minus the exact numbers of the large departments, would
    undo the bands of the small ones.
    """
    if n >= rules.exact_n and not total:
        return str(n)
    low = n // 10 * 10
    high = low + 9 if total else min(low + 9, rules.exact_n - 1)
    return f"{max(low, rules.minimum_answers)}–{high}"


def _released_settings(result: Result, rules: Policy, hidden_variables: Sequence[str]) -> ReleasedSettings:
    settings = result.settings
    return ReleasedSettings(
        method=settings.method,
        interval=settings.interval,
        conf_level=settings.conf_level,
        missing=settings.missing,
        n_boot=settings.n_boot,
        clustered=settings.n_clusters > 0,
        warnings=tuple(
            warning for warning in settings.warnings if not set(warning.split(":")[1:]) & set(hidden_variables)
        ),
        policy=rules,
    )


def _notes(raw: pd.DataFrame, people: Numbers, hidden: Flags, rules: Policy) -> tuple[str, ...]:
    no_interval = (people < rules.minimum_spread) & ~hidden & ~np.isnan(numbers_of(raw, "conf_low"))
    no_p = (people < rules.exact_n) & ~hidden & ~np.isnan(numbers_of(raw, "p_value"))
    found = {"hidden": hidden, "spread": no_interval, "exact": no_p}
    return tuple(note for note, rows in found.items() if rows.any())
