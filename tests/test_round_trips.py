"""Whatever is asked of whomever: three ways to write a survey down, on both roads, are the same ratings."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_survey import item, questionnaire, study, text

from icstats.questionnaire import ResponseScale, Scale
from icstats.responses import read_responses
from icstats.study import Department

if TYPE_CHECKING:
    from icstats.questionnaire import Questionnaire
    from icstats.responses import Responses

PEOPLE = ("007", "b b", "ç", "d;e", 'f"g')
CODES = ("HR", "Legal & risk", "IT.nl")
ABSENT = {"n.v.t.": "not_applicable", "?": "dont_know"}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@dataclass(frozen=True)
class Survey:
    """A made-up survey: ``answers[person][department][item]`` is what stands in the cell."""

    questionnaire: Questionnaire
    departments: tuple[Department, ...]
    answers: dict[str, dict[str, dict[str, str]]]

    def asked(self, slug: str) -> list[str]:
        return [one.code for one in self.questionnaire.items_of(department=slug)]


@st.composite
def surveys(draw: st.DrawFn) -> Survey:
    slugs = [f"d{number}" for number in range(draw(st.integers(1, len(CODES))))]
    departments = tuple(
        Department.model_validate({"slug": slug, "name": {"en": slug, "nl": slug}, "code": code})
        for slug, code in zip(slugs, CODES, strict=False)
    )
    low, steps = draw(st.integers(0, 1)), draw(st.integers(2, 10))
    satisfied = {"satisfied": low + steps, "dissatisfied": low}
    scale = ResponseScale.model_validate({"minimum": low, "maximum": low + steps, **satisfied})
    items = []
    for number in range(draw(st.integers(1, 5))):
        own = draw(st.sampled_from([None, None, (slugs[0],)])) if number else None
        block = draw(st.sampled_from(["product", "process", "orientation"]))
        more: dict[str, Any] = {"core": False, "departments": own} if own else {"scale": block}
        items.append(item(f"A{number}", block, responses="drawn", reverse=draw(st.booleans()), **more))
    items.append(item("M", "outcome", responses="drawn"))
    if draw(st.booleans()):
        items.append(item("O", "open", responses=None))
    blocks = dict.fromkeys(one.scale for one in items if one.scale)
    asked = questionnaire(
        *items,
        outcome="M",
        responses={"drawn": scale},
        scales=tuple(Scale.model_validate({"code": code, "block": code, "label": text(code)}) for code in blocks),
    )
    closed = st.sampled_from(["", *map(str, range(low, low + steps + 1)), *ABSENT])
    comments = st.sampled_from(["", "fine", 'two\nlines, "quoted"', "5"])
    rating = {
        slug: st.fixed_dictionaries(
            {one.code: closed if one.responses else comments for one in asked.items_of(department=slug)}
        )
        for slug in slugs
    }
    person = st.fixed_dictionaries({}, optional=rating)
    answers = draw(st.dictionaries(st.sampled_from(PEOPLE), person, min_size=1))
    return Survey(asked, departments, answers)


def answered(survey: Survey) -> bool:
    return any(cell for one in survey.answers.values() for own in one.values() for cell in own.values())


def text_of(header: list[str], rows: list[list[str]]) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=";", quoting=csv.QUOTE_ALL).writerows([header, *rows])
    return stream.getvalue()


def stacked(survey: Survey) -> str:
    items = [one.code for one in survey.questionnaire.items]
    names = {one.slug: str(one.code) for one in survey.departments}
    rows = [
        [person, names[slug], *(own.get(code, "") for code in items)]
        for person, ratings in survey.answers.items()
        for slug, own in ratings.items()
    ]
    return text_of(["respondent", "department", *items], rows)


def wide(survey: Survey) -> str:
    columns = [(one, code) for one in survey.departments for code in survey.asked(one.slug)]
    rows = [
        [person, *(ratings.get(one.slug, {}).get(code, "") for one, code in columns)]
        for person, ratings in survey.answers.items()
    ]
    return text_of(["respondent", *(f"{one.code}__{code}" for one, code in columns)], rows)


def long(survey: Survey) -> str:
    names = {one.slug: str(one.code) for one in survey.departments}
    rows = [
        [person, names[slug], code, cell]
        for person, ratings in survey.answers.items()
        for slug, own in ratings.items()
        for code, cell in own.items()
    ]
    return text_of(["respondent", "department", "item", "answer"], rows[::-1])


def read(survey: Survey, layout: str, largest: int) -> Responses:
    settings = {"layout": layout, **{meaning: (word,) for word, meaning in ABSENT.items()}}
    small = study(
        questionnaire=survey.questionnaire,
        departments=survey.departments,
        responses=settings,
        store=Path.cwd() / f"{layout}-{largest}",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("icstats.intake.LARGEST_FILE", largest)
        return read_responses(small, rebuild=True)


def everything(responses: Responses) -> list[pd.DataFrame]:
    return [
        responses.ratings(wave="2026").drop(columns="file_row"),
        responses.counts(wave="2026"),
        *(responses.missing(wave="2026", department=slug) for slug in responses.departments),
    ]


@settings(max_examples=15, deadline=None)
@given(surveys().filter(answered))
def test_random_questionnaires_make_the_round_by_every_layout_and_road(survey: Survey) -> None:
    results = []
    for layout, written in (("stacked", stacked), ("wide", wide), ("long", long)):
        Path("survey.csv").write_text(written(survey), encoding="utf-8", newline="")
        results += [everything(read(survey, layout, largest)) for largest in (10**9, 0)]
    for other in results[1:]:
        for frame, same in zip(results[0], other, strict=True):
            pd.testing.assert_frame_equal(frame, same)
