"""From answers to items that all point the same way, and from items to scores.

A score is always the plain mean of the items that *every* department is asked unchanged (its common items). The
items that a department added for itself are shown apart: with them in it, its score could be compared neither with
the other departments nor with a norm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from icstats.questionnaire import DRIVER_BLOCKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from icstats.questionnaire import Block, Item, Questionnaire

__all__ = [
    "RATINGS",
    "driver_items",
    "keyed",
    "mirrored",
    "scale_scores",
    "score_items",
    "two_way_imputed",
    "valid_answers",
    "valid_counts",
]

MEANT_DECIMALS = 12
RATINGS = "ratings"
"""The variable that counts ratings with at least one answer, whatever the question."""


def keyed(ratings: pd.DataFrame, questionnaire: Questionnaire) -> pd.DataFrame:
    """Return the answers to all closed items, each pointing to its favourable side.

    Parameters
    ----------
    ratings
        Ratings frame: one float column per closed item, NaN where there is no answer.
    questionnaire
        Says which items are reversed. A reversed answer becomes ``minimum + maximum - answer``.

    Returns
    -------
    DataFrame
        Rows as in ``ratings``, one float column per closed item in questionnaire order. An item that ``ratings``
        does not have is NaN throughout: it was not asked. Same turn as R ``psych::reverse.code``.
    """
    return pd.DataFrame(
        {item.code: _keyed_item(ratings, item, questionnaire) for item in _closed(questionnaire.items)},
        index=ratings.index,
        dtype=float,
    )


def mirrored(staff: pd.DataFrame, questionnaire: Questionnaire) -> pd.DataFrame:
    """Return what staff filled in, each mirror item turned round where the item that it is about is reversed.

    Parameters
    ----------
    staff
        Ratings frame of the department's own people.
    questionnaire
        Says which item each mirror item is about; whether the mirror item itself is marked as reversed is of no
        account, so that both sides always point the same way.

    Returns
    -------
    DataFrame
        Rows as in ``staff``, one float column per mirror item.
    """
    return pd.DataFrame(
        {
            item.code: _keyed_item(
                staff,
                item.model_copy(update={"reverse": questionnaire.item(item.about).reverse}),
                questionnaire,
            )
            for item in _closed(questionnaire.items_of(block="mirror"))
            if item.about is not None
        },
        index=staff.index,
        dtype=float,
    )


def score_items(questionnaire: Questionnaire) -> dict[str, tuple[str, ...]]:
    """Return which items each score is the mean of.

    Returns
    -------
    dict
        Score code to item codes: every scale in questionnaire order, then every driver block that is not itself the
        code of a scale. The items are the common ones (core, asked of all departments). Where there are none
        of those, the score is the mean of all items if the same departments are asked them all; if not, there is none,
        for it would be another thing in another department.
    """
    scores = {scale.code: _common(_closed(questionnaire.items_of(scale=scale.code))) for scale in questionnaire.scales}
    for block in DRIVER_BLOCKS:
        scores.setdefault(block, _common(_closed(questionnaire.items_of(block=block))))
    return {code: items for code, items in scores.items() if items}


def scale_scores(items: pd.DataFrame, questionnaire: Questionnaire) -> pd.DataFrame:
    """Return the score of every row on every scale and driver block, in scale points.

    Parameters
    ----------
    items
        Items frame from :func:`keyed`.
    questionnaire
        Says which items make up which score.

    Returns
    -------
    DataFrame
        One float column per score of :func:`score_items`: the mean of the answered items where at least half of
        them are answered, else NaN. Same as R ``psych::scoreItems(impute = "none")`` with the half rule on top.
    """
    return pd.DataFrame(
        {code: _mean_of_answered(items, codes) for code, codes in score_items(questionnaire).items()},
        index=items.index,
        dtype=float,
    )


def driver_items(questionnaire: Questionnaire, department: str | None = None) -> dict[Block, list[str]]:
    """Return the closed items of product, process and orientation, for the blocks that have any.

    Parameters
    ----------
    questionnaire
        Says which items belong to which block.
    department
        Slug: its own items are then among them. None: the items that all departments are asked.
    """
    asked = {
        block: [
            item.code
            for item in _closed(questionnaire.items_of(block=block, department=department))
            if department is not None or item.departments is None
        ]
        for block in DRIVER_BLOCKS
    }
    return {block: codes for block, codes in asked.items() if codes}


def two_way_imputed(items: pd.DataFrame) -> pd.DataFrame:
    """Fill the holes in the items of one block from the person and from the item.

    Parameters
    ----------
    items
        Keyed items of one block, rows by items, NaN where there is no answer.

    Returns
    -------
    DataFrame
        Same shape. In rows where at least half of the items are answered a hole becomes person mean + item mean -
        overall mean, neither rounded nor cut off at the ends of the scale, so that means are not drawn inwards.
        Other rows, and items that nobody answered, keep their holes.

    Notes
    -----
    Deterministic two-way imputation: Bernaards & Sijtsma (2000), Multivariate Behavioral Research 35, 321-364. R:
    ``mokken::twoway``, without its random error and rounding.
    """
    values = items.to_numpy(dtype=float)
    answered = ~np.isnan(values)
    total = np.where(answered, values, 0.0)
    person_mean = _ratio(total.sum(axis=1), answered.sum(axis=1))
    item_mean = _ratio(total.sum(axis=0), answered.sum(axis=0))
    overall_mean = _ratio(total.sum(), answered.sum())
    expected = person_mean[:, None] + item_mean[None, :] - overall_mean
    fillable = 2 * answered.sum(axis=1) >= values.shape[1]
    filled = np.where(~answered & fillable[:, None], expected, values)
    return pd.DataFrame(filled, index=items.index, columns=items.columns)


def valid_counts(
    ratings: pd.DataFrame, questionnaire: Questionnaire, *, departments: Sequence[str] | None = None
) -> pd.DataFrame:
    """Count the valid answers behind every number that could be shown of every department.

    Parameters
    ----------
    ratings
        Ratings frame of one wave, customers and staff together.
    questionnaire
        Items of the block ``mirror`` are counted among the department's staff, all others among its customers.
    departments
        Slugs to list, also those without any rating; None lists those that ``ratings`` has, sorted.

    Returns
    -------
    DataFrame
        Columns ``department, variable, n``, then ``mean`` and ``sd`` of those answers and ``minimum`` and ``maximum``
        of their scale, by which the ledger knows what gives single answers away. Variables are ``ratings`` (customers
        with at least one answered closed item; it has no mean), every closed item, and every score of
        :func:`score_items`.
    """
    scored = _scored(ratings, questionnaire)
    valid = _valid(scored, ratings, questionnaire)
    of_row, slugs = pd.factorize(ratings["department"])
    listed = sorted(slugs) if departments is None else list(departments)
    which = pd.Index(listed).get_indexer(slugs)[of_row]
    counts = np.zeros((len(listed), valid.shape[1]), dtype=np.int64)
    means, sds = np.full(counts.shape, np.nan), np.full(counts.shape, np.nan)
    values, answered = scored.to_numpy().T, valid.to_numpy().T
    for place, rows in _of_each(which, len(listed)):
        counts[place] = answered[:, rows].sum(axis=1)
        means[place, 1:], sds[place, 1:] = _mean_and_sd(values[:, rows], answered[1:, rows])
    scales = [_answer_scale(str(code), questionnaire) for code in valid]
    return pd.DataFrame(
        {
            "department": np.repeat(listed, counts.shape[1]),
            "variable": np.tile(valid.columns, len(listed)),
            "n": counts.ravel(),
            # The last digits hang on the order of the rows, which differs between the roads for small and large files.
            "mean": means.round(MEANT_DECIMALS).ravel(),
            "sd": sds.round(MEANT_DECIMALS).ravel(),
            "minimum": np.tile([low for low, _ in scales], len(listed)),
            "maximum": np.tile([high for _, high in scales], len(listed)),
        }
    )


def valid_answers(ratings: pd.DataFrame, questionnaire: Questionnaire) -> pd.DataFrame:
    """Return whether each rating counts for each variable of :func:`valid_counts`: rows as in ``ratings``, numbered."""
    return _valid(_scored(ratings, questionnaire), ratings, questionnaire)


def _valid(scored: pd.DataFrame, ratings: pd.DataFrame, questionnaire: Questionnaire) -> pd.DataFrame:
    mirror = _mirror_variables(questionnaire)
    by_staff = (ratings["role"] == "staff").to_numpy(dtype=bool)
    of_staff = np.array([code in mirror for code in scored])
    answered = scored.notna().to_numpy().T & (of_staff[:, None] == by_staff)
    n_items = len(_closed(questionnaire.items))
    rated = answered[:n_items][~of_staff[:n_items]].any(axis=0)
    return pd.DataFrame(np.vstack([rated, answered]).T, columns=[RATINGS, *scored], copy=False)


def _scored(ratings: pd.DataFrame, questionnaire: Questionnaire) -> pd.DataFrame:
    items = keyed(ratings.reset_index(drop=True), questionnaire)
    return items.join(scale_scores(items, questionnaire))


def _of_each(which: np.ndarray, n: int) -> Iterator[tuple[int, slice | np.ndarray]]:
    """Yield each place that occurs, and its rows: those that stand together are not copied."""
    ends = np.cumsum(np.bincount(which + 1, minlength=n + 1))
    in_order = bool((which[1:] >= which[:-1]).all())
    order = None if in_order else np.argsort(which, kind="stable")
    for place in np.flatnonzero(np.diff(ends)).tolist():
        rows = slice(ends[place], ends[place + 1])
        yield place, rows if order is None else order[rows]


def _mean_and_sd(values: np.ndarray, answered: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of the answers in each line; NaN where there are too few."""
    n = answered.sum(axis=1)
    about = _ratio(np.where(answered, values, 0.0).sum(axis=1), n)
    # Taken again around a first mean, sums stay so small that nothing is lost in them.
    beside = np.where(answered, values - about[:, None], 0.0)
    more = beside.sum(axis=1)
    squares = np.einsum("ij,ij->i", beside, beside) - _ratio(more**2, n)
    return about + _ratio(more, n), np.sqrt(np.maximum(_ratio(squares, n - 1), 0.0))


def _answer_scale(code: str, questionnaire: Questionnaire) -> tuple[float, float]:
    """Return the ends of the scale that an item is answered on, or the items of a score; NaN for the ratings."""
    answered = questionnaire.answered_items(code)
    if not answered:
        return float("nan"), float("nan")
    scale = questionnaire.response_scale(answered[0].code)
    return float(scale.minimum), float(scale.maximum)


def _closed(items: Iterable[Item]) -> list[Item]:
    return [item for item in items if item.responses is not None]


def _common(items: Sequence[Item]) -> tuple[str, ...]:
    common = tuple(item.code for item in items if item.core and item.departments is None)
    asked_alike = len({item.departments for item in items}) == 1
    return common or (tuple(item.code for item in items) if asked_alike else ())


def _keyed_item(ratings: pd.DataFrame, item: Item, questionnaire: Questionnaire) -> pd.Series[float]:
    if item.code not in ratings:
        return pd.Series(np.nan, index=ratings.index)
    answers = ratings[item.code].astype(float)
    if not item.reverse:
        return answers
    scale = questionnaire.response_scale(item.code)
    return scale.minimum + scale.maximum - answers


def _mean_of_answered(items: pd.DataFrame, codes: Sequence[str]) -> pd.Series[float]:
    answers = items.reindex(columns=list(codes)).to_numpy(dtype=float)
    answered = ~np.isnan(answers)
    n = answered.sum(axis=1)
    means = _ratio(np.where(answered, answers, 0.0).sum(axis=1), n)
    return pd.Series(np.where(2 * n >= len(codes), means, np.nan), index=items.index)


def _mirror_variables(questionnaire: Questionnaire) -> set[str]:
    items = {item.code for item in questionnaire.items if item.block == "mirror"}
    return items | {scale.code for scale in questionnaire.scales if scale.block == "mirror"}


def _ratio(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    ratio: np.ndarray = np.divide(total, count, out=np.full(np.shape(total), np.nan), where=np.asarray(count) > 0)
    return ratio
