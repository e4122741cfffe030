"""Choosing questions together: staff rate candidates in workbooks; departments get their own within a budget."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from statistics import mean
from typing import TYPE_CHECKING

import pandas as pd

from icstats.answers import NUMBER, masked
from icstats.errors import ParameterError, Problem, SurveyFileError
from icstats.evidence import earlier_evidence, tells_nothing
from icstats.fieldwork import as_yaml
from icstats.intake import read_table
from icstats.questionnaire import LANGUAGES_OF_QUESTIONS, Text
from icstats.reliability import cronbach_alpha
from icstats.scales import driver_items
from icstats.seeds import derive_seed
from icstats.selection import Agreed, Choice, Selection
from icstats.simulate import simulate_ratings
from icstats.sizes import expected_margin, expected_reliability, survey_sizes
from icstats.surveyfile import ResponsesFile, is_day
from icstats.texts import Texts
from icstats.workbooks import write_workbook

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from icstats.evidence import Evidence
    from icstats.fieldwork import Fieldwork
    from icstats.questionnaire import Item, Questionnaire
    from icstats.rawtable import RawTable
    from icstats.selection import Reason
    from icstats.study import Department
    from icstats.workbooks import Cell

__all__ = [
    "Sheet",
    "candidates",
    "chosen_questionnaire",
    "minutes_of",
    "pilot",
    "planned_sizes",
    "propose",
    "read_sheets",
    "remarks",
    "write_proposal",
    "write_sheets",
]

RATED = ("usable", "actable")
FEWEST_PILOTED = 30
PILOTED = ["department", "scale", "items", "answers", "alpha", "conf_low", "conf_high", "margin"]
WORST, BEST = 1, 5
ENOUGH = 3
"""A candidate that staff rate lower than this on either question is not asked."""
QUESTIONS, AGREED, EXPLANATION = "questions", "agreed", "explanation"
HEADER = ("code", "block", "en", "nl", "earlier", *RATED)
AGREED_HEADER = ("department", "agreed_by", "agreed_on")
BEFORE = ".before.yaml"
LOCK = "~$"
"""So begins the file that Excel lays beside a workbook that is open."""
MIDNIGHT = "T00:00:00"
RATINGS = ("", *map(str, range(WORST, BEST + 1)))
AS_MADE = "put the answers in the workbook as it was made; choose makes it anew once this file is moved away"


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What one workbook said.

    Attributes
    ----------
    department
        Slug.
    agreed_by, agreed_on
        A function and a day; empty where not filled in.
    ratings
        Code -> usable and actable, from 1 to 5; only questions with both.
    half_rated
        Codes of the questions with one of the two.
    file, copies
        Name of the workbook, and of those that say exactly the same.
    """

    department: str
    agreed_by: str
    agreed_on: str
    ratings: Mapping[str, tuple[int, int]]
    half_rated: tuple[str, ...]
    file: str = field(compare=False)
    copies: tuple[str, ...] = field(default=(), compare=False)


def candidates(fieldwork: Fieldwork, department: Department) -> tuple[Item, ...]:
    """Return the questions that a department can choose: those to customers that are not in the locked core."""
    asked = fieldwork.questionnaire.items_of(department=department.slug)
    return tuple(
        item
        for item in asked
        if item.code not in fieldwork.choice.locked and item.block not in ("mirror", "importance")
    )


def write_sheets(fieldwork: Fieldwork, folder: Path) -> tuple[Path, ...]:
    """Write a workbook per department, in which its staff rate the candidates.

    Copies may be filled in by several people: all workbooks in the folder are read back. A workbook that is there
    stays as it is, for it may be filled in.

    Returns
    -------
    tuple of Path
        Those that were made: ``<slug>.xlsx`` with the sheets ``questions``, ``agreed`` and, in both languages,
        ``explanation``.

    Raises
    ------
    ParameterError
        There is a workbook of every department; none was made.
    """
    wanted = [folder / f"{department.slug}.xlsx" for department in fieldwork.departments]
    if all(path.exists() for path in wanted):
        names = ", ".join(path.name for path in wanted)
        raise ParameterError(
            f"there are workbooks already, {names}; they may be filled in and are left as they are.",
            code="ICS-346",
            hint="icstats questionnaire propose reads them; to begin anew name another folder",
        )
    folder.mkdir(parents=True, exist_ok=True)
    evidence = earlier_evidence(fieldwork.choice.earlier)
    made = []
    for department, path in zip(fieldwork.departments, wanted, strict=True):
        if path.exists():
            continue
        rows: list[list[Cell]] = [[*HEADER]]
        for item in candidates(fieldwork, department):
            told = "" if evidence is None else _told(evidence, item.code)
            words = [item.wording[language].format(department=department.name[language]) for language in ("en", "nl")]
            rows.append([item.code, item.block, *words, told, None, None])
        agreed: list[list[Cell]] = [[*AGREED_HEADER], [department.slug, "", ""]]
        write_workbook(path, {QUESTIONS: rows, AGREED: agreed, EXPLANATION: _explanation()})
        made.append(path)
    return tuple(made)


def _explanation() -> list[list[Cell]]:
    """Return what each column means, the languages side by side."""
    words = [Texts(language) for language in LANGUAGES_OF_QUESTIONS]
    rows: list[list[Cell]] = [["", *LANGUAGES_OF_QUESTIONS]]
    rows += [
        [name, *(text.say(f"choosing.{name}", worst=WORST, best=BEST) for text in words)]
        for name in (*RATED, "earlier", "agreed")
    ]
    return rows


def _told(evidence: Evidence, code: str) -> str:
    """Return what an earlier wave says of a question, in a few words for the cell."""
    rows = {name: evidence.row(code, name) for name in ("cannot_say", "ceiling", "icc1")}
    numbers = [f"{name} {row.estimate:.2f}" for name, row in rows.items() if row is not None and not row.hidden]
    return "; ".join([*numbers, *(f"told nothing: {why}" for why in tells_nothing(evidence, code))])


def read_sheets(fieldwork: Fieldwork, folder: Path) -> tuple[Sheet, ...]:
    """Read all workbooks of a folder; of those with the same ratings and agreement, all but the first are copies.

    Raises
    ------
    ParameterError
        Everything that is wrong in any of them, at once.
    """
    problems: list[Problem] = []
    sheets: list[Sheet] = []
    for path in sorted(path for path in folder.glob("*.xlsx") if not path.name.startswith(LOCK)):
        try:
            sheet = _read_sheet(fieldwork, path)
        except ParameterError as refusal:
            problems += refusal.problems
            continue
        if sheet.ratings and sheet in sheets:
            place = sheets.index(sheet)
            sheets[place] = replace(sheets[place], copies=(*sheets[place].copies, path.name))
        else:
            sheets.append(sheet)
    if problems:
        raise ParameterError(problems)
    if not sheets:
        raise ParameterError(
            f"There is no workbook in {folder.name}.", code="ICS-342", hint="icstats questionnaire choose makes them"
        )
    return tuple(sheets)


def _read_sheet(fieldwork: Fieldwork, path: Path) -> Sheet:
    questions, agreed = _tables(path)
    department, by, on = (str(agreed.frame[name].iloc[0]).strip() for name in AGREED_HEADER)
    known = {one.slug: one for one in fieldwork.departments}
    if department not in known:
        message = f"found no department of this survey; allowed: {', '.join(known)}."
        raise _refused(path, "ICS-343", message, rows=agreed.rows[:1].tolist(), column=f"{AGREED}.department")
    given = {
        row: tuple(str(cell).strip() for cell in cells)
        for row, *cells in zip(
            questions.rows.tolist(), *(questions.frame[name] for name in ("code", *RATED)), strict=True
        )
    }
    given = {row: cells for row, cells in given.items() if any(cells)}
    problems = [
        *_wrong_codes(path, given, [item.code for item in candidates(fieldwork, known[department])]),
        *_wrong_ratings(path, given),
        *_wrong_day(path, by, on.removesuffix(MIDNIGHT), agreed.rows[:1].tolist()),
    ]
    if problems:
        raise ParameterError(problems)
    return Sheet(
        department=department,
        agreed_by=by,
        agreed_on=on.removesuffix(MIDNIGHT),
        ratings={code: (int(usable), int(actable)) for code, usable, actable in given.values() if usable and actable},
        half_rated=tuple(code for code, usable, actable in given.values() if bool(usable) != bool(actable)),
        file=path.name,
    )


def _refused(path: Path, code: str, message: str, *, rows: Sequence[int] = (), column: str = "") -> ParameterError:
    return ParameterError(
        Problem(code=code, file=path.name, rows=tuple(rows), column=column, message=message, hint=AS_MADE)
    )


def _tables(path: Path) -> tuple[RawTable, RawTable]:
    """Return the questions and the agreement; a workbook that cannot be read is mended otherwise than answers are."""
    try:
        questions, agreed = (read_table(ResponsesFile(file=path, sheet=name)) for name in (QUESTIONS, AGREED))
    except SurveyFileError as refusal:
        raise ParameterError([replace(one, file=path.name, hint=AS_MADE) for one in refusal.problems]) from None
    lost = [f"{QUESTIONS}.{name}" for name in ("code", *RATED) if name not in questions.frame]
    lost += [f"{AGREED}.{name}" for name in AGREED_HEADER if name not in agreed.frame]
    if lost:
        raise _refused(path, "ICS-343", f"it is no longer the workbook that was made: {', '.join(lost)} is missing.")
    if len(agreed.frame) != 1:
        message = f"its sheet {AGREED} has {len(agreed.frame)} rows below the header; allowed: one."
        raise _refused(path, "ICS-343", message)
    return questions, agreed


def _wrong_codes(path: Path, given: Mapping[int, Sequence[str]], allowed: Sequence[str]) -> Iterator[Problem]:
    rows = {code: tuple(row for row, cells in given.items() if cells[0] == code) for code in allowed}
    wrong = tuple(row for row, cells in given.items() if cells[0] not in rows)
    problem = Problem(code="ICS-344", file=path.name, column="code", message="", hint=AS_MADE)
    if wrong:
        yield replace(problem, rows=wrong, message="found no question that the department can choose.")
    for code, there in rows.items():
        if len(there) > 1:
            yield replace(problem, rows=there, message=f"{code} stands there {len(there)} times; allowed: once.")
    lost = [code for code, there in rows.items() if not there]
    if lost:
        yield replace(problem, message=f"there is no row of {', '.join(lost)}.")


def _wrong_ratings(path: Path, given: Mapping[int, Sequence[str]]) -> Iterator[Problem]:
    for row, (_, *ratings) in given.items():
        for column, found in zip(RATED, ratings, strict=True):
            if found not in RATINGS:
                shown = found if NUMBER.fullmatch(found) else masked([found])
                message = f"found {shown}; allowed: a whole number from {WORST} to {BEST}, or an empty cell."
                yield Problem(code="ICS-344", file=path.name, rows=(row,), column=column, message=message)


def _wrong_day(path: Path, by: str, on: str, rows: Sequence[int]) -> Iterator[Problem]:
    if (by or on) and not is_day(on):
        found = masked([on]) if on else "an empty cell beside who agreed"
        message = f"found {found}; allowed: a day, like 2026-01-31."
        column = f"{AGREED}.agreed_on"
        yield Problem(code="ICS-347", file=path.name, rows=tuple(rows), column=column, message=message)


def remarks(fieldwork: Fieldwork, sheets: Sequence[Sheet], texts: Texts) -> tuple[str, ...]:
    """Return what whoever reads the proposal should know of the workbooks that it was made from."""
    found = []
    for department in fieldwork.departments:
        own = [sheet for sheet in sheets if sheet.department == department.slug]
        name = department.name[texts.language]
        if not own:
            found.append(texts.say("choosing.absent", department=name))
        elif not any(sheet.agreed_by for sheet in own):
            found.append(texts.say("choosing.nobody_agreed", department=name))
    for sheet in sheets:
        if sheet.half_rated:
            found.append(texts.say("choosing.half_rated", file=sheet.file, items=", ".join(sheet.half_rated)))
        if sheet.copies:
            found.append(texts.say("choosing.copies", files=", ".join((sheet.file, *sheet.copies))))
    core = sum(fieldwork.choice.seconds_of(item) for item in _locked(fieldwork)) / 60
    if core > fieldwork.choice.minutes:
        minutes, most = (texts.number(one, 1) for one in (core, fieldwork.choice.minutes))
        found.append(texts.say("choosing.core_too_long", minutes=minutes, most=most))
    return tuple(found)


def propose(fieldwork: Fieldwork, sheets: Sequence[Sheet]) -> Selection:
    """Propose the questions of every department: the locked core, then its own, the best rated first.

    A candidate is asked when its mean rating is at least 3 on both questions, an earlier wave does not say that it told
    nothing, the department has not had its number of own questions, and there is time left.
    """
    evidence = earlier_evidence(fieldwork.choice.earlier)
    choices: list[Choice] = []
    agreed: dict[str, Agreed] = {}
    for department in fieldwork.departments:
        own = [sheet for sheet in sheets if sheet.department == department.slug]
        signed = next((sheet for sheet in own if sheet.agreed_by), None)
        if signed is not None:
            agreed[department.slug] = Agreed(by=_in_every_language(signed.agreed_by), on=signed.agreed_on)
        choices += _choices(fieldwork, department, own, evidence)
    considered = {choice.item for choice in choices}
    return Selection(
        fieldwork=fieldwork.name,
        minutes=fieldwork.choice.minutes,
        own_items=fieldwork.choice.own_items,
        locked=tuple(item.code for item in _locked(fieldwork)),
        choices=tuple(choices),
        agreed=agreed,
        labels={item.code: item.label for item in fieldwork.questionnaire.items if item.code in considered},
    )


def _in_every_language(words: str) -> Text:
    """Return what a workbook says once as it stands in a log; whoever reads the log may translate it there."""
    line = " ".join(words.split())
    return Text(en=line, nl=line)


def _locked(fieldwork: Fieldwork) -> list[Item]:
    return [item for item in fieldwork.questionnaire.items if item.code in fieldwork.choice.locked]


def _choices(
    fieldwork: Fieldwork, department: Department, sheets: Sequence[Sheet], evidence: Evidence | None
) -> Iterator[Choice]:
    rules = fieldwork.choice
    left = rules.minutes * 60 - sum(rules.seconds_of(item) for item in _locked(fieldwork))
    taken = 0
    rated = [
        (item, [sheet.ratings[item.code] for sheet in sheets if item.code in sheet.ratings])
        for item in candidates(fieldwork, department)
    ]
    best_first = sorted(rated, key=lambda pair: -mean([sum(one) for one in pair[1]] or [0]))
    for item, ratings in best_first:
        usable, actable = (mean([one[place] for one in ratings] or [0]) for place in (0, 1))
        reason: Reason = "chosen"
        if not ratings:
            reason = "not_rated"
        elif usable < ENOUGH:
            reason = "not_usable"
        elif actable < ENOUGH:
            reason = "not_actable"
        elif evidence is not None and tells_nothing(evidence, item.code):
            reason = "told_nothing"
        elif taken == rules.own_items:
            reason = "enough_own"
        elif rules.seconds_of(item) > left:
            reason = "no_time"
        else:
            taken, left = taken + 1, left - rules.seconds_of(item)
        yield Choice(
            department=department.slug,
            item=item.code,
            reason=reason,
            raters=len(ratings),
            usable=round(usable, 1) if ratings else None,
            actable=round(actable, 1) if ratings else None,
        )


def chosen_questionnaire(fieldwork: Fieldwork, selection: Selection) -> Questionnaire:
    """Return the questionnaire with the locked core and what departments chose, each asked where it was chosen."""
    kept = []
    for item in fieldwork.questionnaire.items:
        by = tuple(one.department for one in selection.choices if one.item == item.code and one.reason == "chosen")
        if item.code in selection.locked:
            kept.append(item)
        elif by:
            kept.append(item.model_copy(update={"core": False, "departments": by}))
    asked = {item.code for item in kept}
    kept += [item for item in fieldwork.questionnaire.items if item.about in asked]
    scales = {item.scale for item in kept}
    return fieldwork.questionnaire.model_copy(
        update={
            "items": tuple(kept),
            "scales": tuple(scale for scale in fieldwork.questionnaire.scales if scale.code in scales),
        }
    )


def write_proposal(fieldwork: Fieldwork, selection: Selection, folder: Path) -> tuple[Path, ...]:
    """Write the log of the choice and the questionnaire that follows from it, ``selection.yaml`` first.

    A file that stands there and says something else, perhaps changed by hand, is kept as ``selection.before.yaml``.
    """
    written = []
    for name, content in (("selection", selection), ("questionnaire", chosen_questionnaire(fieldwork, selection))):
        written.append(folder / f"{name}.yaml")
        text = as_yaml(content.model_dump(exclude_none=True))
        if written[-1].exists() and written[-1].read_text(encoding="utf-8") != text:
            written[-1].replace(folder / f"{name}{BEFORE}")
        written[-1].write_text(text, encoding="utf-8", newline="\n")
    return tuple(written)


def minutes_of(fieldwork: Fieldwork, selection: Selection, department: str) -> float:
    """Return how long a customer takes for a department, with what was chosen."""
    own = {choice.item for choice in selection.of(department) if choice.reason == "chosen"}
    asked = [item for item in fieldwork.questionnaire.items if item.code in own or item.code in selection.locked]
    return sum(fieldwork.choice.seconds_of(item) for item in asked) / 60


def planned_sizes(fieldwork: Fieldwork) -> pd.DataFrame:
    """Return what the invitations of every department will give: see :func:`icstats.sizes.survey_sizes`."""
    rules = fieldwork.choice
    return survey_sizes(
        [(one.slug, one.invited) for one in fieldwork.departments if one.invited],
        response=rules.response,
        sd=rules.sd,
        wanted_margin=rules.margin,
        wanted_difference=rules.difference,
    )


def pilot(fieldwork: Fieldwork, questionnaire: Questionnaire, *, seed: int) -> pd.DataFrame:
    """Return which reliability and margins every department's scales will have, from simulated pilots.

    Returns
    -------
    DataFrame
        ``department, scale, items, answers, alpha, conf_low, conf_high`` and ``margin`` (half the width of the interval
        of the scale's mean), at the expected response. Questions that the department chose are no part of a scale, as
        in its report. Fewer answers than 30 are simulated as 30. In the simulation two questions of a block go
        together as ``choice.mean_correlation`` says.
    """
    rows: list[dict[str, object]] = []
    for department in fieldwork.departments:
        n = max(round((department.invited or FEWEST_PILOTED) * fieldwork.choice.response), FEWEST_PILOTED)
        blocks = driver_items(questionnaire, department.slug)
        scales = {block: [code for code in items if questionnaire.item(code).core] for block, items in blocks.items()}
        together = fieldwork.choice.mean_correlation
        ratings = simulate_ratings(
            n,
            questionnaire=questionnaire,
            block_shares=dict.fromkeys(blocks, 1 / len(blocks)),
            reliability={
                block: expected_reliability(len(items), mean_correlation=together) for block, items in blocks.items()
            },
            department=department.slug,
            seed=derive_seed(seed, department.slug, "pilot"),
        )
        rows += [
            {"department": department.slug, "scale": block, "answers": n, **_piloted(ratings[codes], block)}
            for block, codes in scales.items()
            if codes
        ]
    return pd.DataFrame(rows, columns=PILOTED)


def _piloted(answers: pd.DataFrame, scale: str) -> dict[str, object]:
    found = cronbach_alpha(answers, name=scale).data.iloc[0] if answers.shape[1] > 1 else None
    alpha = {
        name: float("nan") if found is None else float(found[column])
        for name, column in (("alpha", "estimate"), ("conf_low", "conf_low"), ("conf_high", "conf_high"))
    }
    spread = float(answers.mean(axis=1).std())
    return {"items": answers.shape[1], **alpha, "margin": expected_margin(len(answers), sd=spread)}
