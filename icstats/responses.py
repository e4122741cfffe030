"""Responses: the checked ratings of a study, from which one department is read without touching the others."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np
import pandas as pd

from icstats.answers import NOT_ASKED, REASONS
from icstats.cleaning import item_notes
from icstats.delivery import read_delivery
from icstats.documents import did_you_mean
from icstats.errors import ParameterError, Problem, SurveyFileError
from icstats.intake import parse_table
from icstats.layouts import to_ratings
from icstats.pairwise import PairwiseMoments, merged, moments_of_answers
from icstats.ratings import check_ratings
from icstats.register import fingerprints
from icstats.scales import valid_counts
from icstats.store import ALL_COUNTS, COUNTS, FINGERPRINTS, Contents, partition, read_frame, write_store
from icstats.storekey import key_of_store, keyed
from icstats.turnover import moved

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from icstats.delivery import Delivery
    from icstats.questionnaire import Questionnaire
    from icstats.study import Study

__all__ = ["Responses", "check_responses", "read_responses"]

Role = Literal["customer", "staff"]


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
        codes = stored.loc[stored["role"] == role, self._closed].to_numpy()
        lowest = [self.questionnaire.response_scale(code).minimum for code in self._closed]
        return moments_of_answers(codes, codes > NOT_ASKED, tuple(self._closed)).shifted(lowest)

    def counts(self, *, wave: str, department: str | None = None) -> pd.DataFrame:
        """Return the valid answers of one wave: the columns of :func:`icstats.scales.valid_counts`, and ``moved``.

        ``moved`` is how many people stand behind this wave or an earlier one and not behind both; 0 where the survey
        file does not say who answered (:func:`icstats.turnover.moved`). Of one department, or of all of the study,
        also those that nobody rated.
        """
        chosen = self._chosen(wave, department)
        if department is None:
            sys.audit(ALL_COUNTS)
        counts = read_frame(self.store, self.contents, COUNTS)
        wanted = (counts["wave"] == wave) & counts["department"].isin(chosen)
        return counts[wanted].drop(columns="wave").reset_index(drop=True)

    def fingerprint_of(self, *, wave: str, department: str | None = None) -> str:
        """Return the fingerprint of the answers about one department, or all; no guess can be checked by it either."""
        files = (self.contents.files[partition(wave, slug)] for slug in self._chosen(wave, department))
        return keyed("".join(files), key_of_store(self.store.parent))

    def fingerprints(self, *, wave: str) -> pd.DataFrame:
        """Return ``department, who, what`` of every rating by a customer; see :mod:`icstats.register`.

        They stand in a file of their own, so that the damaged answers of one department stop no other.
        """
        _require(wave, self.waves, "wave")
        known = read_frame(self.store, self.contents, FINGERPRINTS)
        return known[known["wave"] == wave].drop(columns="wave").reset_index(drop=True)

    @property
    def _closed(self) -> list[str]:
        return [item.code for item in self.questionnaire.items if item.responses is not None]

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
        return _answers(frame, self.questionnaire).assign(**texts)[wanted]


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
        checked = _checked(delivery.content, study)
        delivery = delivery.with_key(study)
        planned, frames = _prepared(checked, study, delivery)
        contents = write_store(delivery.store, planned, frames, replace=rebuild)
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
    planned, frames = _prepared(_checked(delivery.content, study), study, delivery)
    return CheckedFile(contents=planned, counts=frames[COUNTS])


def _told(contents: Contents) -> str:
    return f"{contents.n_ratings:,} rows, {len(contents.departments)} departments"


class _Survey(NamedTuple):
    """A survey file in which nothing is wrong: its ratings, and the respondents' own names in the same order."""

    ratings: pd.DataFrame
    respondents: list[str] | None
    notes: tuple[str, ...]


def _checked(content: bytes, study: Study) -> _Survey:
    raw = parse_table(content, study.responses)
    stacked = to_ratings(raw, study)
    checked = check_ratings(stacked, study)
    if checked.problems:
        raise SurveyFileError(checked.problems)
    respondents = None
    if "respondent" in stacked.frame:
        names = dict(zip(stacked.rows.tolist(), stacked.frame["respondent"], strict=True))
        respondents = [str(names[row]).strip() for row in checked.frame["file_row"]]
    return _Survey(checked.frame, respondents, (*raw.notes, *checked.notes))


def _fingerprints(survey: _Survey, study: Study, key: bytes) -> pd.DataFrame:
    """Return ``wave, department, who, what`` of the customers' ratings: what the register knows them by.

    Without respondents in the file a rating is known by its answers only.
    """
    ratings = survey.ratings
    closed = [item.code for item in study.questionnaire.items if item.responses is not None and item.code in ratings]
    columns = (ratings[name].astype(str) for name in ("role", *sorted(closed)))
    answers = ["\x1f".join(row) for row in zip(*columns, strict=True)]
    people = [""] * len(ratings) if survey.respondents is None else survey.respondents
    what = [f"{person}\x1f{text}" for person, text in zip(people, answers, strict=True)]
    codes = {one.slug: (one.code or one.slug).casefold() for one in study.departments}
    rated = [f"{codes[slug]}\x1f{role}" for slug, role in zip(ratings["department"], ratings["role"], strict=True)]
    if survey.respondents is None:
        alike = ratings.assign(what=what).groupby(["wave", "department", "what"]).cumcount()
        people = [f"{text}\x1f{number}" for text, number in zip(what, alike, strict=True)]
    who = [f"{person}\x1f{department}" for person, department in zip(people, rated, strict=True)]
    known = pd.concat(
        [ratings[["wave", "department"]].astype(str).reset_index(drop=True), fingerprints(who, what, key=key)], axis=1
    )
    return known[(ratings["role"] == "customer").to_numpy()].reset_index(drop=True)


def _prepared(survey: _Survey, study: Study, delivery: Delivery) -> tuple[Contents, dict[str, pd.DataFrame]]:
    """Return everything that a store holds."""
    stored = survey.ratings
    slugs = tuple(department.slug for department in study.departments)
    waves = tuple(sorted(stored["wave"].unique()))
    answered = _answers(stored, study.questionnaire)
    counts = _counts(answered, study, by_name=survey.respondents is not None)
    customers = answered[(answered["wave"] == study.wave) & (answered["role"] == "customer")]
    rows_of = stored.groupby(["wave", "department"]).indices
    frames = {
        partition(wave, slug): stored.iloc[rows_of.get((wave, slug), [])].drop(columns=["wave", "department"])
        for wave in waves
        for slug in slugs
    }
    contents = Contents(
        fingerprint=delivery.fingerprint,
        waves=waves,
        departments=slugs,
        attributes=study.responses.attributes,
        n_ratings=len(stored),
        notes=(*survey.notes, *item_notes(customers, study.questionnaire)),
    )
    known = {COUNTS: counts, FINGERPRINTS: _fingerprints(survey, study, delivery.key)}
    return contents, {**known, **frames}


def _counts(answered: pd.DataFrame, study: Study, *, by_name: bool) -> pd.DataFrame:
    """Return the counts of all waves; where nobody has a name, nobody can be followed from wave to wave."""
    slugs = [department.slug for department in study.departments]
    waves = {str(wave): ratings for wave, ratings in answered.groupby("wave", sort=True)}
    parts = []
    for place, (wave, ratings) in enumerate(waves.items()):
        counts = valid_counts(ratings, study.questionnaire, departments=slugs)
        earlier = list(waves.values())[:place] if by_name else []
        people = moved(ratings, earlier, study.questionnaire).reindex(slugs, fill_value=0)
        parts.append(counts.assign(moved=people.to_numpy().ravel(), wave=wave))
    return pd.concat(parts, ignore_index=True)


def _answers(stored: pd.DataFrame, questionnaire: Questionnaire) -> pd.DataFrame:
    """Return the frame with codes turned back into answers, NaN for every kind of missing."""
    closed = [item for item in questionnaire.items if item.responses is not None and item.code in stored]
    answers = {}
    for item in closed:
        codes = stored[item.code].to_numpy()
        lowest = questionnaire.response_scale(item.code).minimum
        answers[item.code] = np.where(codes > NOT_ASKED, codes.astype(float) + lowest, np.nan)
    return stored.assign(**answers)


def _require(found: str, allowed: Iterable[str], name: str) -> None:
    options = tuple(allowed)
    if found not in options:
        hint = did_you_mean(found, options) or f"There are {', '.join(options[:20])}."
        raise ParameterError(Problem(code="ICS-379", column=name, message=f'there is no {name} "{found}"', hint=hint))
