"""Coefficients of internal consistency as functions of a covariance matrix, and how sure they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc, fdtr, fdtri, ndtr, ndtri, stdtr, stdtrit

from icstats.errors import ParameterError
from icstats.factor import fit_one_factor, is_singular
from icstats.sampling import (
    FEWEST,
    FloatArray,
    ItemSample,
    bootstrap,
    correlations,
    require_conf_level,
    require_option,
    require_seed,
    resampled,
    standard_error,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "ALPHA",
    "SPEARMAN_BROWN",
    "STANDARDISED",
    "Coefficient",
    "Plan",
    "Row",
    "adf_row",
    "estimated",
    "omega_rows",
    "planned",
    "require_independence",
    "without_interval",
]

FEWEST_REPLICATES = 100
MOST_AT_THE_TOP = 0.6

SMALLEST_SUM = 1e-12

PERFECT = 1 - 1e-10
"""From here on the items agree up to rounding, and nothing can be said about how sure that is."""

Limits = tuple[float, float]
NO_CHANCES = (float("nan"), float("nan"))
THRESHOLDS = np.array([0.7, 0.8])
"""Usual demands on a scale: for research, and for judging a department by it (Nunnally 1978)."""

NO_LIMITS: Limits = (float("nan"), float("nan"))


@dataclass(frozen=True, kw_only=True)
class Coefficient:
    """A function of covariance matrices (… x k x k), and its derivative at one of them."""

    code: str
    value: Callable[[FloatArray], FloatArray]
    gradient: Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How an interval is to be made; ``name`` is the scale, ``seed`` counts for a bootstrap only."""

    name: str
    interval: str = "adf"
    conf_level: float = 0.95
    n_boot: int = 0
    seed: int = 0

    @property
    def tail(self) -> float:
        """Probability below the upper limit."""
        return (1 + self.conf_level) / 2


def planned(
    name: str,
    *,
    interval: str,
    allowed: Sequence[str],
    conf_level: float,
    n_boot: int = 0,
    seed: int | None = None,
) -> Plan:
    """Return a checked plan; a bootstrap without a seed gets a fresh one.

    Raises
    ------
    ParameterError
        An interval that is not allowed, a coverage outside 0 to 1, fewer than a hundred replicates.
    """
    require_option(interval, name="interval", allowed=allowed)
    require_conf_level(conf_level)
    if interval != "bootstrap":
        return Plan(name=name, interval=interval, conf_level=conf_level)
    if n_boot < FEWEST_REPLICATES:
        raise ParameterError(
            f"n_boot is {n_boot}; an interval needs at least {FEWEST_REPLICATES} replicates.", code="ICS-355"
        )
    require_seed(seed)
    if seed is None:
        seed = int(np.random.SeedSequence().generate_state(1, np.uint64)[0] >> 1)
    return Plan(name=name, interval=interval, conf_level=conf_level, n_boot=n_boot, seed=seed)


def require_independence(plan: Plan, sample: ItemSample) -> None:
    """Refuse an interval that takes ratings as independent where people gave more than one.

    Raises
    ------
    ParameterError
        Names the interval and those that are right.
    """
    if plan.interval in NORMAL_THEORY and sample.repeated:
        raise ParameterError(
            f'The interval "{plan.interval}" takes every rating as independent, but people gave more than one.',
            code="ICS-357",
            hint='Use interval="adf" or interval="bootstrap".',
        )


@dataclass(frozen=True, kw_only=True)
class Row:
    """One number with its interval, and how probable it is above .70 and .80; NaN where there is none."""

    coefficient: str
    estimate: float = float("nan")
    std_error: float = float("nan")
    conf_low: float = float("nan")
    conf_high: float = float("nan")
    p_value: float = float("nan")
    interval: str = ""
    above_70: float = float("nan")
    above_80: float = float("nan")


# ------------------------------------------------------------------------------------------ functions of a covariance


def _alpha(covariance: FloatArray) -> FloatArray:
    k = covariance.shape[-1]
    parts, whole = np.trace(covariance, axis1=-2, axis2=-1), covariance.sum(axis=(-2, -1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(whole > 0, k / (k - 1) * (1 - parts / whole), np.nan))


def _alpha_sums(sample: ItemSample) -> FloatArray:
    """Return per person all that alpha needs of complete answers: no products of two items."""
    answers, total = sample.answers, sample.answers.sum(axis=1)
    squares = np.einsum("ij,ij->i", answers, answers)
    return sample.summed_per_person(np.column_stack([answers, squares, total**2, np.ones(len(total))]))


def _alpha_of_sums(sums: FloatArray) -> FloatArray:
    """Return alpha from sums over people of the columns of :func:`_alpha_sums`."""
    answers, squares, squared_totals, n = sums[..., :-3], sums[..., -3], sums[..., -2], sums[..., -1]
    k = answers.shape[-1]
    parts = squares - (answers**2).sum(axis=-1) / n
    whole = squared_totals - answers.sum(axis=-1) ** 2 / n
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(whole > SMALLEST_SUM * squared_totals, k / (k - 1) * (1 - parts / whole), np.nan))


def _alpha_gradient(covariance: FloatArray) -> FloatArray:
    k = len(covariance)
    parts, whole = np.trace(covariance), covariance.sum()
    return np.asarray(k / (k - 1) / whole * (parts / whole - np.eye(k)))


def _standardised(covariance: FloatArray) -> FloatArray:
    return _alpha(correlations(covariance))


def _standardised_gradient(covariance: FloatArray) -> FloatArray:
    k = len(covariance)
    correlation, sd = correlations(covariance), np.sqrt(np.diag(covariance))
    sum_by_covariance = (1 - np.eye(k)) / np.outer(sd, sd) - np.diag((correlation.sum(axis=0) - 1) / sd**2)
    return np.asarray(k**2 / ((k - 1) * correlation.sum() ** 2) * sum_by_covariance)


ALPHA = Coefficient(code="alpha", value=_alpha, gradient=_alpha_gradient)
STANDARDISED = Coefficient(code="alpha_standardised", value=_standardised, gradient=_standardised_gradient)
# What standardised alpha is for two items: 2r / (1 + r).
SPEARMAN_BROWN = replace(STANDARDISED, code="spearman_brown")


# ----------------------------------------------------------------------------------------------------------- intervals


def _on_log_scale(estimate: float, *, down: float, up: float) -> Limits:
    """Return limits ``down`` below and ``up`` above on the scale of -log(1 - coefficient)."""
    with np.errstate(over="ignore", invalid="ignore"):
        low, high = 1 - (1 - estimate) * np.exp(down), 1 - (1 - estimate) * np.exp(-up)
    return (float(low), float(high)) if np.isfinite(low) and np.isfinite(high) else NO_LIMITS


def _adf(estimate: float, error: float, *, units: int, plan: Plan) -> Limits:
    """Return the interval of a sandwich standard error, t with the independent people less one as df."""
    if units < FEWEST or estimate > PERFECT:
        return NO_LIMITS
    reach = float(stdtrit(units - 1, plan.tail)) * error / (1 - estimate)
    return _on_log_scale(estimate, down=reach, up=reach)


def adf_row(coefficient: str, estimate: float, error: float, *, sample: ItemSample, plan: Plan) -> Row:
    """Return a coefficient with the interval of its sandwich standard error, as far as it has one."""
    low, high = _adf(estimate, error, units=sample.units, plan=plan)
    chances = _chances_above(estimate, error, sample, "adf") if np.isfinite(low) else NO_CHANCES
    return Row(
        coefficient=coefficient,
        estimate=estimate,
        std_error=error,
        conf_low=low,
        conf_high=high,
        interval="adf",
        above_70=chances[0],
        above_80=chances[1],
    )


def _feldt(estimate: float, sample: ItemSample, plan: Plan) -> Limits:
    between, within = sample.n - 1, (sample.n - 1) * (sample.n_items - 1)
    return (
        float(1 - (1 - estimate) * fdtri(between, within, plan.tail)),
        float(1 - (1 - estimate) * fdtri(between, within, 1 - plan.tail)),
    )


def _bonett(estimate: float, sample: ItemSample, plan: Plan) -> Limits:
    n, k = sample.n, sample.n_items
    reach = float(ndtri(plan.tail)) * np.sqrt(2 * k / ((k - 1) * (n - 2)))
    bias = np.log(n / (n - 1))
    return _on_log_scale(estimate, down=reach - bias, up=reach + bias)


def _fisher(estimate: float, sample: ItemSample, plan: Plan) -> Limits:
    """Return Fisher's interval of r carried over to 2r / (1 + r): -log(1 - SB) is 2 atanh(r)."""
    if sample.n <= FEWEST:
        return NO_LIMITS
    reach = 2 * float(ndtri(plan.tail)) / np.sqrt(sample.n - 3)
    return _on_log_scale(estimate, down=reach, up=reach)


def _chances_above(estimate: float, error: float, sample: ItemSample, interval: str) -> tuple[float, float]:
    """Return how sure the interval's method is that the coefficient is above each threshold.

    Notes
    -----
    The confidence distribution: .975 for a threshold at the lower limit of a 95 % interval.
    """
    if estimate > PERFECT:
        return NO_CHANCES
    n, k = sample.n, sample.n_items
    ratio = (1 - THRESHOLDS) / (1 - estimate)
    if interval == "feldt":
        chances = fdtr(n - 1, (n - 1) * (k - 1), ratio)
    elif interval == "bonett":
        chances = ndtr((np.log(ratio) + np.log(n / (n - 1))) / np.sqrt(2 * k / ((k - 1) * (n - 2))))
    elif interval == "fisher":
        chances = ndtr(np.log(ratio) * np.sqrt(n - 3) / 2)
    else:
        chances = stdtr(sample.units - 1, np.log(ratio) * (1 - estimate) / error)
    return float(chances[0]), float(chances[1])


NORMAL_THEORY = {"feldt": _feldt, "bonett": _bonett, "fisher": _fisher}
"""Intervals that hold for normal answers by people who answer once."""


def _normal_error(sample: ItemSample, gradient: FloatArray) -> float:
    """Return the standard error for normal answers (van Zyl, Neudecker & Nel 2000; Duhachek & Iacobucci 2004)."""
    product = gradient @ sample.covariance
    return float(np.sqrt(2 * np.trace(product @ product) / sample.n))


def estimated(coefficient: Coefficient, sample: ItemSample, plan: Plan) -> tuple[Row, list[str]]:
    """Return a coefficient with its interval, and the codes of what a reader should know about it.

    Parameters
    ----------
    coefficient
        :data:`ALPHA`, :data:`STANDARDISED` or :data:`SPEARMAN_BROWN`.
    sample
        At least two items that vary and three ratings.
    plan
        ``interval`` is ``adf``, ``bootstrap``, ``feldt``, ``bonett`` or ``fisher``.
    """
    estimate, chances = float(coefficient.value(sample.covariance)), NO_CHANCES
    if plan.interval == "bootstrap":
        error, limits, chances, warnings = _bootstrapped(coefficient, sample, plan)
    elif plan.interval == "adf":
        error = standard_error(sample, coefficient.gradient(sample.covariance))
        limits, warnings = _adf(estimate, error, units=sample.units, plan=plan), []
    else:
        error = _normal_error(sample, coefficient.gradient(sample.covariance))
        limits, warnings = NORMAL_THEORY[plan.interval](estimate, sample, plan), _ceilings(sample)
    if plan.interval != "bootstrap" and np.isfinite(limits[0]):
        chances = _chances_above(estimate, error, sample, plan.interval)
    if estimate > PERFECT:
        error, limits, chances = float("nan"), NO_LIMITS, NO_CHANCES
    row = Row(
        coefficient=coefficient.code,
        estimate=estimate,
        std_error=error,
        conf_low=limits[0],
        conf_high=limits[1],
        interval=plan.interval,
        above_70=chances[0],
        above_80=chances[1],
    )
    return row, warnings + without_interval(row, plan)


def _bootstrapped(
    coefficient: Coefficient, sample: ItemSample, plan: Plan
) -> tuple[float, Limits, tuple[float, float], list[str]]:
    """Return standard error, percentile limits and shares above the thresholds; undefined replicates are counted."""
    if coefficient.code == ALPHA.code and sample.complete:
        drawn = resampled(_alpha_sums(sample), _alpha_of_sums, n_boot=plan.n_boot, seed=plan.seed)
    else:
        drawn = bootstrap(sample, coefficient.value, n_boot=plan.n_boot, seed=plan.seed)
    usable = drawn[np.isfinite(drawn)]
    failed = plan.n_boot - len(usable)
    warnings = [f"failed_replicates:{plan.name}:{failed}"] if failed else []
    if sample.units < FEWEST or len(usable) < FEWEST_REPLICATES:
        return float("nan"), NO_LIMITS, NO_CHANCES, warnings
    above = (usable[:, None] > THRESHOLDS).mean(axis=0)
    low, high = np.quantile(usable, [1 - plan.tail, plan.tail])
    return float(usable.std(ddof=1)), (float(low), float(high)), (float(above[0]), float(above[1])), warnings


def _ceilings(sample: ItemSample) -> list[str]:
    return [
        f"ceiling:{item}"
        for item, share in zip(sample.items, sample.top_shares, strict=True)
        if share > MOST_AT_THE_TOP
    ]


def without_interval(row: Row, plan: Plan) -> list[str]:
    """Return the code of a row without interval, if it is one."""
    return [] if np.isfinite([row.conf_low, row.conf_high]).all() else [f"no_interval:{plan.name}:{row.coefficient}"]


# --------------------------------------------------------------------------------------------------------------- omega


def omega_rows(sample: ItemSample, plan: Plan) -> tuple[list[Row], list[str]]:
    """Return omega total with its interval and the fit of the one-factor model, and codes of what to know about it.

    Parameters
    ----------
    sample
        At least three items that vary. Where one item follows from the others there is no likelihood: the row has no
        estimate and the code is ``singular``.
    plan
        The interval is always ``adf``.
    """
    if is_singular(sample.covariance):
        return [Row(coefficient="omega_total")], [f"singular:{plan.name}"]
    model = fit_one_factor(sample.covariance)
    error = standard_error(sample, model.omega_gradient)
    omega = adf_row("omega_total", model.omega, error, sample=sample, plan=plan)
    chi2 = model.chi2(sample.n)
    rows = [
        omega,
        Row(coefficient="chi2", estimate=chi2, p_value=float(chdtrc(model.df, chi2)) if model.df else float("nan")),
        Row(coefficient="df", estimate=float(model.df)),
        Row(coefficient="cfi", estimate=model.cfi(sample.n)),
        Row(coefficient="rmsea", estimate=model.rmsea(sample.n)),
    ]
    warnings = [] if model.converged else [f"not_converged:{plan.name}"]
    warnings += [f"heywood:{item}" for item, at_bound in zip(sample.items, model.heywood, strict=True) if at_bound]
    warnings += [f"negative_loading:{item}" for item, at in zip(sample.items, model.loadings, strict=True) if at < 0]
    return rows, warnings + without_interval(omega, plan)
