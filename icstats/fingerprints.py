"""What the register knows ratings by: numbers that stand for who rated whom and for the answers."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from icstats.answers import NOT_ASKED, answers_of, closed_items
from icstats.scales import valid_answers
from icstats.siphash import KEY_BYTES, siphash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from icstats.questionnaire import Questionnaire
    from icstats.study import Study

__all__ = ["fingerprints"]

DEPARTMENT_BYTES = 8
BITS = 32
"""Marks that go into one number beside the number of a row, of which there are fewer."""


def fingerprints(ratings: pd.DataFrame, respondents: pa.Array | None, study: Study, *, key: bytes) -> pa.Table:
    """Return ``role, who, what, answered`` of ratings.

    ``who`` is one number for who rated whom, ``what`` one for whose answers they are and which; ``answered`` holds the
    codes of the variables that a rating counts for. Nobody can make the numbers without the key.

    Parameters
    ----------
    ratings
        Checked ratings.
    respondents
        The respondents' own names in the same order. None: a rating is known by its answers only.
    study
        Its questionnaire says what was asked, its departments how the survey file writes them.
    key
        The key of the store.
    """
    closed = sorted(code for code in closed_items(study.questionnaire) if code in ratings)
    codes = np.ascontiguousarray(ratings[closed].to_numpy(dtype=np.int8))
    by_staff = (ratings["role"] == "staff").to_numpy(dtype=bool)[:, None]
    people = pa.nulls(len(ratings), pa.string()).fill_null("") if respondents is None else respondents
    what = siphash(np.hstack([by_staff, codes]).view(np.uint8), people, key=_of_purpose("what", key))
    whom = np.hstack([_departments(ratings["department"], study), by_staff])
    if respondents is None:
        same = ratings[["wave", "department"]].assign(what=what)
        alike = same.groupby(["wave", "department", "what"]).cumcount().to_numpy(dtype=np.int64)
        whom = np.hstack([whom, np.column_stack([what, alike]).view(np.uint8)])
    who = siphash(whom, people, key=_of_purpose("who", key))
    answered = _answered(codes, by_staff, closed, study.questionnaire)
    role = pa.array(["customer", "staff"], pa.large_string()).take(pa.array(by_staff.ravel().astype(np.int8)))
    return pa.table({"role": role, "who": who, "what": what, "answered": answered})


def _of_purpose(purpose: str, key: bytes) -> bytes:
    return blake2b(purpose.encode(), key=key, digest_size=KEY_BYTES).digest()


def _departments(slugs: pd.Series[str], study: Study) -> NDArray[np.uint8]:
    """Return bytes that stand for the department of each rating, whatever its slug is now."""
    codes = {one.slug: (one.code or one.slug).casefold() for one in study.departments}
    which, found = pd.factorize(slugs)
    digests = b"".join(blake2b(codes[slug].encode(), digest_size=DEPARTMENT_BYTES).digest() for slug in found)
    return np.frombuffer(digests, dtype=np.uint8).reshape(-1, DEPARTMENT_BYTES)[which]


def _answered(
    codes: NDArray[np.int8], by_staff: NDArray[np.bool_], closed: Sequence[str], questionnaire: Questionnaire
) -> pa.Array:
    """Return the codes of the variables that each rating counts for, as one text.

    They follow from which items were answered and by whom; few ways of that differ.
    """
    which = _alike(np.hstack([by_staff, codes > NOT_ASKED]))
    first = np.zeros(int(which.max(initial=-1)) + 1, dtype=np.intp)
    first[which[::-1]] = np.arange(len(which))[::-1]
    differing = pd.DataFrame(codes[first], columns=list(closed))
    differing["role"] = np.where(by_staff[first, 0], "staff", "customer")
    valid = valid_answers(answers_of(differing, questionnaire), questionnaire)
    names = valid.columns.to_numpy(dtype=str)
    texts = [" ".join(names[row]) for row in valid.to_numpy(dtype=bool)]
    return pa.array(texts, pa.large_string()).take(pa.array(which))


def _alike(rows: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return a number per row, the same for rows that are alike: 0, 1, ... as they first occur."""
    which = np.zeros(len(rows), dtype=np.intp)
    for start in range(0, rows.shape[1], BITS):
        bits = rows[:, start : start + BITS]
        which, _ = pd.factorize((which << BITS) + bits @ (1 << np.arange(bits.shape[1])))
    return which
