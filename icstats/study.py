"""The study: which file, which questionnaire, which departments, and what may be shown."""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from icstats.agreements import EASIEST, HARDEST, Agreements, read_agreements
from icstats.documents import Document, Finding, did_you_mean, file_nearby, parse, read_document, shown_path
from icstats.errors import ICStatsError, ParameterError
from icstats.questionnaire import DRIVER_BLOCKS, RESERVED, Language, Questionnaire, Strict, Text, read_questionnaire
from icstats.selection import Selection, read_selection
from icstats.strict_yaml import quoted
from icstats.surveyfile import Cleaning, Columns, FilePath, ResponsesFile
from icstats.themes import Dictionary, read_themes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = [
    "FLOOR",
    "ORGANISATION",
    "Cleaning",
    "Columns",
    "Department",
    "Policy",
    "ResponsesFile",
    "Study",
    "read_policy",
    "read_study",
]

FLOOR = 5
"""No setting, file or argument can show a group smaller than this."""

Notebook = Literal["department_report", "reliability", "drivers", "benchmark"]
NOTEBOOKS: tuple[Notebook, ...] = ("department_report", "reliability", "drivers", "benchmark")

SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
DEVICE = re.compile(r"con|prn|aux|nul|com\d|lpt\d")
ORGANISATION = "organisation"
"""Stands where a number is about all departments together, so no department can be called so.

Same as :data:`icstats.results.ORGANISATION`, written out: that room loads pandas, and reading a study should not."""
LONGEST_NAME = 60
SLUG_IN_WORDS = "lower case letters, digits and single hyphens, at most 60 characters"
WAVE_IN_WORDS = "letters, digits and single hyphens, at most 20 characters"


class Department(Strict):
    """A staff department that is rated.

    Attributes
    ----------
    slug
        Name in paths, parameters and results: lower case letters, digits and hyphens.
    code
        How the survey file writes it; None means: as the slug.
    invited
        Number of internal customers that were asked to rate it; None if unknown.
    team_size
        Number of people who work there; None if unknown.
    """

    slug: str = Field(pattern=SLUG, max_length=LONGEST_NAME, description=SLUG_IN_WORDS)
    name: Text
    code: str | None = None
    invited: int | None = Field(default=None, ge=1)
    team_size: int | None = Field(default=None, ge=1)


class Policy(Strict):
    """What may be shown. A file can be stricter than the defaults, or go down to the floor, which is in code.

    Attributes
    ----------
    minimum_group
        Valid answers of others than the reader that a shown number must rest on.
    readers
        People who read a report and may have answered themselves, so that they know as many of the answers: 1, or 0
        where no reader took part. What colleagues who put theirs together know is counted here too.
    minimum_spread
        Valid answers from which an interval or a verdict against the norm is shown: with fewer, mean and spread
        together can give single answers away.
    minimum_extremes
        Valid answers from which shares of people are shown, and a mean at an end of its scale or of answers that are
        all the same: with fewer, these would say what each person answered.
    minimum_distribution
        Valid answers from which the standard deviation and the shares at the ends of the scale are shown: with
        fewer, the whole distribution would follow.
    minimum_team
        People who work in a department, from which what its customers think of them (the orientation items) is
        shown: of a smaller team it would be a judgement of one employee. A team of unknown size counts as large.
    minimum_comments
        Customers who rated a department, from which what they wrote can be shown.
    extreme_share
        The share, from 0.5 to 1, that counts as nearly all.
    exact_n
        From this number on n is shown exactly, shares as whole percentages with an interval, and p-values; below it
        n is a band of ten, shares are rounded to 5 % and p-values left out.
    decimals_points, decimals_share, decimals_coefficient
        Rounding of means in scale points, of shares (as a fraction: 2 is whole percentages) and of coefficients.
    """

    minimum_group: int = Field(default=10, ge=FLOOR)
    readers: int = Field(default=1, ge=0)
    minimum_spread: int = Field(default=15, ge=10)
    minimum_extremes: int = Field(default=30, ge=10)
    minimum_distribution: int = Field(default=50, ge=30)
    minimum_team: int = Field(default=4, ge=2)
    minimum_comments: int = Field(default=10, ge=FLOOR)
    extreme_share: float = Field(default=0.9, gt=0.5, le=1)
    exact_n: int = Field(default=100, ge=50)
    decimals_points: int = Field(default=1, ge=0, le=1)
    decimals_share: int = Field(default=2, ge=0, le=2)
    decimals_coefficient: int = Field(default=2, ge=0, le=2)

    @property
    def minimum_answers(self) -> int:
        """Valid answers that a number must rest on, so that enough are left without those of its readers."""
        return self.minimum_group + self.readers


class Study(Strict):
    """Everything that one survey needs: the parsed ``params/<name>.yaml``.

    Attributes
    ----------
    file
        The study file itself (not a setting).
    sources
        All files that the settings stand in: the study file, the questionnaire and the policy (not a setting); none
        where a study was not read from files.
    norms
        A norm file (``.csv`` with a ``.yaml`` beside it), ``departments`` for the mean of this study's own
        departments, or None.
    earlier_norms
        The norm of the wave before, a file as ``norms`` is: a change is then also held against that of the norm. None
        without one.
    names
        A text file with a name of a person on each line, to be taken out of comments; None without one.
    margin
        Differences from the norm up to this many standard deviations (within organisations) are of no practical
        weight.
    agreements
        What departments agreed on, or None.
    selection
        Which questions were chosen for whom, and why; or None.
    themes
        The words that tell what a comment is about, or None.
    seed
        All random numbers follow from it, the department and the statistic.
    """

    file: Path = Field(exclude=True)
    sources: tuple[Path, ...] = Field(default=(), exclude=True)
    name: str = Field(pattern=SLUG, max_length=LONGEST_NAME, description=SLUG_IN_WORDS)
    title: Text
    organisation: Text
    wave: str = Field(pattern=r"^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$", max_length=20, description=WAVE_IN_WORDS)
    responses: ResponsesFile
    questionnaire: Questionnaire
    norms: Literal["departments"] | FilePath | None = Field(
        default=None, union_mode="left_to_right", description="the path of a norm, or departments"
    )
    earlier_norms: FilePath | None = None
    names: FilePath | None = None
    margin: float = Field(default=0.2, gt=0, le=1)
    policy: Policy = Policy()
    agreements: Agreements | None = None
    selection: Selection | None = None
    themes: Dictionary | None = None
    language: Language = "en"
    departments: tuple[Department, ...] = Field(min_length=1)
    notebooks: tuple[Notebook, ...] = NOTEBOOKS
    store: FilePath | None = None
    seed: int = Field(default=1, ge=0)

    def department(self, slug: str) -> Department:
        """Return the department with this slug; KeyError when there is none."""
        for department in self.departments:
            if department.slug == slug:
                return department
        raise KeyError(slug)

    @property
    def root(self) -> Path:
        """The folder that the work is done in: the nearest one above the study file that has ``notebooks``."""
        folder = self.file.resolve().parent
        return next((above for above in (folder, *folder.parents) if (above / "notebooks").is_dir()), folder)

    @property
    def norm_files(self) -> tuple[Path, ...]:
        """The norm that is read and the earlier one, as far as there are any."""
        if self.norms is None or self.norms == "departments":
            return ()
        return (self.norms, *([self.earlier_norms] if self.earlier_norms else []))

    @property
    def store_folder(self) -> Path:
        """The folder of the prepared answers."""
        return self.store or self.root / "data" / ".store"


def read_policy(path: Path | str) -> Policy:
    """Read a policy, see ``params/policy.yaml``.

    Raises
    ------
    ParameterError
        All problems at once, each with its line; nothing below the floor is accepted.
    """
    return parse(read_document(path, error=ParameterError), Policy)


def read_study(path: Path | str) -> Study:
    """Read a study with its questionnaire and its policy.

    Parameters
    ----------
    path
        The study file. ``questionnaire`` and ``policy`` in it are paths; like all paths they are relative to the
        study file.

    Returns
    -------
    Study
        All paths absolute. The survey file and the norm are there, but have not been opened.

    Raises
    ------
    ParameterError
        All problems of the study file, the questionnaire and the policy at once, each with its file and line: first
        those of form, then, when the form of all three is right, the contradictions.
    QuestionnaireError
        When only the questionnaire is wrong.
    """
    document = read_document(path, error=ParameterError)
    file = Path(path).resolve()
    lost = [document.problem(*finding) for finding in _lost_files(document, file.parent)]
    parts, failures = _parts(document, file.parent)
    sources = (file, *((file.parent / str(document.data[key])).resolve() for key in PARTS if key in parts))
    failures += [ParameterError(lost)] if lost else []
    try:
        study = parse(
            document, Study, overrides=parts, added={"file": file, "sources": sources}, context={"folder": file.parent}
        )
    except ParameterError as failure:
        unread = {key for key in PARTS if key in document.data and key not in parts}
        own = [problem for problem in failure.problems if problem.column.split(".")[0] not in unread]
        failures += [ParameterError(own)] if own else []
    if failures:
        raise _together(failures)
    document.require(contradictions(study))
    return study


PARTS: Mapping[str, Callable[[Path], Strict]] = {
    "questionnaire": read_questionnaire,
    "policy": read_policy,
    "agreements": read_agreements,
    "selection": read_selection,
    "themes": read_themes,
}
"""Settings that are the path of another file, and how that is read."""

NOT_A_PATH, NO_FILE = 20, 21


def _parts(document: Document, folder: Path) -> tuple[dict[str, Strict], list[ICStatsError]]:
    parts: dict[str, Strict] = {}
    failures: list[ICStatsError] = []
    for key in PARTS:
        found = document.data.get(key)
        try:
            if isinstance(found, str) and (folder / found).is_file():
                parts[key] = PARTS[key]((folder / found).resolve())
        except ICStatsError as failure:
            failures.append(failure)
    return parts, failures


def _together(failures: list[ICStatsError]) -> ICStatsError:
    kinds = {type(failure) for failure in failures}
    kind = kinds.pop() if len(kinds) == 1 else ParameterError
    return kind([problem for failure in failures for problem in failure.problems])


def _lost_files(document: Document, folder: Path) -> Iterator[Finding]:
    for loc in (
        ("questionnaire",),
        ("policy",),
        ("agreements",),
        ("selection",),
        ("themes",),
        ("responses", "file"),
        ("responses", "cleaning", "invited"),
        ("norms",),
        ("earlier_norms",),
        ("names",),
    ):
        found = document.value(loc)
        if isinstance(found, str) and found != "departments":
            path = (folder / found).resolve()
            beside = [path.with_suffix(".yaml")] if loc[0] in {"norms", "earlier_norms"} else []
            for lost in (lost for lost in (path, *beside) if not lost.is_file()):
                if lost.is_dir():
                    yield Finding(
                        loc, NOT_A_PATH, f"found {quoted(shown_path(lost))}, a folder; allowed: the path of a file."
                    )
                else:
                    hint = file_nearby(lost) or "paths are relative to the study file"
                    yield Finding(loc, NO_FILE, f"there is no file {shown_path(lost)}.", hint)
        elif found is not None and loc[0] in PARTS:
            yield Finding(loc, NOT_A_PATH, f"found {quoted(found)}; allowed: the path of a file.")


def contradictions(study: Study) -> Iterator[Finding]:
    """Return everything in a well-formed study that cannot be true together."""
    checks: tuple[Callable[[Study], Iterator[Finding]], ...] = (
        _departments,
        _norms,
        _notebooks,
        _asked_departments,
        _without_drivers,
        _item_columns,
        _one_department,
        _key_columns,
        _column_used_twice,
        _attribute_names,
        _missing_texts,
        _answer_words,
        _cleaning_columns,
        _agreements,
        _selection,
    )
    return chain.from_iterable(check(study) for check in checks)


def _departments(study: Study) -> Iterator[Finding]:
    users: dict[tuple[str, str], str] = {}
    for place, department in enumerate(study.departments):
        slug, code = department.slug, department.code or department.slug
        loc = ("departments", place)
        if slug == ORGANISATION:
            message = f"found {quoted(slug)}; icstats uses this name for all departments together."
            yield Finding((*loc, "slug"), 22, message, f"for instance {slug}-office")
        if DEVICE.fullmatch(slug):
            message = f"found {quoted(slug)}; Windows keeps this name for a device, and no folder can be called so."
            yield Finding((*loc, "slug"), 22, message, f"for instance {slug}-office")
        if ("slug", slug) in users:
            yield Finding((*loc, "slug"), 23, f"{quoted(slug)} is already the slug of another department.")
        elif ("code", _look(code)) in users:
            other = users["code", _look(code)]
            message = f"{quoted(code)} is how the survey file writes {other}; each department needs its own."
            yield Finding((*loc, "code"), 23, message, "capitals and spaces around do not count")
        users.setdefault(("slug", slug), slug)
        users.setdefault(("code", _look(code)), slug)


def _look(code: str) -> str:
    return " ".join(code.split()).casefold()


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


def _notebooks(study: Study) -> Iterator[Finding]:
    if not study.notebooks:
        yield Finding(("notebooks",), 24, "an empty list: nothing would be made.", "leave it out to make all four")
    for notebook in _repeated(study.notebooks):
        yield Finding(("notebooks",), 24, f"{quoted(notebook)} stands twice.")


def _asked_departments(study: Study) -> Iterator[Finding]:
    slugs = [department.slug for department in study.departments]
    for item in study.questionnaire.items:
        for slug in item.departments or ():
            if slug not in slugs:
                message = f"its item {item.code} is asked of {quoted(slug)}, which is no department of this study."
                yield Finding(("questionnaire",), 25, message, did_you_mean(slug, slugs))


def _without_drivers(study: Study) -> Iterator[Finding]:
    slugs = [department.slug for department in study.departments]
    drivers = [item for item in study.questionnaire.items if item.block in DRIVER_BLOCKS]
    without = [slug for slug in slugs if all(slug not in (item.departments or slugs) for item in drivers)]
    misspelt = any(set(item.departments or ()) - set(slugs) for item in drivers)
    if without and not misspelt:
        message = (
            f"no item of the block {', '.join(DRIVER_BLOCKS[:-1])} or {DRIVER_BLOCKS[-1]} is asked of "
            f"{'any department' if without == slugs else ', '.join(without)}: nothing could be said about why "
            "customers are satisfied or not."
        )
        yield Finding(("questionnaire",), 33, message)


def _norms(study: Study) -> Iterator[Finding]:
    if study.earlier_norms is not None and not study.norm_files:
        message = "an earlier norm without a norm of this wave: the change of the norm is not known."
        yield Finding(("earlier_norms",), 38, message, "give the path of the norm of this wave under norms")
    elif study.earlier_norms is not None and study.norms == study.earlier_norms:
        message = "the same file as norms: the norm would not have changed, whatever customers answer."
        yield Finding(("earlier_norms",), 39, message, "give the path of the norm of the wave before, or leave it out")


def _selection(study: Study) -> Iterator[Finding]:
    if study.selection is None:
        return
    log, codes = study.selection, [item.code for item in study.questionnaire.items]
    hint = "give the questionnaire that follows from this log, or the log of this questionnaire"
    slugs = [department.slug for department in study.departments]
    named = dict.fromkeys([*(choice.department for choice in log.choices), *log.agreed])
    unnamed = [slug for slug in slugs if slug not in named]
    # A log may be about more departments than a study; one that is nearly a department without a log is a slip.
    for slug in named:
        if slug not in slugs and (meant := did_you_mean(slug, unnamed)):
            yield Finding(("selection",), 48, f"the log names {quoted(slug)}, which is no department.", meant)
    choices = [choice for choice in log.choices if choice.department in slugs]
    asked_by_log = (*log.locked, *(choice.item for choice in choices if choice.reason == "chosen"))
    asked = [*asked_by_log, *(choice.item for choice in choices if choice.item not in log.labels)]
    for code in dict.fromkeys(code for code in asked if code not in codes):
        message = f"the log names {quoted(code)}, which the questionnaire does not have."
        yield Finding(("selection",), 46, message, did_you_mean(code, codes) or hint)
    for department in study.departments:
        own = {item.code for item in study.questionnaire.items_of(department=department.slug)}
        by_log = {choice.item: choice.reason == "chosen" for choice in log.of(department.slug)}
        by_log |= dict.fromkeys(log.locked, True)
        wrong = [code for code, wanted in by_log.items() if code in codes and wanted != (code in own)]
        if wrong:
            asked_what = f"{quoted(department.slug)} is asked {', '.join(wrong)}"
            message = f"the log and the questionnaire differ in whether {asked_what}."
            yield Finding(("selection",), 47, message, hint)


def _item_columns(study: Study) -> Iterator[Finding]:
    codes = [item.code for item in study.questionnaire.items]
    for code in study.responses.items:
        if code not in codes:
            message = f"the questionnaire has no item {quoted(code)}."
            yield Finding(("responses", "items", code), 26, message, did_you_mean(code, codes))


def _one_department(study: Study) -> Iterator[Finding]:
    if study.responses.columns.department is None and study.responses.layout != "wide" and len(study.departments) > 1:
        message = f"without it all ratings are about one department; the study has {len(study.departments)}."
        yield Finding(("responses", "columns", "department"), 36, message)


def _key_columns(study: Study) -> Iterator[Finding]:
    if study.responses.layout == "long" and study.responses.columns.respondent is None:
        message = "a file with one row per answer needs a column that says whose answer it is."
        yield Finding(("responses", "columns", "respondent"), 27, message)


def _column_used_twice(study: Study) -> Iterator[Finding]:
    responses = study.responses
    layout_columns = {"stacked": {"department"}, "wide": set(), "long": {"department", "item", "answer"}}
    keys = {"respondent", "wave", "role", "weight", "date", "seconds"} | layout_columns[responses.layout]
    used = [name for key, name in responses.columns if key in keys and name is not None]
    used += [*responses.attributes, *responses.ignore, *responses.items.values()]
    if responses.layout == "stacked":
        codes = (item.code for item in study.questionnaire.items if item.code not in responses.items)
        used += [code for code in codes if code in responses.ignore]
    for name in _repeated(used):
        yield Finding(("responses",), 28, f"the column {quoted(name)} is used for two things.")


def _attribute_names(study: Study) -> Iterator[Finding]:
    taken = RESERVED | {item.code for item in study.questionnaire.items}
    taken |= {scale.code for scale in study.questionnaire.scales}
    for place, name in enumerate(study.responses.attributes):
        if name in taken:
            message = f"found {quoted(name)}; icstats uses this name itself, or it is the code of an item or scale."
            yield Finding(("responses", "attributes", place), 29, message, "give the column another name in the file")


def _missing_texts(study: Study) -> Iterator[Finding]:
    kinds = ("not_asked", "not_applicable", "dont_know")
    texts = {kind: getattr(study.responses, kind) for kind in kinds}
    for text in _repeated(chain.from_iterable(texts.values())):
        last = next(kind for kind in reversed(kinds) if text in texts[kind])
        yield Finding(("responses", last), 30, f"{quoted(text)} has two meanings, or stands twice.")
    for kind in kinds:
        for place, text in enumerate(texts[kind]):
            if item := _item_answered_by(study.questionnaire, text):
                message = f"{quoted(text)} is also an answer to {item}; the two cannot be told apart."
                yield Finding(("responses", kind, place), 31, message, "use a text outside all scales in the file")


def _answer_words(study: Study) -> Iterator[Finding]:
    scales = study.questionnaire.responses
    for name, words in study.responses.answers.items():
        loc = ("responses", "answers", name)
        if name not in scales:
            yield Finding(
                loc, 33, f"the questionnaire has no response scale {quoted(name)}.", did_you_mean(name, scales)
            )
            continue
        lowest, highest = scales[name].minimum, scales[name].maximum
        for text, number in words.items():
            if not lowest <= number <= highest:
                message = f"found {number}; allowed: a whole number from {lowest} to {highest}, as the scale has."
                yield Finding((*loc, text), 34, message)


def _cleaning_columns(study: Study) -> Iterator[Finding]:
    cleaning, columns = study.responses.cleaning, study.responses.columns
    needs = {"shortest_seconds": "seconds", "first_day": "date", "last_day": "date", "invited": "respondent"}
    for setting, column in needs.items():
        if getattr(cleaning, setting) is not None and getattr(columns, column) is None:
            message = f"nothing can be left out by it without the column, responses.columns.{column}."
            yield Finding(("responses", "cleaning", setting), 35, message)


def _item_answered_by(questionnaire: Questionnaire, text: str) -> str:
    if not re.fullmatch(r"\s*[0-9]{1,3}\s*", text):
        return ""
    closed = (item.code for item in questionnaire.items if item.responses)
    scales = ((code, questionnaire.response_scale(code)) for code in closed)
    return next((code for code, scale in scales if scale.minimum <= int(text) <= scale.maximum), "")


def _agreements(study: Study) -> Iterator[Finding]:
    if study.agreements is None:
        return
    place = f"in {study.agreements.file.name}" if study.agreements.file else "in the agreements"
    slugs = [department.slug for department in study.departments]
    named = [*study.agreements.ease, *(action.department for action in study.agreements.actions)]
    for slug in dict.fromkeys(slug for slug in named if slug not in slugs):
        message = f"{place} stands an agreement of {quoted(slug)}, which is no department of this study."
        yield Finding(("agreements",), 25, message, did_you_mean(slug, slugs))
    for slug, ease in (said for said in study.agreements.ease.items() if said[0] in slugs):
        asked = study.questionnaire.items_of(department=slug)
        drivers = [item.code for item in asked if item.block in DRIVER_BLOCKS]
        lost, others = [code for code in drivers if code not in ease], [code for code in ease if code not in drivers]
        if lost:
            message = f"{place} the ease of {quoted(slug)} is not given for {', '.join(lost)}."
            yield Finding(("agreements",), 37, message, f"give each of them a number from {HARDEST} to {EASIEST}")
        if others:
            message = (
                f"{place} the ease of {quoted(slug)} is given for {', '.join(others)}; allowed: what it is asked about "
                "product, process and orientation."
            )
            yield Finding(("agreements",), 37, message, did_you_mean(others[0], lost or drivers))
    for action in study.agreements.actions:
        asked = study.questionnaire.items_of(department=action.department)
        codes = [item.code for item in asked if item.block in DRIVER_BLOCKS or item.code == study.questionnaire.outcome]
        if action.department in slugs and action.item not in codes:
            message = (
                f"{place} stands an action about {quoted(action.item)}, to which no report would come back; allowed: "
                f"the mark, and what {quoted(action.department)} is asked about product, process and orientation."
            )
            yield Finding(("agreements",), 26, message, did_you_mean(action.item, codes))
