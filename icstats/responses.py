"""Responses: the checked ratings of a study, from which one department is read without touching the others."""

from __future__ import annotations

import sys
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeVar, get_args

import pandas as pd

from icstats.answers import REASONS, answers_of, closed_items
from icstats.delivery import read_delivery
from icstats.documents import did_you_mean
from icstats.errors import ParameterError, Problem, SurveyFileError
from icstats.intake import parse_table
from icstats.pairwise import PairwiseMoments, merged
from icstats.prepared import Checked, Preparation, moments_of
from icstats.ratings import checked_table
from icstats.register import staff_of
from icstats.store import ALL_COUNTS, COUNTS, Contents, fingerprints_of, partition, read_frame, write_store
from icstats.storekey import key_of_store, keyed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from icstats.delivery import Delivery
    from icstats.questionnaire import Questionnaire
    from icstats.study import Study

__all__ = ["Responses", "check_responses", "read_responses"]

Role = Literal["customer", "staff"]
Made = TypeVar("Made")


@dataclass(frozen=True, kw_only=True, repr=False)
class Responses:
    """The ratings of a study.

    Attributes
    ----------
    store
        Folder of the prepared answers.
    contents
        What it holds.
    questionnaire
        The questions.
    """

    store: Path
    contents: Contents
    questionnaire: Questionnaire

    def __repr__(self) -> str:
        return f"<Responses: {_told(self.contents)}, not released>"

    @property
    def fingerprint(self) -> str:
        """Fingerprint of everything that the ratings follow from; nobody can check a guess without the store's key."""
        return self.contents.fingerprint

    @property
    def waves(self) -> tuple[str, ...]:
        """Names of the waves in the survey file, sorted."""
        return self.contents.waves

    @property
    def departments(self) -> tuple[str, ...]:
        """Slugs of all departments, in the order of the study."""
        return self.contents.departments

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know about how the survey file was read, in sentences."""
        return self.contents.notes

    def ratings(
        self,
        *,
        wave: str,
        department: str | None = None,
        role: Role = "customer",
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Return the ratings frame of one department, or of all.

        Parameters
        ----------
        wave
            One of ``waves``.
        department
            Slug; only the file of this department is opened. None: all departments, in the order of the study.
        role
            ``customer``: ratings by customers. ``staff``: what the department's own people filled in.
        columns
            Columns to return, in this order; None returns all.

        Returns
        -------
        DataFrame
            One row per rating, sorted by department and respondent: ``respondent`` (int64, opaque), ``department``,
            ``wave``, ``role``, ``weight``, attributes, closed items (float64 as answered, NaN for every kind of
            missing), open items (str), ``file_row``.

        Raises
        ------
        ParameterError
            When there is no such wave, department, role or column.
        RunError
            When the file of this department is damaged.
        """
        slugs = self._chosen(wave, department)
        _require(role, get_args(Role), "role")
        for column in columns or ():
            _require(column, self._columns, "column")
        parts = [self._read(wave, slug, role, columns) for slug in slugs]
        return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)

    def missing(self, *, wave: str, department: str) -> pd.DataFrame:
        """Count why answers are missing, per closed item of one department.

        Returns
        -------
        DataFrame
            Columns ``item, reason, n``; reasons ``not_asked, not_applicable, dont_know, no_answer``. Items of the
            block ``mirror`` are counted among the department's staff, all others among its customers.
        """
        self._chosen(wave, department)
        stored = read_frame(self.store, self.contents, partition(wave, department))
        by_staff = (stored["role"] == "staff").to_numpy()
        rows = []
        for item in self._closed:
            codes = stored[item].to_numpy()[by_staff if self.questionnaire.item(item).block == "mirror" else ~by_staff]
            rows += [(item, reason, int((codes == code).sum())) for code, reason in REASONS.items()]
        return pd.DataFrame(rows, columns=["item", "reason", "n"])

    def moments(self, *, wave: str, department: str | None = None, role: Role = "customer") -> PairwiseMoments:
        """Return the moments of all closed items of one department, or of all departments together.

        Departments are read one after the other, so that memory does not grow with the organisation. Nothing is
        weighted and nothing is turned round.

        Parameters
        ----------
        wave, department, role
            As in :meth:`ratings`.
        """
        slugs = self._chosen(wave, department)
        _require(role, get_args(Role), "role")
        return merged(self._moments(wave, slug, role) for slug in slugs)

    def _moments(self, wave: str, department: str, role: Role) -> PairwiseMoments:
        stored = read_frame(self.store, self.contents, partition(wave, department), [*self._closed, "role"])
        return moments_of(stored[stored["role"] == role], self.questionnaire)

    def counts(self, *, wave: str, department: str | None = None) -> pd.DataFrame:
        """Return the valid answers of one wave: the columns of :func:`icstats.scales.valid_counts`, and ``moved``.

        ``moved`` is how many people stand behind this wave or an earlier one and not behind both; 0 where the survey
        file does not say who answered (:func:`icstats.turnover.moved`). Of one department, or of all of the study,
        also those that nobody rated.
        """
        chosen = self._chosen(wave, department)
        if department is None:
            sys.audit(ALL_COUNTS)
        counts = self._counts
        wanted = (counts["wave"] == wave) & counts["department"].isin(chosen)
        return counts[wanted].drop(columns="wave").reset_index(drop=True)

    @cached_property
    def _counts(self) -> pd.DataFrame:
        return read_frame(self.store, self.contents, COUNTS)

    def fingerprint_of(self, *, wave: str, department: str | None = None) -> str:
        """Return the fingerprint of the answers about one department, or all; no guess can be checked by it either."""
        files = (self.contents.files[partition(wave, slug)] for slug in self._chosen(wave, department))
        return keyed("".join(files), key_of_store(self.store.parent))

    def fingerprints(self, *, wave: str) -> pd.DataFrame:
        """Return ``department, who, what, answered`` of every rating; see :mod:`icstats.register`.

        What a department's own staff filled in stands apart from what customers did, as if of another department.
        They stand in files of their own, so that the damaged answers of one department stop no other.
        """
        _require(wave, self.waves, "wave")
        known = (
            read_frame(self.store, self.contents, fingerprints_of(wave, slug)).assign(department=slug)
            for slug in self.departments
        )
        ratings = pd.concat(known, ignore_index=True)
        by_staff = ratings["department"].map(staff_of)
        ratings["department"] = ratings["department"].mask(ratings["role"] == "staff", by_staff)
        return ratings[["department", "who", "what", "answered"]]

    @property
    def _closed(self) -> list[str]:
        return closed_items(self.questionnaire)

    @property
    def _columns(self) -> list[str]:
        items = [item.code for item in self.questionnaire.items]
        keys = ["respondent", "department", "wave", "role", "weight"]
        return [*keys, *self.contents.attributes, *items, "file_row"]

    def _chosen(self, wave: str, department: str | None) -> tuple[str, ...]:
        _require(wave, self.waves, "wave")
        if department is None:
            return self.departments
        _require(department, self.departments, "department")
        return (department,)

    def _read(self, wave: str, department: str, role: Role, columns: Sequence[str] | None) -> pd.DataFrame:
        wanted = self._columns if columns is None else list(columns)
        constant = {"wave": wave, "department": department}
        stored = [name for name in dict.fromkeys((*wanted, "role")) if name not in constant]
        frame = read_frame(self.store, self.contents, partition(wave, department), stored)
        frame = frame[frame["role"] == role].reset_index(drop=True)
        texts = {name: pd.array([text] * len(frame), dtype="str") for name, text in constant.items()}
        return answers_of(frame, self.questionnaire).assign(**texts)[wanted]


@dataclass(frozen=True, kw_only=True, repr=False)
class CheckedFile:
    """A survey file in which nothing is wrong.

    Attributes
    ----------
    contents
        What its store holds or would hold.
    counts
        ``wave`` and the columns of :func:`icstats.scales.valid_counts`.
    """

    contents: Contents
    counts: pd.DataFrame

    def __repr__(self) -> str:
        return f"<CheckedFile: {_told(self.contents)}, not released>"


def read_responses(study: Study, *, rebuild: bool = False) -> Responses:
    """Read and check the survey file of a study, once.

    The result is kept under ``study.store_folder``. As long as the survey file, the questionnaire, the settings of the
    survey file, the departments and icstats stay the same, it is used again without reading the file anew.

    Parameters
    ----------
    study
        From :func:`icstats.study.read_study`.
    rebuild
        Make the prepared answers again in any case.

    Raises
    ------
    SurveyFileError
        All problems of the survey file at once, with file, rows and column; nothing is written then.
    RunError
        When the prepared answers cannot be written.
    """
    delivery = read_delivery(study)
    contents = None if rebuild else delivery.prepared()
    if contents is None:

        def written(remarks: Sequence[str], parts: Iterable[Checked]) -> tuple[Delivery, Contents]:
            known = delivery.with_key(study)
            made = Preparation(study=study, delivery=known, remarks=remarks)
            return known, write_store(known.store, made.contents, made.tables(parts), replace=rebuild)

        delivery, contents = _of_ratings(delivery, study, written)
    return Responses(store=delivery.store, contents=contents, questionnaire=study.questionnaire)


def check_responses(study: Study) -> CheckedFile:
    """Check the survey file as :func:`read_responses` does, and write nothing.

    Raises
    ------
    SurveyFileError
        All problems of the survey file at once.
    """
    delivery = read_delivery(study)
    contents = delivery.prepared()
    if contents is not None:
        return CheckedFile(contents=contents, counts=read_frame(delivery.store, contents, COUNTS))

    def checked(remarks: Sequence[str], parts: Iterable[Checked]) -> CheckedFile:
        made = Preparation(study=study, delivery=delivery, remarks=remarks)
        deque(made.tables(parts), maxlen=0)
        return CheckedFile(contents=made.contents(), counts=made.counts)

    return _of_ratings(delivery, study, checked)


def _told(contents: Contents) -> str:
    return f"{contents.n_ratings:,} rows, {len(contents.departments)} departments"


def _of_ratings(delivery: Delivery, study: Study, make: Callable[[Sequence[str], Iterable[Checked]], Made]) -> Made:
    """Return what is made of how the survey file was read and its ratings.

    A file that is not as plain as it seemed is read anew, with care.
    """
    from icstats import plainfile  # noqa: PLC0415  most files are small

    with suppress(plainfile.NotPlain), plainfile.opened(study, delivery.content) as found:
        return make(*found)
    with _checked(delivery, study) as found:
        return make(*found)


@contextmanager
def _checked(delivery: Delivery, study: Study) -> Iterator[tuple[Sequence[str], Iterable[Checked]]]:
    """Give how the survey file was read and its ratings, whole or department by department."""
    if delivery.content is None:
        from icstats.bulk import opened  # noqa: PLC0415  most files are read at once

        with opened(study) as found:
            yield found
        return
    raw = parse_table(delivery.content, study.responses)
    checked, respondents = checked_table(raw, study)
    if checked.problems:
        raise SurveyFileError(checked.problems)
    everywhere = tuple(department.slug for department in study.departments)
    whole = Checked(ratings=checked.frame, respondents=respondents, tally=checked.tally, departments=everywhere)
    yield (*raw.notes, *checked.remarks), [whole]


def _require(found: str, allowed: Iterable[str], name: str) -> None:
    options = tuple(allowed)
    if found not in options:
        hint = did_you_mean(found, options) or f"There are {', '.join(options[:20])}."
        raise ParameterError(Problem(code="ICS-379", column=name, message=f'there is no {name} "{found}"', hint=hint))
