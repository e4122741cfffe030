"""A study to fill in is a study, once its files are there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icstats.errors import ParameterError
from icstats.study import ResponsesFile, Study, read_study
from icstats.template import study_template

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def params(tmp_path: Path) -> Path:
    """A folder with the item bank, where studies stand."""
    folder = tmp_path / "params"
    shutil.copytree(ROOT / "params" / "questionnaires", folder / "questionnaires")
    shutil.copy(ROOT / "params" / "policy.yaml", folder)
    return folder


def test_the_template_is_a_study_once_the_survey_file_is_there(params: Path) -> None:
    path = params / "my-survey.yaml"
    path.write_text(study_template("my-survey", wave="2027"), encoding="utf-8")
    with pytest.raises(ParameterError) as caught:
        read_study(path)
    (lost,) = caught.value.problems
    assert (lost.code, lost.column) == ("ICS-321", "responses.file")

    answers = params.parent / "data" / "my-survey.csv"
    answers.parent.mkdir()
    answers.touch()
    study = read_study(path)
    assert (study.name, study.wave, study.responses.file) == ("my-survey", "2027", answers)
    assert study.questionnaire.name == "internal_customer"


def test_the_policy_in_the_template_only_waits_for_its_mark_to_go(params: Path) -> None:
    text = study_template("my-survey").replace("# policy: policy.yaml", "policy: policy.yaml")
    (params.parent / "data").mkdir()
    (params.parent / "data" / "my-survey.csv").touch()
    path = params / "my-survey.yaml"
    path.write_text(text, encoding="utf-8")
    assert read_study(path).policy.minimum_group == 10


def test_the_template_names_every_setting_of_a_study() -> None:
    text = study_template("my-survey")
    # Few need these; the README lists them. Sources are not set but found.
    unnamed = {"file", "sources", "store", "notebooks", "separator", "joint", "encoding", "decimal", "platform"}
    for name in {*Study.model_fields, *ResponsesFile.model_fields} - unnamed:
        assert f"{name}:" in text, name


@pytest.mark.parametrize("name", ["", "My survey", "../up", "a--b", "-a", "a\n", "x" * 61, "{wave}"])
def test_a_name_that_cannot_stand_in_paths_is_refused(name: str) -> None:
    with pytest.raises(ParameterError) as caught:
        study_template(name)
    shown = name.replace("\n", "<U+000A>") if len(name) <= 60 else "x" * 59 + "…"
    assert str(caught.value) == (
        f'found "{shown}"; a study\'s name is lower case letters, digits and single hyphens, at most 60 characters. '
        "[ICS-332]"
    )


@given(st.from_regex(r"[a-z0-9]{1,10}(-[a-z0-9]{1,10}){0,3}", fullmatch=True))
def test_every_good_name_stands_in_the_template(name: str) -> None:
    assert f"name: {name}\n" in study_template(name)
