"""What survey platforms put above the answers: their header rows, and columns of their own.

Recognised by form and not by language: platforms translate their headings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["HEADER_ROWS_SEEN", "Header", "Platform", "header_of"]

Platform = Literal["qualtrics", "limesurvey", "surveymonkey", "microsoft_forms", "google_forms", "odk", "none"]

HEADER_ROWS_SEEN = 4
"""Records that are looked at to recognise a platform: at most three header rows and the first answers."""

IMPORT_ID = re.compile(r"""\{\s*["']ImportId["']\s*:.*\}""")
LEGACY_COLUMN = re.compile(r"V\d+")
LEGACY_RESPONSE_ID = "ResponseID"
LIMESURVEY_HEADING = re.compile(r"(?P<code>[A-Za-z][A-Za-z0-9_]*(?:\[[^\]]*\])*)\. ?(?P<text>.*)", re.DOTALL)
LIMESURVEY_ADMINISTRATIVE = frozenset(
    {"id", "token", "submitdate", "lastpage", "startlanguage", "seed", "startdate", "datestamp", "ipaddr", "refurl"}
)
LIMESURVEY_SURE = frozenset({"submitdate", "lastpage", "startlanguage"})
QUALTRICS_ADMINISTRATIVE = frozenset(
    {
        "startDate", "endDate", "status", "ipAddress", "progress", "duration", "finished", "recordedDate", "_recordId",
        "recipientLastName", "recipientFirstName", "recipientEmail", "externalDataReference", "locationLatitude",
        "locationLongitude", "distributionChannel", "userLanguage",
    }
)  # fmt: skip
QUALTRICS_LEGACY_PLACES = frozenset({"LocationLatitude", "LocationLongitude", "LocationAccuracy"})
ODK_SURE = ({"SubmissionDate", "KEY"}, {"_uuid", "_submission_time"})
"""ODK Central and KoboToolbox."""
ODK_ADMINISTRATIVE = frozenset(
    {
        "SubmissionDate", "KEY", "instanceID", "meta-instanceID", "instanceName", "SubmitterID", "SubmitterName",
        "AttachmentsPresent", "AttachmentsExpected", "Status", "ReviewState", "DeviceID", "Edits", "FormVersion",
        "start", "end", "_id", "_uuid", "_submission_time", "_validation_status", "_notes", "_status", "_submitted_by",
        "__version__", "_tags", "_index",
    }
)  # fmt: skip
ODK_GROUPS = re.compile(r"(?:(?:page_\d+|part_\d+_\d+[ab])[-/.])+")
"""Groups of a form that icstats made; the export may put them before the name of an answer."""
SURVEYMONKEY_ADMINISTRATIVE = 9
"""Columns at most before the first question: respondent, collector, two dates, address, e-mail, two names, custom."""
SURVEYMONKEY_FIRST = re.compile(r"respond\w*[ _-]?id|id.*respond\w*", re.IGNORECASE)
A_NUMBER = re.compile(r"\s*[-+]?[\d.,]+\s*")
ONE_ANSWER = re.compile(r"(open-ended )?response|antwoord|open antwoord|reactie", re.IGNORECASE)
FORMS_FIRST = ("id",)
FORMS_TIMES = re.compile(
    r"(start|completion) time|begintijd|tijdstip van (starten|voltooien)|tijd van voltooien|voltooiingstijd|"
    r"uhrzeit des (starts|abschlusses)|startzeit|fertigstellungszeit",
    re.IGNORECASE,
)
FORMS_ADMINISTRATIVE = re.compile(
    r"id|e-?mail|naam|name|language|taal|last modified time|tijd laatst gewijzigd|tijdstip laatst gewijzigd|"
    r"total points|quiz feedback",
    re.IGNORECASE,
)
GOOGLE_TIMESTAMP = re.compile(r"timestamp|tijdstempel|zeitstempel|horodateur", re.IGNORECASE)
GOOGLE_ADMINISTRATIVE = re.compile(r"e-?mail ?(address|adres)|username|gebruikersnaam|score", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Header:
    """The names of the columns, and what else stands above the answers.

    Attributes
    ----------
    names
        One per column, empty where there is none.
    rows
        Records that belong to the header.
    platform
        What made the file, in words; empty when that is not known.
    questions
        Name -> question in words.
    administrative
        Names of columns that hold no answers and that a study need not name.
    notes
        What was recognised.
    """

    names: tuple[str, ...]
    rows: int = 1
    platform: str = ""
    questions: Mapping[str, str] = field(default_factory=dict)
    administrative: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


def header_of(records: Sequence[Sequence[str]], platform: Platform | None = None) -> Header:
    """Return the header that the first records of a file make.

    Parameters
    ----------
    records
        Up to ``HEADER_ROWS_SEEN`` records.
    platform
        What made the file; None finds out, ``none`` takes the first row as it stands.
    """
    plain = Header(names=tuple(records[0]) if records else ())
    if platform == "none" or not (records and records[0]):
        return plain
    recognisers = {platform: RECOGNISERS[platform]} if platform else RECOGNISERS
    found = (recognise(records) for recognise in recognisers.values())
    return next((header for header in found if header is not None), plain)


def _told(platform: str, rows: int, more: str = "") -> tuple[str, ...]:
    heads = f", {rows} header rows" if rows > 1 else ""
    return (f"exported by {platform} (found){heads}{more}",)


def _qualtrics(records: Sequence[Sequence[str]]) -> Header | None:
    """Recognise three rows (names, questions, import ids), or the older two."""
    names = tuple(records[0])
    if len(records) > 2 and _import_ids(records[2]):  # noqa: PLR2004  the third row
        identifiers = (IMPORT_ID.search(cell) for cell in records[2])
        own = {
            name
            for name, found in zip(names, identifiers, strict=False)
            if found and re.search(r""":\s*["']([^"']*)""", found[0])[1] in QUALTRICS_ADMINISTRATIVE  # type: ignore[index]
        }
        return _qualtrics_header(names, records[1], rows=3, own=own)
    if len(records) > 1 and LEGACY_COLUMN.fullmatch(names[0]) and records[1][0] == LEGACY_RESPONSE_ID:
        own = {name for name in names if LEGACY_COLUMN.fullmatch(name) or name in QUALTRICS_LEGACY_PLACES}
        return _qualtrics_header(names, records[1], rows=2, own=own)
    return None


def _import_ids(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return bool(filled) and all(IMPORT_ID.fullmatch(cell) for cell in filled)


def _qualtrics_header(names: tuple[str, ...], texts: Sequence[str], *, rows: int, own: set[str]) -> Header:
    return Header(
        names=names,
        rows=rows,
        platform="Qualtrics",
        questions={name: text for name, text in zip(names, texts, strict=False) if name and text},
        administrative=frozenset(own),
        notes=_told("Qualtrics", rows),
    )


def _limesurvey(records: Sequence[Sequence[str]]) -> Header | None:
    """Recognise headings of the form ``code. question``, or question codes beside LimeSurvey's own columns."""
    names = tuple(records[0])
    headings = [LIMESURVEY_HEADING.fullmatch(name) for name in names]
    named = [name for name in names if name.strip()]
    if named and sum(heading is not None for heading in headings) > 0.8 * len(named):
        codes = tuple(heading["code"] if heading else name for heading, name in zip(headings, names, strict=True))
        questions = {heading["code"]: heading["text"].strip() for heading in headings if heading}
        return Header(
            names=codes,
            platform="LimeSurvey",
            questions=questions,
            administrative=frozenset(code for code in codes if code in LIMESURVEY_ADMINISTRATIVE),
            notes=_told("LimeSurvey", 1, "; columns are called by the code before the question"),
        )
    if set(names) >= LIMESURVEY_SURE:
        own = frozenset(name for name in names if name in LIMESURVEY_ADMINISTRATIVE)
        return Header(names=names, platform="LimeSurvey", administrative=own, notes=_told("LimeSurvey", 1))
    return None


def _odk(records: Sequence[Sequence[str]]) -> Header | None:
    """Recognise the columns that ODK Central and KoboToolbox add to the answers to an XLSForm."""
    names = tuple(ODK_GROUPS.sub("", name) for name in records[0])
    if not any(sure <= set(names) for sure in ODK_SURE):
        return None
    own = frozenset(name for name in names if name in ODK_ADMINISTRATIVE)
    return Header(names=names, platform="ODK", administrative=own, notes=_told("ODK or KoboToolbox", 1))


def _surveymonkey(records: Sequence[Sequence[str]]) -> Header | None:
    """Recognise two rows: the question over its first column, and the option (or "Response") in each."""
    if len(records) < 2 or not SURVEYMONKEY_FIRST.search(records[0][0]) or records[1][0].strip():  # noqa: PLR2004
        return None
    tops, options = list(records[0]), [*records[1], *[""] * (len(records[0]) - len(records[1]))]
    # A first respondent without a number must not be taken for a header.
    told = any(ONE_ANSWER.fullmatch(option.strip()) for option in options) or not all(top.strip() for top in tops)
    if not told or not any(option.strip() for option in options) or any(map(A_NUMBER.fullmatch, options)):
        return None
    first = next(place for place, option in enumerate(options) if option.strip())
    names, questions, question = tops[:first], {}, ""
    for top, option in zip(tops[first:], options[first:], strict=False):
        question = top.strip() or question
        single = not option.strip() or ONE_ANSWER.fullmatch(option.strip())
        name = question if single and top.strip() else f"{question} [{option.strip()}]"
        names.append(name)
        questions[name] = question if single else f"{question} {option.strip()}"
    return Header(
        names=tuple(names),
        rows=2,
        platform="SurveyMonkey",
        questions=questions,
        administrative=frozenset(tops[: min(first, SURVEYMONKEY_ADMINISTRATIVE)]),
        notes=_told("SurveyMonkey", 2, "; a column of one option is called question [option]"),
    )


def _microsoft_forms(records: Sequence[Sequence[str]]) -> Header | None:
    """Recognise an ID followed by the times of start and completion."""
    names = tuple(records[0])
    if len(names) < 4 or names[0].strip().casefold() not in FORMS_FIRST:  # noqa: PLR2004  and a question
        return None
    if not all(FORMS_TIMES.fullmatch(name.strip()) for name in names[1:3]):
        return None
    own = [name for name in names[:7] if FORMS_TIMES.fullmatch(name.strip())]
    own += [name for name in names[:7] if FORMS_ADMINISTRATIVE.fullmatch(name.strip())]
    return _own_words(names, own, "Microsoft Forms")


def _google_forms(records: Sequence[Sequence[str]]) -> Header | None:
    """Recognise the time stamp in front of the questions."""
    names = tuple(records[0])
    if len(names) < 2 or not GOOGLE_TIMESTAMP.fullmatch(names[0].strip()):  # noqa: PLR2004  and a question
        return None
    own = [names[0], *(name for name in names[1:4] if GOOGLE_ADMINISTRATIVE.fullmatch(name.strip()))]
    return _own_words(names, own, "Google Forms")


def _own_words(names: tuple[str, ...], own: Sequence[str], platform: str) -> Header:
    """Return the header of a platform that heads each column with the question itself."""
    return Header(
        names=names,
        platform=platform,
        questions={name: " ".join(name.split()) for name in names if name.strip() and name not in own},
        administrative=frozenset(own),
        notes=_told(platform, 1),
    )


RECOGNISERS: Mapping[str, Callable[[Sequence[Sequence[str]]], Header | None]] = {
    "qualtrics": _qualtrics,
    "limesurvey": _limesurvey,
    "surveymonkey": _surveymonkey,
    "microsoft_forms": _microsoft_forms,
    "google_forms": _google_forms,
    "odk": _odk,
}
