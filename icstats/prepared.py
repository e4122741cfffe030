"""Everything that a store holds, made from checked ratings that come whole or department by department."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from icstats import tally
from icstats.ahead import one_ahead
from icstats.answers import DONT_KNOW, NOT_APPLICABLE, NOT_ASKED, answers_of, closed_items
from icstats.cleaning import item_notes
from icstats.fingerprints import fingerprints
from icstats.pairwise import PairwiseMoments, merged, moments_of_answers
from icstats.questionnaire import in_order
from icstats.scales import valid_counts
from icstats.store import COUNTS, Contents, Finding, fingerprints_of, partition
from icstats.tally import Tally, notes_of
from icstats.turnover import moved

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from icstats.delivery import Delivery
    from icstats.questionnaire import Questionnaire
    from icstats.study import Study

__all__ = ["Checked", "Preparation", "moments_of"]


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
    respondents: pa.Array | None
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
        with one_ahead((part, self._fingerprints(part)) for part in parts) as coming:
            for part, known in coming:
                stored = part.ratings
                rows_of = stored.groupby(["wave", "department"], observed=True).indices
                tables = (_file(stored), known)
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

    def _fingerprints(self, part: Checked) -> pa.Table:
        return fingerprints(part.ratings, part.respondents, self.study, key=self.delivery.key)

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
        counted = ["respondent", "department", "wave", "role", *closed_items(questionnaire)]
        found = {str(wave): ratings for wave, ratings in part.ratings[counted].groupby("wave", observed=True)}
        waves = {wave: answers_of(found[wave], questionnaire) for wave in sorted(found, key=in_order)}
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
        by_customers = (stored["wave"] == self.study.wave) & (stored["role"] == "customer")
        closed = stored[closed_items(self.study.questionnaire)]
        self._moments.append(moments_of(closed[by_customers], self.study.questionnaire))
        self._tally += part.tally + _missing(stored, self.study.questionnaire)
        self._n += len(stored)


def moments_of(stored: pd.DataFrame, questionnaire: Questionnaire) -> PairwiseMoments:
    """Return the moments of the closed items of stored ratings, as they were answered."""
    closed = closed_items(questionnaire)
    codes = stored[closed].to_numpy()
    lowest = [questionnaire.response_scale(code).minimum for code in closed]
    return moments_of_answers(codes, codes > NOT_ASKED, tuple(closed)).shifted(lowest)


def _missing(stored: pd.DataFrame, questionnaire: Questionnaire) -> Tally:
    """Return how many answers say that a question does not apply, or that somebody does not know."""
    codes = stored[closed_items(questionnaire)].to_numpy()
    found = {}
    for kind, code in ((tally.NOT_APPLICABLE, NOT_APPLICABLE), (tally.DONT_KNOW, DONT_KNOW)):
        rows, _ = np.nonzero(codes == code)
        sizes = stored[["wave", "department"]].take(rows).groupby(["wave", "department"], observed=True).size()
        found[kind] = Counter(
            {(str(wave), str(slug)): int(n) for (wave, slug), n in zip(sizes.index, sizes, strict=True)}
        )
    return Tally(found=found)


def _file(ratings: pd.DataFrame) -> pa.Table:
    """Return what a file of one wave and department holds of ratings."""
    own = ratings.drop(columns=["wave", "department"])
    return pa.Table.from_pandas(own.assign(role=own["role"].astype("str")), preserve_index=False)
