"""Do the items of a scale measure one thing, and how precisely? Internal consistency with honest intervals."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

import numpy as np
import pandas as pd

from icstats.consistency import (
    ALPHA,
    SPEARMAN_BROWN,
    STANDARDISED,
    Plan,
    Row,
    estimated,
    omega_rows,
    planned,
    require_independence,
)
from icstats.errors import NotEnoughDataError, ParameterError
from icstats.results import Result, Settings
from icstats.sampling import FEW_CLUSTERS, FEWEST, ItemSample, Missing, checked_items, item_sample, person_codes
from icstats.screening import item_rest_correlations, negative_items, obstacle, usable_items, usable_sample

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from icstats.questionnaire import ResponseScale

__all__ = [
    "ItemStatistics",
    "Reliability",
    "cronbach_alpha",
    "item_statistics",
    "omega_total",
    "reliability",
    "reported",
    "spearman_brown",
]

Interval = Literal["adf", "bootstrap", "feldt", "bonett"]
PairInterval = Literal["fisher", "adf", "bootstrap"]

PAIR = 2


@dataclass(frozen=True, kw_only=True, repr=False)
class Reliability(Result):
    """Internal consistency, one row per scale and coefficient.

    Coefficients are ``alpha``, ``alpha_standardised``, ``ordinal_alpha``, ``omega_total``, ``omega_categorical``,
    ``omega_hierarchical``, ``spearman_brown``, the fit of the one-factor
    model behind omega (``chi2`` with its p value, ``df``, ``cfi``, ``rmsea``), and ``single_item`` or ``no_items``
    where there is nothing to compute. Extra columns of ``data``: ``n_items`` (items in use), ``n_rows`` (ratings handed
    in; ``n`` of them were used), ``interval`` (code of the row's interval method) and ``above_70`` and ``above_80``
    (how sure that method is that the coefficient is above .70 and .80, between 0 and 1: its confidence distribution).
    """

    keys: ClassVar[tuple[str, str]] = ("scale", "coefficient")


@dataclass(frozen=True, kw_only=True, repr=False)
class ItemStatistics(Result):
    """How each item behaves within its scale, one row per item and statistic.

    Statistics are ``mean``, ``sd``, ``item_rest`` (correlation with the sum of the other items), ``alpha_if_dropped``,
    ``ceiling`` and ``floor`` (share of answers at the ends of the response scale). Extra columns of ``data``:
    ``scale``, ``n_items`` (items of the scale in use), ``minimum`` and ``maximum`` of the response scale (NaN if it was
    not given).
    """

    keys: ClassVar[tuple[str, str]] = ("item", "statistic")


def cronbach_alpha(
    items: pd.DataFrame,
    *,
    name: str = "scale",
    missing: Missing = "listwise",
    interval: Interval = "adf",
    conf_level: float = 0.95,
    clusters: npt.ArrayLike | None = None,
    n_boot: int = 1000,
    seed: int | None = None,
    standardised: bool = False,
) -> Reliability:
    """Estimate Cronbach's alpha: the share of the variance of a sum score that its items have in common.

    Parameters
    ----------
    items
        Ratings x items, floats in points of the response scale, NaN for missing; reverse items already turned round
        (nothing is ever flipped here: see the code ``negative_item_rest:<item>`` in ``settings.warnings``).
    name
        Name of the scale in the result.
    missing
        ``listwise``: ratings that answer every item. ``pairwise``: each covariance from the ratings that answer both
        items; ``n`` is then the number behind the least answered pair, and so is the n of ``feldt`` and ``bonett``
        (psych and R's ``cov(use = "pairwise")`` give the same estimate but count all rows). ``adf`` and ``bootstrap``
        weigh every rating by what it answers.
    interval
        ``adf``: distribution free, on the scale of log(1 - alpha), from the summed influence of each person; holds at
        ceilings and, with ``clusters``, for several ratings by one person. ``bootstrap``: percentiles over people.
        ``feldt`` (Feldt 1965) and ``bonett`` (Bonett 2002, with the bias correction) assume normal answers by people
        who answer once.
    conf_level
        Coverage of the interval.
    clusters
        Respondent of each rating.
    n_boot, seed
        Replicates of the bootstrap and the seed of its random numbers; without a seed a fresh one is drawn and stated
        in the settings.
    standardised
        Add the row ``alpha_standardised``, the alpha of items with equal variances (with ``adf`` or ``bootstrap``).

    Returns
    -------
    Reliability
        Row ``alpha``, unit ``coefficient``.

    Raises
    ------
    NotEnoughDataError
        Fewer than three usable ratings, an item without variance, items that cancel each other out.
    ParameterError
        An argument that is not allowed, fewer than two items, an interval for independent rows while people repeat.

    Warnings
    --------
    A high alpha does not say that the items measure one thing: many items that hang together loosely reach it too. It
    is too low where items weigh differently (see :func:`omega_total`), and falls where answers pile up at one end.
    ``feldt`` and ``bonett`` are too narrow at such ceilings, whatever n (they held in 66 to 75 % where 86 % gave the
    top answer), and every interval by rows is too narrow where one person rates several departments: give
    ``clusters``. With fewer than 30 people the interval is too wide to decide anything. Not for questions about
    different things, of which none is asked to agree.

    Notes
    -----
    alpha = k / (k - 1) (1 - sum of variances / variance of the sum). In R: ``psych::alpha(items)$total$raw_alpha``,
    ``std.alpha``; interval ``feldt`` as ``psych::alpha.ci``. Maydeu-Olivares, Coffman & Hartmann (2007) for ``adf``;
    here with the t distribution on people - 1 degrees of freedom and, for clusters, the sandwich estimator.
    """
    plan = planned(name, interval=interval, allowed=get_args(Interval), conf_level=conf_level, n_boot=n_boot, seed=seed)
    if standardised and interval in ("feldt", "bonett"):
        raise ParameterError(
            f'There is no interval "{interval}" for standardised alpha.',
            code="ICS-356",
            hint='Use interval="adf" or interval="bootstrap".',
        )
    sample = usable_sample(items, name=name, missing=missing, clusters=clusters, fewest_items=PAIR)
    require_independence(plan, sample)
    results = [estimated(coefficient, sample, plan) for coefficient in (ALPHA, STANDARDISED)[: 1 + standardised]]
    return reported(
        [row for row, _ in results],
        sample,
        plan,
        method="cronbach_alpha",
        missing=missing,
        warnings=negative_items(sample) + [code for _, codes in results for code in codes],
    )


def omega_total(
    items: pd.DataFrame,
    *,
    name: str = "scale",
    missing: Missing = "listwise",
    conf_level: float = 0.95,
    clusters: npt.ArrayLike | None = None,
) -> Reliability:
    """Estimate omega total: the share of the variance of a sum score that one common factor explains.

    Parameters
    ----------
    items, name, missing, conf_level, clusters
        As in :func:`cronbach_alpha`; at least three items.

    Returns
    -------
    Reliability
        Row ``omega_total`` with a distribution free interval by the delta method (clusters as in
        :func:`cronbach_alpha`), and the fit of the model: ``chi2``, ``df``, ``cfi``, ``rmsea``. An item whose own
        variance would not be positive stands in ``settings.warnings`` as ``heywood:<item>``; it is held at half a
        percent of its variance.

    Raises
    ------
    NotEnoughDataError
        As in :func:`cronbach_alpha`, or one item follows from the others, so that there is no likelihood.
    ParameterError
        An argument that is not allowed, fewer than three items.

    Warnings
    --------
    One factor must fit: read ``cfi`` and ``rmsea`` first. A ``heywood:`` item says that the model does not describe
    the answers or that there are too few. A reversed item that was not turned round lowers omega a great deal. With
    fewer than 100 people the fit tells little.

    Notes
    -----
    omega = (sum of loadings)^2 / ((sum of loadings)^2 + sum of uniquenesses), maximum likelihood (McDonald 1999). In R:
    ``lavaan::cfa("f =~ ...", std.lv = TRUE)`` and ``semTools::compRelSEM(fit, obs.var = FALSE)``.
    """
    plan = planned(name, interval="adf", allowed=("adf",), conf_level=conf_level)
    sample = usable_sample(items, name=name, missing=missing, clusters=clusters, fewest_items=FEWEST)
    rows, warnings = omega_rows(sample, plan)
    if np.isnan(rows[0].estimate):
        raise NotEnoughDataError(
            f'Scale "{name}": one item follows from the others, so that no factor model can be fitted.',
            code="ICS-505",
            hint=f"{sample.n} ratings of {sample.n_items} items: more ratings or fewer items, and no item twice.",
        )
    return reported(
        rows, sample, plan, method="omega_total", missing=missing, warnings=negative_items(sample) + warnings
    )


def spearman_brown(
    items: pd.DataFrame,
    *,
    name: str = "scale",
    missing: Missing = "listwise",
    interval: PairInterval = "adf",
    conf_level: float = 0.95,
    clusters: npt.ArrayLike | None = None,
    n_boot: int = 1000,
    seed: int | None = None,
) -> Reliability:
    """Estimate the reliability of the sum of two items: 2r / (1 + r).

    Parameters
    ----------
    items
        As in :func:`cronbach_alpha`; exactly two items.
    interval
        ``adf`` and ``bootstrap`` as in :func:`cronbach_alpha` (the scale of log(1 - coefficient) is that of Fisher's
        z). ``fisher``: Fisher's z of the correlation, on request, for people who answer once. It takes the answers as
        normal: where 86 % gave the highest answer, it holds the truth in only 70 % of samples of 400.
    name, missing, conf_level, clusters, n_boot, seed
        As in :func:`cronbach_alpha`.

    Returns
    -------
    Reliability
        Row ``spearman_brown``.

    Raises
    ------
    NotEnoughDataError, ParameterError
        As in :func:`cronbach_alpha`; ParameterError if there are not two items.

    Warnings
    --------
    Two items tell little about what they have in common: any alpha like it is a correlation in disguise. Two questions
    in nearly the same words correlate highly and measure nothing more than their words. ``fisher`` is too narrow at
    ceilings and where people repeat.

    Notes
    -----
    Eisinga, te Grotenhuis & Pelzer (2013): for two items this, not alpha. Equal to standardised alpha. In R:
    ``psych::cor.ci(x)``, then 2 r / (1 + r); ``fisher``: ``cor.test(x, y)$conf.int``, each end through 2 r / (1 + r).
    """
    plan = planned(
        name,
        interval=interval,
        allowed=get_args(PairInterval),
        conf_level=conf_level,
        n_boot=n_boot,
        seed=seed,
    )
    sample = usable_sample(items, name=name, missing=missing, clusters=clusters, fewest_items=PAIR, most_items=PAIR)
    require_independence(plan, sample)
    row, warnings = estimated(SPEARMAN_BROWN, sample, plan)
    return reported(
        [row], sample, plan, method="spearman_brown", missing=missing, warnings=negative_items(sample) + warnings
    )


def reliability(
    items: pd.DataFrame,
    *,
    name: str = "scale",
    missing: Missing = "listwise",
    interval: Interval = "adf",
    conf_level: float = 0.95,
    clusters: npt.ArrayLike | None = None,
    n_boot: int = 1000,
    seed: int | None = None,
) -> Reliability:
    """Estimate the coefficients that suit the number of items; say what cannot be computed instead of stopping.

    Parameters
    ----------
    items, name, missing, interval, conf_level, clusters, n_boot, seed
        As in :func:`cronbach_alpha`. Omega always has an ``adf`` interval; Spearman-Brown has the ``bootstrap`` where
        that is asked for and else its own default.

    Returns
    -------
    Reliability
        Three items and more: ``alpha``, ``omega_total`` and the fit of its model. Two: ``spearman_brown`` and
        ``alpha``. One: ``single_item``, without an estimate. None: ``no_items``. Items that cannot be used are left out
        and named in ``settings.warnings``: ``all_missing:<item>``, ``too_few_answers:<item>`` (one or two answers) or
        ``no_variance:<item>``; ``n_items`` counts those in use. Where nothing can be computed the rows have no estimate
        and a code says why: ``too_few_answers:<scale>``, ``items_cancel:<scale>``, ``singular:<scale>``.

    Raises
    ------
    ParameterError
        An argument that is not allowed; never for what the answers are.
    """
    plan = planned(name, interval=interval, allowed=get_args(Interval), conf_level=conf_level, n_boot=n_boot, seed=seed)
    values = checked_items(items)
    kept, warnings = usable_items(values, missing)
    sample = item_sample(values[kept], missing=missing, clusters=clusters)
    require_independence(plan, sample)
    if len(kept) < PAIR:
        rows = [Row(coefficient="single_item" if kept else "no_items")]
    else:
        rows, codes = _suited(sample, plan)
        warnings = warnings + codes
    return reported(rows, sample, plan, method="reliability", missing=missing, warnings=warnings)


def _suited(sample: ItemSample, plan: Plan) -> tuple[list[Row], list[str]]:
    """Return the rows that suit two items, or three and more."""
    in_the_way = obstacle(sample)
    pair = sample.n_items == PAIR
    if in_the_way:
        coefficients = ("spearman_brown", "alpha") if pair else ("alpha", "omega_total")
        return [Row(coefficient=code) for code in coefficients], [f"{in_the_way}:{plan.name}"]
    alpha, alpha_codes = estimated(ALPHA, sample, plan)
    if pair:
        brown, brown_codes = estimated(SPEARMAN_BROWN, sample, plan)
        return [brown, alpha], negative_items(sample) + brown_codes + alpha_codes
    omega, omega_codes = omega_rows(sample, plan)
    return [alpha, *omega], negative_items(sample) + alpha_codes + omega_codes


def item_statistics(
    items: pd.DataFrame,
    *,
    name: str = "scale",
    missing: Missing = "listwise",
    clusters: npt.ArrayLike | None = None,
    response_scales: Mapping[str, ResponseScale] | None = None,
) -> ItemStatistics:
    """Describe each item of a scale, and what it adds to the scale.

    Parameters
    ----------
    items, name, missing, clusters
        As in :func:`cronbach_alpha`. With ``pairwise``, mean, sd, ceiling and floor rest on all answers to the item,
        and the coefficients on the pairs.
    response_scales
        Response scale of each item; an item that is not in it has its ceiling and floor where the highest and lowest
        answer to any of the items is, and ``settings.warnings`` says ``observed_ends:<scale>``.

    Returns
    -------
    ItemStatistics
        Rows ``mean`` and ``sd`` (unit points), ``ceiling`` and ``floor`` (share), and for scales of two items
        ``item_rest``, of three and more also ``alpha_if_dropped`` (coefficient). Items that cannot be used have no
        coefficients and a code as in :func:`reliability`. ``negative_item_rest:<item>`` names an item that goes against
        the others: turned round, or not of this scale; it is not flipped here.

    Raises
    ------
    ParameterError
        An argument that is not allowed.

    Warnings
    --------
    ``alpha_if_dropped`` of a sample always finds an item whose removal seems to help; to drop it for that raises alpha
    with luck and narrows what is measured. Item-rest correlations are too low at ceilings. With fewer than 30 people
    look at the wording instead.

    Notes
    -----
    In R: ``psych::alpha(items)$item.stats$r.drop`` and ``$alpha.drop$raw_alpha``.
    """
    values = checked_items(items)
    scales = response_scales or {}
    kept, warnings = usable_items(values, missing)
    sample = item_sample(values[kept], missing=missing, clusters=clusters)
    if len(kept) > 1:
        warnings = warnings + (negative_items(sample) if sample.n >= FEWEST else [f"too_few_answers:{name}"])
    if any(item not in scales for item in values.columns):
        warnings = [*warnings, f"observed_ends:{name}"]

    persons = person_codes(clusters, n_rows=len(values))
    used = values[kept].notna().all(axis=1) if missing == "listwise" else values.notna().any(axis=1)
    observed = values.min().min(), values.max().max()
    within = _item_coefficients(sample)
    records = []
    for item in values.columns:
        given = used & values[item].notna()
        ends = (scales[item].minimum, scales[item].maximum) if item in scales else observed
        own = {"n": int(given.sum()), "n_people": len(np.unique(persons[given.to_numpy()]))}
        about = {"item": item, "minimum": np.nan, "maximum": np.nan}
        if item in scales:
            about |= {"minimum": ends[0], "maximum": ends[1]}
        records += [row | own | about for row in _distribution(values.loc[given, item], ends)]
        shared = {"n": sample.n, "n_people": sample.n_people, "unit": "coefficient"}
        records += [{"statistic": code, "estimate": value} | shared | about for code, value in within.get(item, ())]
    data = pd.DataFrame(records, columns=ITEM_COLUMNS).astype(dict.fromkeys(NUMBERS, float))
    data = data.assign(scale=name, n_items=len(kept))
    settings = Settings(method="item_statistics", missing=missing, warnings=tuple(dict.fromkeys(warnings)))
    return ItemStatistics(data=data, people=data[["n", "n_people"]].copy(), settings=settings)


NUMBERS = ["estimate", "std_error", "conf_low", "conf_high", "p_value"]
ITEM_COLUMNS = ["scale", "item", "statistic", *NUMBERS, "n", "n_people", "unit", "n_items", "minimum", "maximum"]


def _distribution(answers: pd.Series[float], ends: tuple[float, float]) -> list[dict[str, object]]:
    """Return mean, sd, ceiling and floor of one item; NaN where there are too few answers for them."""
    n = len(answers)
    return [
        {"statistic": "mean", "estimate": answers.mean() if n else np.nan, "unit": "points"},
        {"statistic": "sd", "estimate": answers.std() if n > 1 else np.nan, "unit": "points"},
        {"statistic": "ceiling", "estimate": (answers == ends[1]).mean() if n else np.nan, "unit": "share"},
        {"statistic": "floor", "estimate": (answers == ends[0]).mean() if n else np.nan, "unit": "share"},
    ]


def _item_coefficients(sample: ItemSample) -> dict[str, list[tuple[str, float]]]:
    """Return item-rest correlation and, from three items on, alpha without the item, for each item."""
    if sample.n_items < PAIR or sample.n < FEWEST:
        return {}
    correlations = item_rest_correlations(sample.covariance)
    found = {item: [("item_rest", float(value))] for item, value in zip(sample.items, correlations, strict=True)}
    if sample.n_items > PAIR:
        for position, item in enumerate(sample.items):
            others = np.delete(np.delete(sample.covariance, position, axis=0), position, axis=1)
            found[item].append(("alpha_if_dropped", float(ALPHA.value(others))))
    return found


def reported(
    rows: Sequence[Row], sample: ItemSample, plan: Plan, *, method: str, missing: Missing, warnings: Sequence[str]
) -> Reliability:
    """Return rows about one scale as a result, with the people behind them and how they were made."""
    data = pd.DataFrame([{"scale": plan.name, **asdict(row)} for row in rows]).assign(
        n=sample.n, n_people=sample.n_people, unit="coefficient", n_items=sample.n_items, n_rows=sample.n_rows
    )
    few = [f"few_clusters:{plan.name}"] if sample.repeated and sample.units < FEW_CLUSTERS else []
    settings = Settings(
        method=method,
        interval=plan.interval,
        conf_level=plan.conf_level,
        missing=missing,
        n_boot=plan.n_boot,
        n_clusters=sample.units if sample.repeated else 0,
        seed=plan.seed if plan.interval == "bootstrap" else None,
        warnings=tuple(dict.fromkeys([*warnings, *few])),
    )
    return Reliability(data=data, people=data[["n", "n_people"]].copy(), settings=settings)
