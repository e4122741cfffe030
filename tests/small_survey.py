"""A small survey to try reading on: two departments, every kind of item, any text as its file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from icstats.errors import SurveyFileError
from icstats.questionnaire import Item, Questionnaire, ResponseScale, Scale, Text
from icstats.responses import Responses, check_responses, read_responses
from icstats.study import Department, ResponsesFile, Study

PRIVATE = "my manager is rude"
FIVE = ResponseScale(minimum=1, maximum=5, satisfied=4, dissatisfied=2)
TEN = ResponseScale(minimum=1, maximum=10, satisfied=8, dissatisfied=5)


def text(words: str) -> Text:
    return Text(en=words, nl=words)


def item(code: str, block: str, **more: object) -> Item:
    return Item.model_validate(
        {"code": code, "block": block, "wording": text(code), "label": text(code), "responses": "five", **more}
    )


ITEMS = (
    item("PC1", "process", scale="process"),
    item("PC2", "process", scale="process", reverse=True),
    item("PX1", "process", core=False, departments=("hr",)),
    item("SA1", "outcome", responses="ten"),
    item("IM1", "importance", about="PC1"),
    item("MI1", "mirror", about="PC1"),
    item("OP1", "open", responses=None),
)


def questionnaire(*items: Item, **more: object) -> Questionnaire:
    settings = {
        "name": "small",
        "version": "1",
        "title": text("Small"),
        "outcome": "SA1",
        "responses": {"five": FIVE, "ten": TEN},
        "scales": (Scale(code="process", block="process", label=text("Process")),),
        "items": items or ITEMS,
    }
    return Questionnaire.model_validate({**settings, **more})


Settings = Mapping[str, object]


def study(*, columns: Settings | None = None, responses: Settings | None = None, **changes: object) -> Study:
    """Return a study in the current folder; ``responses`` and ``columns`` are settings of the survey file."""
    of_file = {"file": Path.cwd() / "survey.csv", "columns": columns or {}, **(responses or {})}
    settings = {
        "file": Path.cwd() / "study.yaml",
        "name": "small",
        "title": text("Small"),
        "organisation": text("Organisation"),
        "wave": "2026",
        "responses": ResponsesFile.model_validate(of_file),
        "questionnaire": questionnaire(),
        "departments": (Department(slug="hr", name=text("HR")), Department(slug="it", name=text("IT"))),
        "store": Path.cwd() / "store",
    }
    return Study.model_validate({**settings, **changes})


def write(content: str) -> None:
    Path("survey.csv").write_text(content, encoding="utf-8", newline="")


def read(content: str, **changes: Any) -> Responses:  # noqa: ANN401  as study() takes them
    write(content)
    return read_responses(study(**changes))


def refusal(content: str, **changes: Any) -> list[str]:  # noqa: ANN401  as study() takes them
    """Return the lines of the refusal, after making sure that nothing was written and nothing private is said."""
    write(content)
    small = study(**changes)
    with pytest.raises(SurveyFileError) as error:
        read_responses(small)
    assert not small.store_folder.exists()
    assert Path("survey.csv").read_text(encoding="utf-8") == content
    with pytest.raises(SurveyFileError) as checked:
        check_responses(small)
    assert str(checked.value) == str(error.value)
    assert PRIVATE not in str(error.value)
    return str(error.value).splitlines()
