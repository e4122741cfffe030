"""Settings files: everything wrong with one is told at once, with file, line, key and what is allowed."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from icstats.documents import Finding, did_you_mean, file_nearby, nearest, parse, read_document, shown_path
from icstats.errors import ICStatsError, NormError, ParameterError, QuestionnaireError
from icstats.study import Policy, read_policy, read_study


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Part(Strict):
    code: str = Field(pattern="^[a-z]+$", description="small letters")
    size: int = Field(default=10, ge=5)
    kind: Literal["wide", "long"] | None = None


class Whole(Strict):
    name: str = Field(min_length=2, max_length=5)
    share: float = Field(default=0.5, gt=0, le=1)
    shown: bool = True
    words: tuple[str, ...] = ()
    options: tuple[Literal["a", "b"], ...] = ("a",)
    numbers: dict[int, str] = Field(default_factory=dict)
    parts: tuple[Annotated[Part, Field()], ...] = Field(default=(), min_length=0)
    part: Part | None = None
    extra: int = 0


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder, so that messages show short names."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def parsed(folder: Path, text: str, **settings: object) -> Whole:
    path = folder / "a.yaml"
    path.write_text(text, encoding="utf-8")
    return parse(read_document(path, error=ParameterError), Whole, **settings)  # type: ignore[arg-type]


def messages(folder: Path, text: str, **settings: object) -> list[str]:
    with pytest.raises(ParameterError) as caught:
        parsed(folder, text, **settings)
    return str(caught.value).splitlines()


def test_a_good_document_becomes_the_model(folder: Path) -> None:
    text = """
name: one
share: 1
words: [x, 'y']
numbers: {1: low, 5: high}
parts:
  - {code: a, size: 5}
  - code: b
    kind: long
"""
    assert parsed(folder, text) == Whole(
        name="one",
        share=1.0,
        words=("x", "y"),
        numbers={1: "low", 5: "high"},
        parts=(Part(code="a", size=5), Part(code="b", kind="long")),
    )


def test_all_problems_of_form_are_told_at_once_in_the_order_of_the_file(folder: Path) -> None:
    text = """
share: 3,5
shown: True
words: x
options: [a, c]
numbers: {low: x}
parts:
  - {code: A1, size: 1, kidn: wide}
  - {size: ten, kind: wyde}
part: 3
treshold: 5
"""
    assert messages(folder, text) == [
        'a.yaml, line 1, character 1, "name": required, but not there. [ICS-311]',
        (
            'a.yaml, line 2, character 1, "share": found "3,5"; allowed: a number, more than 0, at most 1. '
            "Hint: a decimal point, not a comma: 3.5 [ICS-313]"
        ),
        (
            'a.yaml, line 3, character 1, "shown": found "True"; allowed: true or false. '
            "Hint: in small letters: true [ICS-313]"
        ),
        'a.yaml, line 4, character 1, "words": found "x"; allowed: a list. [ICS-313]',
        'a.yaml, line 5, character 14, "options[2]": found "c"; allowed: a, b. [ICS-314]',
        'a.yaml, line 6, character 11, "numbers.low": found the key "low"; allowed: a whole number. [ICS-313]',
        'a.yaml, line 8, character 6, "parts[A1].code": found "A1"; allowed: small letters. [ICS-314]',
        (
            'a.yaml, line 8, character 16, "parts[A1].size": found 1; allowed: a whole number, 5 or more. '
            "Hint: leave it out for the default, 10 [ICS-314]"
        ),
        (
            'a.yaml, line 8, character 25, "parts[A1].kidn": unknown setting; allowed here: code, size, kind. '
            'Hint: did you mean "kind"? [ICS-312]'
        ),
        'a.yaml, line 9, character 5, "parts[2].code": required, but not there. [ICS-311]',
        (
            'a.yaml, line 9, character 6, "parts[2].size": found "ten"; allowed: a whole number, 5 or more. '
            "Hint: leave it out for the default, 10 [ICS-313]"
        ),
        (
            'a.yaml, line 9, character 17, "parts[2].kind": found "wyde"; allowed: wide, long. '
            'Hint: did you mean "wide"? [ICS-314]'
        ),
        'a.yaml, line 10, character 1, "part": found 3; allowed: a block of key: value lines. [ICS-313]',
        (
            'a.yaml, line 11, character 1, "treshold": unknown setting; allowed here: name, share, shown, words, '
            "options, numbers, parts, part, extra. [ICS-312]"
        ),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: 2026", 'found 2026; allowed: text. Hint: put it between quotes: "2026" [ICS-313]'),
        ("name: true", 'found true; allowed: text. Hint: put it between quotes: "true" [ICS-313]'),
        ("name:", "found nothing; allowed: text. [ICS-313]"),
        ("name: x", 'found "x"; allowed: text of at least 2 characters. [ICS-314]'),
        ("name: abcdef", 'found "abcdef"; allowed: text of at most 5 characters. [ICS-314]'),
        ("name: [a]", "found a list; allowed: text. [ICS-313]"),
        ("name: {a: b}", "found a block of settings; allowed: text. [ICS-313]"),
    ],
)
def test_a_wrong_value_is_told_with_what_is_allowed(folder: Path, text: str, expected: str) -> None:
    assert messages(folder, text) == [f'a.yaml, line 1, character 1, "name": {expected}']


@pytest.mark.parametrize("share", ["0", "-5", "1.5", ".inf", ".nan", "ten", "'0.5'", "true", "null", "1e999"])
def test_a_number_outside_what_is_allowed_never_passes(folder: Path, share: str) -> None:
    (message,) = messages(folder, f"name: abc\nshare: {share}\n")
    assert "allowed: a number, more than 0, at most 1." in message


def test_overrides_replace_and_added_fields_are_no_settings(folder: Path) -> None:
    whole = parsed(folder, "name: abc\npart: path/to.yaml\n", overrides={"part": Part(code="a")}, added={"extra": 3})
    assert (whole.part, whole.extra) == (Part(code="a"), 3)
    assert messages(folder, "name: abc\nextra: 3\n", added={"extra": 3}) == [
        (
            'a.yaml, line 2, character 1, "extra": unknown setting; allowed here: name, share, shown, words, options, '
            "numbers, parts, part. [ICS-312]"
        ),
    ]


def test_findings_are_raised_together_and_in_order(folder: Path) -> None:
    path = folder / "a.yaml"
    path.write_text("a: 1\nb: {c: 2}\n", encoding="utf-8")
    document = read_document(path, error=QuestionnaireError)
    document.require([])
    with pytest.raises(QuestionnaireError) as caught:
        document.require([Finding(("b", "c"), 20, "later.", "mend it"), Finding(("a",), 21, "earlier.")])
    assert str(caught.value).splitlines() == [
        'a.yaml, line 1, character 1, "a": earlier. [ICS-221]',
        'a.yaml, line 2, character 5, "b.c": later. Hint: mend it [ICS-220]',
    ]


def test_what_is_not_there_is_placed_at_what_is_around_it(folder: Path) -> None:
    path = folder / "a.yaml"
    path.write_text("a: 1\nb:\n  - {c: 2}\n", encoding="utf-8")
    document = read_document(path, error=ParameterError)
    assert document.position(("b", 0, "d", "e")) == (3, 5)
    assert document.position(("x",)) == (1, 1)
    assert document.value(("b", 0, "c")) == 2
    assert document.value(("b", 7, "c")) is None


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "a.yaml: the file is empty; allowed: lines of the form key: value. [ICS-310]"),
        (b"- a\n", "a.yaml: found a list; allowed: lines of the form key: value. [ICS-310]"),
        (b"text\n", 'a.yaml: found "text"; allowed: lines of the form key: value. [ICS-310]'),
        (
            "a: 1\nname: Financiën\n".encode("cp1252"),
            "a.yaml, line 2: the text is not UTF-8. Hint: save the file as UTF-8 [ICS-303]",
        ),
        (b"#" * 1_000_001, "a.yaml: the file has 1,000,001 bytes; allowed: at most 1,000,000. [ICS-302]"),
    ],
)
def test_a_file_without_settings_is_refused(folder: Path, content: bytes, expected: str) -> None:
    path = folder / "a.yaml"
    path.write_bytes(content)
    with pytest.raises(ParameterError) as caught:
        read_document(path, error=ParameterError)
    assert str(caught.value) == expected


def test_a_file_of_comments_holds_no_setting_and_is_not_empty(folder: Path) -> None:
    (folder / "policy.yaml").write_text("# all defaults\n", encoding="utf-8")
    assert read_policy("policy.yaml") == Policy()
    with pytest.raises(ParameterError, match=r'^policy.yaml, line 1, character 1, "name": required, but not there\.'):
        read_study("policy.yaml")


def test_a_byte_order_mark_is_no_part_of_the_first_key(folder: Path) -> None:
    path = folder / "a.yaml"
    path.write_bytes("\ufeffname: é\r\n".encode())
    assert read_document(path, error=ParameterError).data == {"name": "é"}


def test_a_lost_file_is_told_with_the_nearest_name(folder: Path) -> None:
    (folder / "policy.yaml").touch()
    (folder / "results.json").touch()
    with pytest.raises(ParameterError) as caught:
        read_document(Path("polcy.yaml"), error=ParameterError)
    assert str(caught.value) == 'polcy.yaml: there is no such file. Hint: did you mean "policy.yaml"? [ICS-301]'
    assert file_nearby(Path("params/policy.yaml")) == "there is no folder params"
    assert file_nearby(Path("zzz")) == ""
    (folder / "d.csv").touch()
    assert file_nearby(Path("norm.csv")) == ""
    assert file_nearby(Path("dd.cvs")) == 'did you mean "d.csv"?'


def test_a_folder_is_no_file(folder: Path) -> None:
    with pytest.raises(ParameterError) as caught:
        read_document(folder, error=ParameterError)
    assert str(caught.value) == ".: the file cannot be read: Is a directory. [ICS-301]"


@pytest.mark.parametrize(
    ("error", "code"), [(QuestionnaireError, "ICS-210"), (ParameterError, "ICS-310"), (NormError, "ICS-410")]
)
def test_the_kind_of_document_decides_the_hundreds_of_the_code(
    folder: Path, error: type[ICStatsError], code: str
) -> None:
    path = folder / "a.yaml"
    path.touch()
    with pytest.raises(error) as caught:
        read_document(path, error=error)
    assert [problem.code for problem in caught.value.problems] == [code]
    assert pickle.loads(pickle.dumps(caught.value)).problems == caught.value.problems  # noqa: S301  our own bytes


def test_yaml_faults_get_the_file_name(folder: Path) -> None:
    path = folder / "a.yaml"
    path.write_text("a: 1\na: 2\n", encoding="utf-8")
    with pytest.raises(NormError) as caught:
        read_document(path, error=NormError)
    assert str(caught.value) == (
        'a.yaml, line 2, character 1: "a" stands twice: on line 1 and on line 2. Hint: keep one of the two [ICS-407]'
    )


def test_paths_under_the_working_folder_are_shown_short(folder: Path) -> None:
    assert shown_path(folder / "params" / "a.yaml") == "params/a.yaml"
    assert shown_path(Path("params/a.yaml")) == "params/a.yaml"
    assert shown_path(folder.parent / "a.yaml") == (folder.parent / "a.yaml").as_posix()


@pytest.mark.parametrize(
    ("word", "options", "expected"),
    [
        ("Q7", ["q7 ", "q8"], "q7 "),
        ("minimum-group", ["minimum_group", "margin"], "minimum_group"),
        ("facilties", ["facilities", "finance"], "facilities"),
        ("xyz", ["facilities"], None),
        ("x", [], None),
    ],
)
def test_the_nearest_name_looks_past_capitals_spaces_and_hyphens(
    word: str, options: list[str], expected: str | None
) -> None:
    assert nearest(word, options) == expected
    assert did_you_mean(word, options) == (f'did you mean "{expected}"?' if expected else "")


@given(st.text(max_size=12), st.lists(st.text(max_size=12), max_size=6))
def test_the_nearest_name_is_one_of_the_options(word: str, options: list[str]) -> None:
    assert nearest(word, options) in {None, *options}
    if word in options:
        assert nearest(word, options) is not None
