"""Everything that a store holds, made from checked ratings that come whole or department by department."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from icstats import tally
from icstats.answers import DONT_KNOW, NOT_APPLICABLE, NOT_ASKED
from icstats.cleaning import item_notes
from icstats.pairwise import PairwiseMoments, merged, moments_of_answers
from icstats.questionnaire import in_order
from icstats.register import fingerprints
from icstats.scales import valid_answers, valid_counts
from icstats.store import COUNTS, Contents, Finding, fingerprints_of, partition
from icstats.tally import Tally, notes_of
from icstats.turnover import moved

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from icstats.delivery import Delivery
    from icstats.questionnaire import Questionnaire
    from icstats.study import Study

WRITTEN_AT_ONCE = 4
"""Codes that are written together: as many as go into one number."""

__all__ = ["Checked", "Preparation", "answers_of", "closed_items", "moments_of"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Checked:
    """Ratings in which nothing is wrong: of all departments, or of some.

    Attributes
    ----------
    ratings
        From :func:`icstats.ratings.check_ratings`.
    respondents
        The respondents' own names in the same order; None where the file has none.
    tally
        Which of them may not be meant.
    departments
        Slugs of the departments that these are all ratings of.
    """

    ratings: pd.DataFrame
    respondents: list[str] | None
    tally: Tally
    departments: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Checked: {len(self.ratings)} ratings, not released>"


@dataclass(kw_only=True, repr=False)
class Preparation:
    """What will be in a store; known in full when all tables were made.

    Attributes
    ----------
    delivery
        What the store is made from.
    remarks
        How the file was read and understood.
    """

    study: Study
    delivery: Delivery
    remarks: Sequence[str]

    _tally: Tally = field(default_factory=Tally, init=False)
    _n: int = field(default=0, init=False)
    _counts: list[pd.DataFrame] = field(default_factory=list, init=False)
    _moments: list[PairwiseMoments] = field(default_factory=list, init=False)
    _waves: set[str] = field(default_factory=set, init=False)

    def tables(self, parts: Iterable[Checked]) -> Iterator[tuple[str, pa.Table]]:
        """Yield path within the store and table, one after the other; of every part only what adds up is kept."""
        made: set[tuple[str, str]] = set()
        empty = nobody = None
        for part in parts:
            stored, known = part.ratings, _fingerprints(part, self.study, self.delivery.key)
            rows_of = stored.groupby(["wave", "department"]).indices
            tables = (_file(stored), _file(known))
            if empty is None:
                empty, nobody = stored.iloc[:0], tables[1].slice(0, 0)
            self._count(part)
            for wave in sorted(stored["wave"].unique()):
                self._waves.add(wave)
                for slug in part.departments:
                    made.add((wave, slug))
                    rows = rows_of.get((wave, slug), [0])
                    # Ratings are sorted by department and wave, so that those of one file stand together.
                    for path, table in zip((partition, fingerprints_of), tables, strict=True):
                        yield path(wave, slug), table.slice(rows[0], len(rows) if (wave, slug) in rows_of else 0)
            self._add_up(part)
        if empty is None or nobody is None:
            return
        for wave in self.waves:
            unrated = tuple(slug for slug in self.departments if (wave, slug) not in made)
            if unrated:
                answered = answers_of(empty, self.study.questionnaire)
                counts = valid_counts(answered, self.study.questionnaire, departments=unrated)
                self._counts.append(counts.assign(moved=0, wave=wave))
            for slug in unrated:
                yield partition(wave, slug), _file(empty)
                yield fingerprints_of(wave, slug), nobody
        yield COUNTS, pa.Table.from_pandas(self.counts, preserve_index=False)

    def contents(self) -> Contents:
        """Return what the store holds, once all tables were made."""
        notes = (
            *self.remarks,
            *notes_of(self._tally, self.study),
            *item_notes(merged(self._moments), self.study.questionnaire),
        )
        return Contents(
            fingerprint=self.delivery.fingerprint,
            waves=self.waves,
            departments=self.departments,
            attributes=self.study.responses.attributes,
            n_ratings=self._n,
            notes=notes,
            findings=tuple(
                Finding(kind=kind, wave=wave, department=department, n=int(n))
                for kind, found in self._tally.found.items()
                for (wave, department), n in sorted(found.items())
                if department
            ),
        )

    @property
    def waves(self) -> tuple[str, ...]:
        """The waves that were rated so far, sorted."""
        return tuple(sorted(self._waves, key=in_order))

    @property
    def departments(self) -> tuple[str, ...]:
        """Slugs of all departments of the study."""
        return tuple(department.slug for department in self.study.departments)

    @property
    def counts(self) -> pd.DataFrame:
        """``wave`` and the columns of :func:`icstats.scales.valid_counts`, by wave and in the order of the study."""
        place = {slug: number for number, slug in enumerate(self.departments)}
        counts = pd.concat(self._counts, ignore_index=True)
        order = np.lexsort((counts["department"].map(place), pd.factorize(counts["wave"], sort=True)[0]))
        return counts.iloc[order].reset_index(drop=True)

    def _count(self, part: Checked) -> None:
        """Count what is valid in each wave; where nobody has a name, nobody can be followed from wave to wave."""
        questionnaire = self.study.questionnaire
        answered = answers_of(part.ratings, questionnaire)
        found = {str(wave): ratings for wave, ratings in answered.groupby("wave")}
        waves = {wave: found[wave] for wave in sorted(found, key=in_order)}
        for place, (wave, ratings) in enumerate(waves.items()):
            counts = valid_counts(ratings, questionnaire, departments=part.departments)
            earlier = list(waves.values())[:place] if part.respondents is not None else []
            if earlier:
                people = moved(ratings, earlier, questionnaire).reindex(part.departments, fill_value=0)
                counts = counts.assign(moved=people.to_numpy().ravel(), wave=wave)
            else:
                counts = counts.assign(moved=0, wave=wave)
            self._counts.append(counts)

    def _add_up(self, part: Checked) -> None:
        stored = part.ratings
        customers = stored[(stored["wave"] == self.study.wave) & (stored["role"] == "customer")]
        self._moments.append(moments_of(customers, self.study.questionnaire))
        self._tally += part.tally + _missing(stored, self.study.questionnaire)
        self._n += len(stored)


def closed_items(questionnaire: Questionnaire) -> list[str]:
    """Return the codes of all items that are answered with a number."""
    return [item.code for item in questionnaire.items if item.responses is not None]


def moments_of(stored: pd.DataFrame, questionnaire: Questionnaire) -> PairwiseMoments:
    """Return the moments of the closed items of stored ratings, as they were answered."""
    closed = closed_items(questionnaire)
    codes = stored[closed].to_numpy()
    lowest = [questionnaire.response_scale(code).minimum for code in closed]
    return moments_of_answers(codes, codes > NOT_ASKED, tuple(closed)).shifted(lowest)


def answers_of(stored: pd.DataFrame, questionnaire: Questionnaire) -> pd.DataFrame:
    """Return stored ratings with codes turned back into answers, NaN for every kind of missing."""
    closed = [code for code in closed_items(questionnaire) if code in stored]
    codes = stored[closed].to_numpy(dtype=float)
    lowest = np.array([questionnaire.response_scale(code).minimum for code in closed], dtype=float)
    answers = pd.DataFrame(np.where(codes > NOT_ASKED, codes + lowest, np.nan), columns=closed, index=stored.index)
    return pd.concat([stored.drop(columns=closed), answers], axis=1)[list(stored.columns)]


def _missing(stored: pd.DataFrame, questionnaire: Questionnaire) -> Tally:
    """Return how many answers say that a question does not apply, or that somebody does not know."""
    codes = stored[closed_items(questionnaire)].to_numpy()
    found = {}
    for kind, code in ((tally.NOT_APPLICABLE, NOT_APPLICABLE), (tally.DONT_KNOW, DONT_KNOW)):
        where = stored[["wave", "department"]].assign(n=(codes == code).sum(axis=1))
        sums = where.groupby(["wave", "department"])["n"].sum()
        found[kind] = Counter(
            {(str(wave), str(slug)): int(n) for (wave, slug), n in zip(sums.index, sums, strict=True)}
        )
    return Tally(found=found)


def _file(ratings: pd.DataFrame) -> pa.Table:
    """Return what a file of one wave and department holds of ratings."""
    return pa.Table.from_pandas(ratings.drop(columns=["wave", "department"]), preserve_index=False)


def _written(codes: NDArray[np.int8]) -> pa.Array:
    """Return the codes of each row, at most four, as one text; rows with the same codes share it."""
    four = np.zeros((len(codes), WRITTEN_AT_ONCE), dtype=np.int8)
    four[:, : codes.shape[1]] = codes
    which, distinct = pd.factorize(four.view(np.int32).ravel())
    rows = distinct.view(np.int8).reshape(-1, WRITTEN_AT_ONCE)[:, : codes.shape[1]]
    return _texts(["\x1f".join(map(str, row)) for row in rows.tolist()]).take(pa.array(which))


def _texts(texts: Sequence[str] | pd.Series[str]) -> pa.Array:
    return pa.array(texts, pa.large_string())


def _joined(*columns: pa.Array) -> pa.Array:
    """Return the texts of each row as one."""
    return pc.binary_join_element_wise(*columns, pa.scalar("\x1f", pa.large_string()))


def _answered(ratings: pd.DataFrame, closed: Sequence[str], questionnaire: Questionnaire) -> list[str]:
    """Return the codes of the variables that each rating counts for, as one text.

    They follow from which items were answered and by whom; few ways of that differ.
    """
    is_staff = (ratings["role"] == "staff").to_numpy()[:, None]
    which = _alike(np.packbits(np.hstack([is_staff, ratings[list(closed)].to_numpy() > NOT_ASKED]), axis=1))
    first = np.unique(which, return_index=True)[1]
    valid = valid_answers(answers_of(ratings.iloc[first], questionnaire), questionnaire)
    codes = valid.columns.to_numpy(dtype=str)
    texts = [" ".join(codes[row]) for row in valid.to_numpy(dtype=bool)]
    return [texts[place] for place in which.tolist()]


def _alike(rows: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Return a number per row, the same for rows that are alike."""
    which = np.zeros(len(rows), dtype=np.intp)
    for column in rows.T:
        which, _ = pd.factorize(which * 256 + column)
    return which


def _fingerprints(part: Checked, study: Study, key: bytes) -> pd.DataFrame:
    """Return ``wave, department, role, who, what, answered`` of all ratings: what the register knows them by.

    Without respondents in the file a rating is known by its answers only.
    """
    ratings = part.ratings
    closed = sorted(code for code in closed_items(study.questionnaire) if code in ratings)
    together = [closed[start : start + WRITTEN_AT_ONCE] for start in range(0, len(closed), WRITTEN_AT_ONCE)]
    role = _texts(ratings["role"])
    people = _texts([""] * len(ratings) if part.respondents is None else part.respondents)
    what = _joined(people, role, *(_written(ratings[few].to_numpy()) for few in together))
    codes = {one.slug: (one.code or one.slug).casefold() for one in study.departments}
    which, slugs = pd.factorize(ratings["department"])
    department = _texts([codes[slug] for slug in slugs]).take(pa.array(which))
    if part.respondents is None:
        same = ratings[["wave", "department"]].assign(what=what.to_pandas())
        alike = same.groupby(["wave", "department", "what"]).cumcount()
        people = _joined(what, _texts(alike.astype(str)))
    who = _joined(people, department, role)
    answered = _answered(ratings, closed, study.questionnaire)
    rated_in = ratings[["wave", "department", "role"]].astype(str).reset_index(drop=True)
    return pd.concat([rated_in, fingerprints(who.to_pylist(), what.to_pylist(), answered, key=key)], axis=1)
