"""The door: what may be shown, and in which precision. Nothing raw has a picture; only :class:`Released` has.

Two steps. :func:`icstats.ledger.open_ledger` decides once per survey, over all departments together, which department
may be shown for which variable. :func:`release` then rebuilds a result: rounded, without people, a hidden row without
any number, and below ``policy.exact_n`` nothing from which the number of answers would follow.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from icstats.errors import DisclosureError
from icstats.ledger import RATINGS, Ledger, at_an_end, checked_policy, open_ledger
from icstats.results import ORGANISATION, Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from icstats.study import Policy

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

HIDDEN = "hidden"
"""The mark of a row that may not be shown; whether for its own sake or for another's is not told."""

SMALLEST_P = 0.001
P_DECIMALS = 3
CHANCES = ("above_70", "above_80")
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
DISTRIBUTION = frozenset({"sd", "ceiling", "floor"})
"""With these beside the mean, the whole distribution of the answers of a few people follows."""
SHARES_OF_VARIANCE = frozenset(
    {"lmg_share", "lmg_share_without_lined", "shapley_share", "owen_share", "probability_first"}
)
TELL_EACH_OTHER = frozenset({"mean", "norm", "others", "difference", "shrunken", "adjusted"})
SIZES = frozenset({"k0", "k_bar"})
"""Mean group sizes: times the number of groups they are an exact total, which only stands as a band."""
MODELS = frozenset({"driver", "term"})
"""First keys of results that are about all variables at once: no level of any of them follows from a coefficient."""

UNITS = ("points", "share", "coefficient")
NUMBERS = ("estimate", "conf_low", "conf_high", "p_value")
OWN_NUMBERS = ("margin", "minimum", "maximum", "p_adjusted", "n_items", *CHANCES)
INTERVAL = frozenset({"conf_low", "conf_high"})
P_VALUES = frozenset({"p_value", "p_adjusted"})
FROM_EXACT_N = P_VALUES | frozenset(CHANCES)
"""With these beside an interval the number of answers could be worked out."""
UNCERTAIN = "uncertain"
"""The verdict of a comparison whose interval may not be shown."""
CODES = ("verdict", "block")
BASE = ("department", "variable", "statistic", *NUMBERS, "n", "unit", "mark")
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ReleasedSettings:
    """How the released numbers were made, and by which rules they may be shown.

    As :class:`icstats.results.Settings`, but the number of people in the clusters is only whether there were any.
    """

    method: str
    interval: str
    conf_level: float
    missing: str
    n_boot: int
    clustered: bool
    warnings: tuple[str, ...]
    policy: Policy


@dataclass(frozen=True, kw_only=True)
class ReleasedRow:
    """One row of a release, for a sentence.

    Attributes
    ----------
    department, variable, statistic, estimate, conf_low, conf_high, p_value, n, unit, mark
        As in :class:`Released`; a number that is not there is NaN.
    extras
        What the result itself added: ``verdict``, ``margin``, ``minimum``, ...
    """

    department: str
    variable: str
    statistic: str
    estimate: float
    conf_low: float
    conf_high: float
    p_value: float
    n: str
    unit: str
    mark: str
    extras: Mapping[str, Any]

    @property
    def hidden(self) -> bool:
        """Whether the number may not be shown."""
        return self.mark == HIDDEN

    @property
    def drawn(self) -> bool:
        """Whether there is something to draw: a hidden row is said to be so, one without an estimate is left out."""
        return self.hidden or not np.isnan(self.estimate)

    @classmethod
    def of_nothing(cls, department: str, variable: str, statistic: str) -> ReleasedRow:
        """Return a hidden row for what was never released, so that a figure can say so in its place."""
        nan = float("nan")
        return cls(
            department=department,
            variable=variable,
            statistic=statistic,
            estimate=nan,
            conf_low=nan,
            conf_high=nan,
            p_value=nan,
            n="",
            unit="",
            mark=HIDDEN,
            extras={},
        )


@dataclass(frozen=True, kw_only=True, repr=False)
class Released:
    """What a reader may see; the only thing that tables and figures accept.

    Attributes
    ----------
    kind
        Class of the result, for instance ``Summary``.
    rows
        Columns ``department, variable, statistic, estimate, conf_low, conf_high, p_value, n, unit, mark``, then what
        the result itself adds (``verdict, margin, minimum, maximum, p_adjusted, block``). All numbers are rounded; n
        is text: a band of ten, or the number from ``policy.exact_n`` on; mark is empty or ``hidden``, and a hidden
        row holds no number and no n.
    settings
        How the numbers were made and the policy they were released under.
    verdict
        Code of the answer of the result as a whole; empty where it has none or may not be shown.
    notes
        ``hidden`` if a row is hidden, ``spread`` if an interval is left out because the answers are few, ``exact`` if a
        p-value is left out because n is a band.
    """

    kind: str
    rows: pd.DataFrame
    settings: ReleasedSettings
    verdict: str = ""
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        _check_released(self.rows, self.settings.policy)

    def __repr__(self) -> str:
        return f"<Released {self.kind}: {len(self.rows)} rows, {int((self.rows['mark'] == HIDDEN).sum())} hidden>"

    @property
    def policy(self) -> Policy:
        """The rules the numbers were released under."""
        return self.settings.policy

    @property
    def departments(self) -> tuple[str, ...]:
        """Slugs in the order of the rows."""
        return tuple(dict.fromkeys(self.rows["department"]))

    @property
    def variables(self) -> tuple[str, ...]:
        """Codes in the order of the rows."""
        return tuple(dict.fromkeys(self.rows["variable"]))

    def row(self, variable: str, statistic: str, department: str | None = None) -> ReleasedRow | None:
        """Return one row, or None when there is none.

        Parameters
        ----------
        variable, statistic
            The two keys.
        department
            Slug; None takes the only department of this release.

        Raises
        ------
        DisclosureError
            If department is None and the release is about more than one.
        """
        if department is None:
            if len(self.departments) > 1:
                raise DisclosureError(
                    "This release is about several departments: say which one the row is about.", code="ICS-604"
                )
            department = next(iter(self.departments), "")
        found = self._by_key.get((department, variable, statistic))
        return None if found is None else _as_row(found)

    @cached_property
    def _by_key(self) -> dict[tuple[str, str, str], dict[str, Any]]:
        """Rows by what they are about: a table asks for hundreds."""
        rows = self.rows.to_dict(orient="records")
        return {(row["department"], row["variable"], row["statistic"]): row for row in reversed(rows)}

    def each(self) -> list[ReleasedRow]:
        """Return all rows, in their order."""
        return [_as_row(row) for row in self.rows.to_dict(orient="records")]

    def records(self) -> list[dict[str, Any]]:
        """Return the rows as plain dictionaries, for a file; a number that is not there is None."""
        return [
            {str(name): None if isinstance(value, float) and np.isnan(value) else value for name, value in row.items()}
            for row in self.rows.to_dict(orient="records")
        ]

    def only(
        self,
        *,
        variables: Iterable[str] | None = None,
        statistics: Iterable[str] | None = None,
        departments: Iterable[str] | None = None,
    ) -> Released:
        """Return the rows with these keys, in the order of ``variables`` where that is given."""
        rows = self.rows
        for column, wanted in (("variable", variables), ("statistic", statistics), ("department", departments)):
            if wanted is not None:
                order = {key: place for place, key in enumerate(wanted)}
                rows = rows[rows[column].isin(list(order))]
                if column == "variable":
                    rows = rows.iloc[rows[column].map(order).to_numpy().argsort(kind="stable")]
        return replace(self, rows=rows.reset_index(drop=True))


def gathered(releases: Sequence[Released]) -> Released:
    """Return releases of one kind, for instance of several departments, as one.

    Parameters
    ----------
    releases
        At least one; settings are those of the first, notes of all.

    Raises
    ------
    DisclosureError
        If there are none, or they are not of one kind and policy.
    """
    if not releases or len({(one.kind, one.policy.model_dump_json()) for one in releases}) > 1:
        raise DisclosureError("Only releases of one kind under one policy can be put together.", code="ICS-605")
    first = releases[0]
    return replace(
        first,
        rows=pd.concat([one.rows for one in releases], ignore_index=True),
        settings=replace(first.settings, warnings=_united(one.settings.warnings for one in releases)),
        verdict=first.verdict if len(releases) == 1 else "",
        notes=_united(one.notes for one in releases),
    )


def _united(tuples: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for codes in tuples for code in codes))


def release(result: Result, *, policy: Policy, ledger: Ledger) -> Released:
    """Return what may be shown of a result: rounded, without people, without the numbers of small groups.

    Parameters
    ----------
    result
        A raw result. Where its data have a column ``department`` that is what a row is about, otherwise the ledger's
        department is.
    policy
        What the organisation promised its respondents; never below the floor.
    ledger
        What may be shown of which department; see :func:`open_ledger`.

    Returns
    -------
    Released
        A rebuilt frame. Hidden is a row that rests on fewer answers or people than ``policy.minimum_group``, that
        the ledger hides, that says what (nearly) everybody answered or is a share of people
        (``policy.minimum_extremes``), that tells the distribution (``policy.minimum_distribution``), or that would
        give another hidden row away. The rows of a model (drivers, regression) are shown or hidden together, by the
        department's ratings. An interval is left out below ``policy.minimum_spread``, and a verdict is then
        ``uncertain``. Below ``policy.exact_n`` shares of people are rounded to 5 % and have no interval, and there are
        no p-values. A difference is that of the rounded mean and norm.

    Raises
    ------
    DisclosureError
        If an argument is not what it should be, the policy is below the floor or a row has no known unit.
    """
    if not isinstance(result, Result):
        raise DisclosureError(f"Only a result can be released, not {type(result).__name__}.", code="ICS-606")
    if result.for_researchers:
        raise DisclosureError(f"{type(result).__name__} is for researchers: it has no release.", code="ICS-606")
    if not isinstance(ledger, Ledger):
        raise DisclosureError("A release needs the ledger of the survey: see open_ledger.", code="ICS-606")
    rules = checked_policy(policy)
    raw = _with_keys(result, ledger)
    people = _smallest_counts(result)
    hidden = _hidden_rows(raw, people, rules, ledger, is_model=result.keys[0] in MODELS)
    return Released(
        kind=type(result).__name__,
        rows=_rebuilt(raw, people, hidden, rules),
        settings=_released_settings(result, rules, [str(name) for name in raw["variable"][hidden]]),
        verdict="" if hidden.any() else str(getattr(result, "verdict", "")),
        notes=_notes(raw, people, hidden, rules),
    )


def only_released(value: object, *, what: str) -> Released:
    """Return the value if it is released; a raw result or a frame has no table and no picture.

    Parameters
    ----------
    value
        What a table or figure was asked of.
    what
        ``table`` or ``figure``, for the message.

    Raises
    ------
    DisclosureError
        If it is anything else than :class:`Released`.
    """
    if not isinstance(value, Released):
        raise DisclosureError(
            f"A {what} is made of released results only, not of {type(value).__name__}.",
            code="ICS-610",
            hint="Pass it through icstats.release with the study's policy and ledger first.",
        )
    return value


def _with_keys(result: Result, ledger: Ledger) -> pd.DataFrame:
    """Return the data with the columns department, variable and statistic, whatever the result calls them."""
    data, keys = result.data, result.keys
    missing = [column for column in (*keys, "estimate", "n", "unit") if column not in data.columns]
    if missing:
        raise DisclosureError(f"A result without the column {missing[0]} cannot be released.", code="ICS-608")
    raw = data.reset_index(drop=True).rename(columns=dict(zip(keys, ("variable", "statistic"), strict=True)))
    if "department" not in raw.columns:
        raw["department"] = ledger.department
    unknown = sorted(set(raw["unit"].astype(str)) - set(UNITS))
    if unknown:
        raise DisclosureError(
            f'A number in "{unknown[0]}" cannot be released: the units are {", ".join(UNITS)}.', code="ICS-608"
        )
    if isinstance(getattr(result, "verdict", None), str) and "verdict" not in raw.columns:
        raw["verdict"] = getattr(result, "verdict", "")
    return raw


def _smallest_counts(result: Result) -> Numbers:
    """Return the smallest number of answers or people that stands behind each row; 0 where it is not known."""
    people = result.people
    if not {"n", "n_people"} <= set(people.columns) or len(people) != len(result.data):
        raise DisclosureError("A result that does not say how many people it rests on is not shown.", code="ICS-608")
    counts = np.column_stack(
        [frame[name].to_numpy(dtype=float) for frame, name in ((people, "n"), (people, "n_people"), (result.data, "n"))]
    )
    smallest: Numbers = np.nan_to_num(counts, nan=0.0).min(axis=1)
    return smallest


def _hidden_rows(
    raw: pd.DataFrame,
    people: Numbers,
    rules: Policy,
    ledger: Ledger,
    *,
    is_model: bool,
) -> Flags:
    """Return which rows may not be shown."""
    by_ledger = [
        ledger.hides(RATINGS if is_model else str(variable), str(place))
        for variable, place in zip(raw["variable"], raw["department"], strict=True)
    ]
    hidden = (people < rules.minimum_group) | np.array(by_ledger, dtype=bool)
    hidden |= raw["statistic"].isin(DISTRIBUTION).to_numpy() & (people < rules.minimum_distribution)
    # The mark of a hidden share would tell that it is extreme; so none of a few people is shown.
    hidden |= (_shares_of_people(raw) | _says_what_each_answered(raw, rules)) & (people < rules.minimum_extremes)
    hidden |= _without_spread(raw) | raw["statistic"].isin(SIZES).to_numpy()
    # A model's shares add up to all of it, and mean, norm and difference to each other: hidden together or not at all.
    told = raw["department"].astype(str)
    if not is_model:
        together = raw["statistic"].isin(TELL_EACH_OTHER)
        alone = pd.Series(np.arange(len(raw)).astype(str), index=raw.index)
        told = told + "\x1f" + raw["variable"].astype(str) + "\x1f" + alone.mask(together, "")
    spread: Flags = pd.Series(hidden, index=raw.index).groupby(told).transform("any").to_numpy(dtype=bool)
    return spread


def _shares_of_people(raw: pd.DataFrame) -> Flags:
    """Return which rows are a share of the people who answered, and not of a variance."""
    shares: Flags = ((raw["unit"] == "share") & ~raw["statistic"].isin(SHARES_OF_VARIANCE)).to_numpy()
    return shares


def _says_what_each_answered(raw: pd.DataFrame, rules: Policy) -> Flags:
    """Return which rows tell the answer of (nearly) everybody: a mean at its scale's end, or without any spread."""
    points = (raw["unit"] == "points").to_numpy()
    mean = points & (raw["statistic"] == "mean").to_numpy()
    ends = at_an_end(raw["estimate"], _numbers(raw, "minimum"), _numbers(raw, "maximum"), rules)
    has_error = points & raw["statistic"].isin(["mean", "difference"]).to_numpy()
    told: Flags = (mean & ends) | (has_error & np.isnan(_numbers(raw, "std_error")))
    return told


def _without_spread(raw: pd.DataFrame) -> Flags:
    """Return which rows say that all gave one answer, however many they are: the mean beside it is then that answer."""
    told: Flags = ((raw["statistic"] == "sd") & (raw["estimate"].round(P_DECIMALS) <= 0)).to_numpy()
    return told


def _numbers(raw: pd.DataFrame, name: str) -> Numbers:
    """Return a column as numbers, missing where the result has no such column."""
    if name not in raw.columns:
        return np.full(len(raw), np.nan)
    numbers: Numbers = raw[name].to_numpy(dtype=float, na_value=np.nan)
    return numbers


def _rebuilt(raw: pd.DataFrame, people: Numbers, hidden: Flags, rules: Policy) -> pd.DataFrame:
    """Return a new frame, made of rounded copies, that shares nothing with the raw one."""
    few, coarse, shares = people < rules.minimum_spread, people < rules.exact_n, _shares_of_people(raw)
    of_total = (raw["department"] == ORGANISATION).to_numpy()
    withheld = (
        dict.fromkeys((*NUMBERS, *OWN_NUMBERS), hidden)
        | dict.fromkeys(INTERVAL, hidden | few | (shares & (coarse | of_total)))
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
            for value, decimal, step, show in zip(_numbers(raw, name), decimals, steps, ~withheld[name], strict=True)
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
        compared = raw["statistic"].isin(TELL_EACH_OTHER)
        said = raw["verdict"].fillna("").astype(str).mask(few, compared.map({True: UNCERTAIN, False: ""}))
        columns["verdict"] = said.mask(hidden, "").tolist()
    order = [name for name in (*BASE, *CODES[:1], *OWN_NUMBERS, *CODES[1:]) if name in columns]
    rows = pd.DataFrame({name: columns[name] for name in order}).astype(
        {name: float if name in NUMBERS or name in OWN_NUMBERS else str for name in order}
    )
    return _with_differences_of_the_shown(rows, rules)


def _with_differences_of_the_shown(rows: pd.DataFrame, rules: Policy) -> pd.DataFrame:
    """Take every difference between the rounded mean and norm: a finer one would tell the mean more precisely."""
    parts = {
        statistic: rows[rows["statistic"] == statistic].drop_duplicates(["department", "variable"])
        for statistic in ("mean", "norm", "difference")
    }
    mean, norm, difference = (part.set_index(["department", "variable"]) for part in parts.values())
    both = difference.index.intersection(mean.index).intersection(norm.index)
    places = pd.Series(parts["difference"].index, index=difference.index)[both]
    ends = ["estimate", "conf_low", "conf_high"]
    apart = mean.loc[both, ends].sub(norm.loc[both, "estimate"], axis=0).round(rules.decimals_points) + 0.0
    return rows.assign(**{end: rows[end].where(~rows.index.isin(places), apart[end].set_axis(places)) for end in ends})


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
    return f"{max(low, rules.minimum_group)}–{high}"


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
    no_interval = (people < rules.minimum_spread) & ~hidden & ~np.isnan(_numbers(raw, "conf_low"))
    no_p = (people < rules.exact_n) & ~hidden & ~np.isnan(_numbers(raw, "p_value"))
    found = {"hidden": hidden, "spread": no_interval, "exact": no_p}
    return tuple(note for note, rows in found.items() if rows.any())


def _check_released(rows: pd.DataFrame, rules: Policy) -> None:
    """Refuse rows that did not come through the door: too precise, too many columns, or hidden with a number."""
    allowed = {*BASE, *OWN_NUMBERS, *CODES}
    numbers = rows[[name for name in (*NUMBERS, *OWN_NUMBERS) if name in rows.columns]].to_numpy(dtype=float)
    finest = max(rules.decimals_points, rules.decimals_share, rules.decimals_coefficient, P_DECIMALS)
    shown = numbers[~np.isnan(numbers)]
    hidden = (rows["mark"] == HIDDEN).to_numpy()
    if (
        not set(rows.columns) <= allowed
        or (shown != np.round(shown, finest)).any()
        or not np.isnan(numbers[hidden]).all()
        or (rows["n"][hidden] != "").any()
    ):
        raise DisclosureError("These rows were not released: they hold more than may be shown.", code="ICS-609")


def _as_row(found: dict[Any, Any]) -> ReleasedRow:
    return ReleasedRow(
        **{name: found[name] for name in BASE},
        extras={name: value for name, value in found.items() if name not in BASE},
    )
