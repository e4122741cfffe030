"""What each block of drivers explains on its own, and what it shares with the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from icstats.cases import complete_cases
from icstats.errors import ParameterError, Problem
from icstats.importance import checked_blocks, positions_of
from icstats.shares import Importance, Resampled, Row, bootstrap_settings, importance_of, model_rows, rows_of
from icstats.subsets import explained_by_subsets, portions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike

    from icstats.cases import FloatArray

__all__ = ["JOINT", "MOST_BLOCKS", "commonality"]

JOINT = " & "
"""Stands between the names of blocks that explain something together."""

MOST_BLOCKS = 6
"""Six blocks have 63 parts; nobody reads more."""


def commonality(
    data: pd.DataFrame,
    *,
    outcome: str,
    blocks: Mapping[str, Sequence[str]],
    weights: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    n_boot: int = 1000,
    conf_level: float = 0.95,
    seed: int | None = None,
) -> Importance:
    """Split R² into what only one block explains and what several explain together.

    The part that belongs to just the blocks in T is the sum over all S in T of ``(-1)^(|S| + 1)`` R²(S and all blocks
    not in T). A large common part says that the answers cannot tell the blocks apart; a negative one that one block
    hides what another explains (suppression).

    Parameters
    ----------
    data, outcome, weights, clusters, n_boot, conf_level, seed
        As in :func:`icstats.importance.bootstrap_importance`.
    blocks
        Block -> its columns; two to six blocks.

    Returns
    -------
    Importance
        Each block has ``alone`` (R² of it alone), ``unique`` and ``common`` (alone minus unique). Each set of two or
        more blocks, named ``product & process``, has ``common``. All ``unique`` and the ``common`` of sets add up
        to R². Intervals are percentiles of samples in which R² is adjusted for the number of drivers.

    Raises
    ------
    ParameterError
        Wrong columns, clusters, weights or settings; fewer than two or more than six blocks, or a name with " & ".
    NotEnoughDataError
        Too few complete rows or people, or an outcome without spread.

    Warnings
    --------
    With blocks that go together most is common, and the unique parts are small whatever the truth: a small unique part
    does not say that a block weighs little. Negative parts are no error and cannot be drawn as pieces of a whole. The
    number of parts doubles with every block, and each rests on the same answers.

    References
    ----------
    Nimon, K., Lewis, M., Kane, R. & Haynes, R. M. (2008). An R package to compute commonality coefficients in the
    multiple regression case. Behavior Research Methods 40, 457-466. In R, for blocks of one driver:
    ``yhat::commonalityCoefficients(d, "y", list("a", "b"))``.
    """
    by_name = checked_blocks(blocks)
    _refuse_unsuitable(by_name)
    items = [item for own in by_name.values() for item in own]
    cases = complete_cases(data, outcome=outcome, drivers=items, clusters=clusters, weights=weights)
    wanted = bootstrap_settings(
        cases, method="commonality", n_boot=n_boot, conf_level=conf_level, seed=seed, blocks=by_name
    )
    sample, groups = Resampled.of(cases, wanted), positions_of(by_name)
    worth = np.hstack(
        [
            explained_by_subsets(sample.observed, groups),
            *(explained_by_subsets(portion, groups, rows=cases.n) for portion in portions(sample.sampled, len(groups))),
        ]
    )
    rows = [*_rows(tuple(by_name), worth, conf_level), *model_rows(cases, worth[-1], conf_level=conf_level)]
    return importance_of(cases, sample.settings, rows)


def _rows(names: Sequence[str], worth: FloatArray, conf_level: float) -> list[Row]:
    parts = _parts(worth)
    singles = 1 << np.arange(len(names))
    alone, unique = worth[singles], parts[singles]
    together = [subset for subset in range(len(parts)) if subset.bit_count() > 1]
    labels = [JOINT.join(name for place, name in enumerate(names) if subset >> place & 1) for subset in together]
    return [
        *rows_of(names, "alone", alone, conf_level=conf_level),
        *rows_of(names, "unique", unique, conf_level=conf_level),
        *rows_of(names, "common", alone - unique, conf_level=conf_level, lowest=-1.0),
        *rows_of(labels, "common", parts[together], conf_level=conf_level, lowest=-1.0),
    ]


def _parts(worth: FloatArray) -> FloatArray:
    """Return the part of every subset of blocks, numbered as the rows of ``worth``; that of the empty one is -R²."""
    everyone = len(worth) - 1
    parts = np.zeros_like(worth)
    for together in range(len(worth)):
        inside = together
        while True:
            sign = 1 if inside.bit_count() % 2 else -1
            parts[together] += sign * worth[everyone & ~together | inside]
            if not inside:
                break
            inside = (inside - 1) & together
    return parts


def _refuse_unsuitable(blocks: Mapping[str, tuple[str, ...]]) -> None:
    problems = [
        Problem(code="ICS-369", column=name, message=f'is the name of a block and holds "{JOINT}".')
        for name in blocks
        if JOINT in name
    ]
    if not 1 < len(blocks) <= MOST_BLOCKS:
        message = f"{len(blocks)} blocks are given; two to {MOST_BLOCKS} can be told apart."
        problems.append(Problem(code="ICS-369", message=message))
    if problems:
        raise ParameterError(problems)
