"""The linear model and how sure its coefficients are: whoever answered, however often, however few they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from icstats.cases import FEW_CLUSTERS, SINGULAR
from icstats.errors import NotEnoughDataError, ParameterError
from icstats.sampling import FEWEST, person_codes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from icstats.cases import Cases, FloatArray, IntArray

    BoolArray = NDArray[np.bool_]

__all__ = ["LinearFit", "fit_linear", "independent_design"]

EXACTLY = 1e-8
"""A leverage this close to 1, or a part this close to nothing, is just that."""

SMALLEST_ROOT = 1e-10
"""A direction of a cluster with less residual variance than this is fitted exactly: it has no error to inflate."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearFit:
    """A fitted linear model, the intercept first.

    Attributes
    ----------
    coefficients, covariance
        Of the intercept and each driver; the covariance is NaN where a term hangs on a single row.
    degrees_of_freedom
        Of the t distribution of each term; NaN for a driver without spread, which has no error, among few people.
    errors
        Code of the kind of standard error: ``hc3``, ``cr1``, ``cr2`` or ``two_way``.
    model
        ``r_squared``, ``adj_r_squared`` and ``sigma``.
    warnings
        Codes of what a reader should know about the errors.
    """

    coefficients: FloatArray
    covariance: FloatArray
    degrees_of_freedom: FloatArray
    errors: str
    model: dict[str, float]
    warnings: tuple[str, ...] = ()


def fit_linear(cases: Cases, *, crossed: ArrayLike | None = None, contrasts: FloatArray | None = None) -> LinearFit:
    """Fit on the independent directions among the drivers and turn back to the drivers.

    Where all drivers are independent this is least squares; where they are not, it is the solution with the smallest
    standardised coefficients, which does not hang on rounding errors.

    Parameters
    ----------
    cases
        What is fitted. Where nobody repeats: HC3 errors and n - p - 1 degrees of freedom. Where at least 40 people
        repeat: CR1 and G - 1. Where fewer do: CR2 and the degrees of freedom of Satterthwaite.
    crossed
        A second grouping of all rows of the data, for instance the department: two-way errors, with the smaller number
        of groups minus 1 as degrees of freedom.
    contrasts
        Sums x terms; adds sums of terms as further terms.

    Raises
    ------
    ParameterError
        A second grouping that does not fit the rows.
    NotEnoughDataError
        A second grouping with fewer than three groups.
    """
    from statsmodels.regression.linear_model import WLS  # noqa: PLC0415  slow to load; only this function needs it

    design, back = independent_design(cases)
    if contrasts is not None:
        back = np.vstack([back, contrasts @ back])
    model = WLS(cases.values[:, 0], design, weights=cases.weights)
    plain = model.fit()
    residuals = np.asarray(plain.resid)
    warnings: tuple[str, ...] = ()
    if crossed is not None:
        groups = _both_groupings(cases, crossed)
        covariance, warnings = _positive(model.fit(cov_type="cluster", cov_kwds={"groups": groups}).cov_params())
        warnings += ("few_groups",) if groups[:, 1].max() + 1 < FEW_CLUSTERS else ()
        freedom, errors = np.full(len(back), groups.max(axis=0).min()), "two_way"
    elif cases.people is None:
        with np.errstate(divide="ignore", invalid="ignore"):
            covariance = model.fit(cov_type="HC3").cov_params()
        freedom, errors = np.full(len(back), plain.df_resid), "hc3"
    elif cases.n_people >= FEW_CLUSTERS:
        covariance = model.fit(cov_type="cluster", cov_kwds={"groups": cases.people}).cov_params()
        freedom, errors = np.full(len(back), cases.n_people - 1), "cr1"
    else:
        covariance, freedom = _few_people(design, residuals, cases.weights, cases.people, back)
        errors = "cr2"
    of_terms = back @ np.nan_to_num(covariance) @ back.T
    unknown = _without_error(design, cases.weights, back)
    of_terms[unknown] = of_terms[:, unknown] = np.nan
    return LinearFit(
        coefficients=back @ plain.params,
        covariance=of_terms,
        degrees_of_freedom=freedom.astype(np.float64),
        errors=errors,
        model={
            "r_squared": float(plain.rsquared),
            "adj_r_squared": float(plain.rsquared_adj),
            "sigma": float(np.sqrt(plain.scale)),
        },
        warnings=warnings,
    )


def independent_design(cases: Cases) -> tuple[FloatArray, FloatArray]:
    """Return a constant and uncorrelated scores, and the matrix that turns their coefficients into those of terms."""
    sizes, found = cases.directions
    spreads, means = cases.spreads[1:], cases.means[1:]
    scaled = found[:, sizes > SINGULAR] / np.where(spreads > 0, spreads, 1.0)[:, None]
    directions = scaled * (spreads > 0)[:, None]
    design = np.column_stack([np.ones(cases.n), (cases.values[:, 1:] - means) @ directions])
    back = np.block([[np.ones((1, 1)), -(means @ directions)[None, :]], [np.zeros((len(means), 1)), directions]])
    return design, back


def _without_error(design: FloatArray, weights: FloatArray, back: FloatArray) -> BoolArray:
    """Return which terms hang on a row that is fitted exactly: nothing says how far off that row is.

    Such a row has leverage 1, for instance the only low answer to a question; its residual is 0 whatever it says.
    """
    reach = design @ np.linalg.inv(design.T @ (design * weights[:, None]))
    alone = (reach * design).sum(axis=1) * weights > 1 - EXACTLY
    pull = np.abs(reach @ back.T)
    return np.asarray(np.any(pull[alone] > EXACTLY * pull.max(axis=0), axis=0))


def _both_groupings(cases: Cases, crossed: ArrayLike) -> IntArray:
    if np.shape(crossed) != (cases.n_total,):
        raise ParameterError(f"crossed has {np.size(crossed)} values for {cases.n_total} rows.", code="ICS-352")
    second = np.unique(person_codes(crossed, n_rows=cases.n_total)[cases.rows], return_inverse=True)[1]
    if second.max() + 1 < FEWEST:
        raise NotEnoughDataError(
            f"crossed has {second.max() + 1} groups in the complete rows; at least {FEWEST} are needed.", code="ICS-512"
        )
    people = np.arange(cases.n) if cases.people is None else cases.people
    return np.column_stack([people, second]).astype(np.int64)


def _positive(covariance: FloatArray) -> tuple[FloatArray, tuple[str, ...]]:
    """Return a covariance without negative variances, which a difference of covariances can have.

    Negative eigenvalues become 0: Cameron, Gelbach & Miller (2011), Journal of Business & Economic Statistics 29, 238.
    """
    sizes, directions = np.linalg.eigh(covariance)
    if sizes.min() >= 0:
        return covariance, ()
    return directions * np.maximum(sizes, 0) @ directions.T, ("two_way_not_positive",)


def _few_people(
    design: FloatArray, residuals: FloatArray, weights: FloatArray, people: IntArray, back: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the CR2 covariance of the coefficients, and Satterthwaite's degrees of freedom of each term.

    The residuals of a person are inflated by the inverse square root of what their variance would be if errors were
    independent and equal: Bell & McCaffrey (2002), Survey Methodology 28, 169-181; Pustejovsky & Tipton (2018), Journal
    of Business & Economic Statistics 36, 672-683. In R: ``clubSandwich::vcovCR(m, id, "CR2")``, ``coef_test``.
    """
    weighted = design * weights[:, None]
    bread: FloatArray = np.asarray(np.linalg.inv(design.T @ weighted), dtype=np.float64)
    twice: FloatArray = np.asarray(bread @ (weighted.T @ weighted) @ bread, dtype=np.float64)
    order = np.argsort(people, kind="stable")
    meat, own, plain, heavy = np.zeros_like(bread), [], [], []
    for rows in np.split(order, np.flatnonzero(np.diff(people[order])) + 1):
        x, wx = design[rows], weighted[rows]
        pull = _inflated(wx, x, wx, bread, twice)
        score = pull.T @ residuals[rows]
        meat += np.outer(score, score)
        part = pull @ bread @ back.T
        own.append((part**2).sum(axis=0))
        plain.append(x.T @ part)
        heavy.append(wx.T @ part)
    u, v = np.array(plain), np.array(heavy)
    crossed = np.einsum("gkt,kl,hlt->tgh", u, bread, v)
    products = np.einsum("gkt,kl,hlt->tgh", u, twice, u) - crossed - np.swapaxes(crossed, 1, 2)
    people_of_terms = np.arange(len(own))
    products[:, people_of_terms, people_of_terms] += np.array(own).T
    expected = np.trace(products, axis1=1, axis2=2)
    squares = (products**2).sum(axis=(1, 2))
    freedom = np.divide(expected**2, squares, out=np.full(len(squares), np.nan), where=squares > 0)
    return bread @ meat @ bread, freedom


def _inflated(vectors: FloatArray, x: FloatArray, wx: FloatArray, bread: FloatArray, twice: FloatArray) -> FloatArray:
    """Return the inverse square root of the variance of one person's residuals, times vectors (rows x vectors).

    That variance is 1 - x B wx' - wx B x' + x B X'W²X B x', so that only as many directions as the model has terms,
    twice, need a root: never a matrix of rows x rows.
    """
    basis, triangle = np.linalg.qr(np.hstack([x, wx]))
    inner = np.block([[twice, -bread], [-bread, np.zeros_like(bread)]])
    sizes, directions = np.linalg.eigh(triangle @ inner @ triangle.T)
    varies = 1 + sizes > SMALLEST_ROOT
    change = np.where(varies, 1 / np.sqrt(np.where(varies, 1 + sizes, 1.0)), 0.0) - 1
    turned = basis @ directions
    return np.asarray(vectors + turned @ (change[:, None] * (turned.T @ vectors)), dtype=np.float64)
