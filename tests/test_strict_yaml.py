"""What the strict YAML reader takes, and what it refuses before anything is built."""

from __future__ import annotations

import json
import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from icstats.strict_yaml import Fault, Faults, plain, quoted

# Escapes beyond 16 bits and of NUL are refused (see below) and DEL is no YAML; all other text of JSON is YAML.
LETTERS = st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"], exclude_characters="\0\x7f")
TEXTS = st.text(LETTERS, max_size=30)
SCALARS = st.none() | st.booleans() | st.integers(-(10**17), 10**17) | TEXTS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4))


def faults_of(text: str) -> list[Fault]:
    with pytest.raises(Faults) as caught:
        plain(text)
    return caught.value.faults


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("0", 0),
        ("3.5", 3.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("'12'", "12"),
        ('"true"', "true"),
        # Other YAML readers make something else of these without a word.
        ("yes", "yes"),
        ("NO", "NO"),
        ("on", "on"),
        ("True", "True"),
        ("012", "012"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("12:30:45", "12:30:45"),
        ("1_000", "1_000"),
        ("3,5", "3,5"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1e999", "1e999"),
        ("e5", "e5"),
        (".", "."),
        ("2026-11-24", "2026-11-24"),
        ("1" * 400, "1" * 400),
        ("=", "="),
    ],
)
def test_a_plain_value_means_what_it_looks_like(written: str, meant: object) -> None:
    found = plain(f"key: {written}").data["key"]
    assert found == meant
    assert type(found) is type(meant)


@given(VALUES)
def test_every_json_text_is_read_as_json_reads_it(value: object) -> None:
    """YAML 1.2 holds JSON, and nothing in our strictness takes that away."""
    text = json.dumps({"key": value})
    assert plain(text).data == {"key": value}


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    lines = len(text.splitlines()) + 1
    try:
        places = list(plain(text).positions.values())
    except Faults as failure:
        places = [(fault.line, fault.character) for fault in failure.faults]
    assert places
    assert all(1 <= line <= lines and character >= 1 for line, character in places)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_number_is_finite_or_text(number: float) -> None:
    found = plain(f"key: {number!r}").data["key"]
    assert found == number if math.isfinite(number) else isinstance(found, str)


def test_positions_are_those_of_keys_and_list_places() -> None:
    read = plain("a: 1\nb:\n  - x\n  - {c: 2}\n")
    assert read.positions == {
        (): (1, 1),
        ("a",): (1, 1),
        ("b",): (2, 1),
        ("b", 0): (3, 5),
        ("b", 1): (4, 5),
        ("b", 1, "c"): (4, 6),
    }


def test_an_empty_text_holds_nothing() -> None:
    assert plain("# only a comment\n").data is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "a:\n\tb: 1\n",
            Fault(
                4,
                'a tab stands where spaces should. The line reads "→b: 1".',
                2,
                1,
                "replace the tab (shown as →) by two spaces",
            ),
        ),
        (
            "wave: 1\nlanguage en\nseed: 3\n",
            Fault(
                4,
                'a colon is missing. The line reads "language en".',
                2,
                1,
                "write key: value, with a space after the colon",
            ),
        ),
        (
            "title: IT: the helpdesk\n",
            Fault(
                4,
                'a second colon, or a wrong indent. The line reads "title: IT: the helpdesk".',
                1,
                10,
                "put text with a colon between quotes",
            ),
        ),
        (
            "en: {department} is quick\n",
            Fault(
                4,
                'this does not fit here. The line reads "en: {department} is quick".',
                1,
                18,
                "check the indent; text with { or } goes between quotes",
            ),
        ),
        (
            "ignore: [a,\nseed: 1\n",
            Fault(
                4,
                'a bracket is opened and not closed. The line reads "ignore: [a,".',
                1,
                9,
                "close it, or put a comma between",
            ),
        ),
        (
            "title: 'open\nseed: 1\n",
            Fault(4, 'a quote or bracket is opened and not closed. The line reads "title: \'open".', 1, 8, "close it"),
        ),
        (
            "a: @x\n",
            Fault(
                4,
                'text may not start with this character. The line reads "a: @x".',
                1,
                4,
                "put the text between quotes",
            ),
        ),
        (
            'a: "\\q"\n',
            Fault(
                4,
                'a backslash between double quotes has a meaning of its own. The line reads "a: "\\q"".',
                1,
                6,
                "use single quotes",
            ),
        ),
        (
            "  a: 1\nb: 2\n",
            Fault(
                4,
                'this does not fit here. The line reads "b: 2".',
                2,
                1,
                "start the keys of one block in the same column",
            ),
        ),
        (
            "a: 1\n: 2\n",
            Fault(
                4,
                'this does not fit here. The line reads ": 2".',
                2,
                1,
                "write key: value, with the key before the colon",
            ),
        ),
        (
            ">\n  \n    \n  x\n",
            Fault(
                4,
                'this is not YAML: more indented follow up line than first in a block scalar. The line reads "  x".',
                4,
                3,
            ),
        ),
        ("a: 1\nb: x\x00y\n", Fault(4, "an invisible control character (U+0000) is not allowed.", 2, 5)),
        ("a: 1\n---\nb: 2\n", Fault(9, "a second document starts here; allowed: one.", 2, 1)),
        ("%YAML 1.1\n---\na: yes\n", Fault(6, "a directive (%YAML, %TAG) is not allowed.", 1, 1)),
    ],
)
def test_text_that_is_no_yaml_is_told_with_its_line(text: str, expected: Fault) -> None:
    assert faults_of(text) == [expected]


@given(VALUES)
def test_without_libyaml_the_same_is_read(value: object) -> None:
    text = json.dumps({"key": value}, indent=1)
    read = plain(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("icstats.strict_yaml._LOADER", yaml.SafeLoader)
        patch.setattr("icstats.strict_yaml._READ", {})
        assert plain(text) == read


def test_a_repeated_key_names_both_lines() -> None:
    assert faults_of("q3: 1\nq4: 2\nq3: 3\nq3: 4\n") == [
        Fault(7, '"q3" stands twice: on line 1 and on line 3.', 3, 1, "keep one of the two"),
        Fault(7, '"q3" stands twice: on line 1 and on line 4.', 4, 1, "keep one of the two"),
    ]


def test_anchors_aliases_and_tags_are_refused_together() -> None:
    python = "tag:yaml.org,2002:python/object/apply:os.system"
    write_out = "write the value out where it is used"
    assert faults_of("a: &x [1]\nb: *x\nc: !!python/object/apply:os.system ['ls']\nd: !mine 1\n") == [
        Fault(5, "&x is an anchor; anchors are not allowed.", 1, 4, write_out),
        Fault(5, "*x is an alias; aliases are not allowed.", 2, 4, write_out),
        Fault(
            6,
            f'the tag "{python}" is not allowed.',
            3,
            4,
            "write the plain value",
        ),
        Fault(6, 'the tag "!mine" is not allowed.', 4, 4, "write the plain value"),
    ]


def test_a_bomb_of_aliases_is_refused_without_being_built() -> None:
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 10))
    faults = faults_of(f"l0: &l0 [x]\n{levels}")
    assert len(faults) == 50
    assert {fault.kind for fault in faults} == {5}


def test_a_value_that_holds_itself_is_refused() -> None:
    assert [fault.kind for fault in faults_of("a: &a [*a]\n")] == [5, 5]


@pytest.mark.parametrize("text", ["[" * 5000, "a: " + "{a: " * 5000, "? " * 5000 + "a"])
def test_deep_nesting_is_refused_at_the_twentieth_level(text: str) -> None:
    assert faults_of(text)[-1].message == "more than 20 levels deep."


def test_twenty_levels_are_allowed() -> None:
    value = plain("a: " + "[" * 18 + "x" + "]" * 18).data["a"]
    for _ in range(18):
        (value,) = value
    assert value == "x"


def test_too_many_values_are_refused() -> None:
    faults = faults_of("a: [" + "1," * 60_000 + "1]")
    assert [fault.message for fault in faults] == ["more than 50,000 values."]


@pytest.mark.parametrize("escape", ["\\U00110000", "\\UFFFFFFFF"])
def test_an_escape_beyond_all_characters_is_refused(escape: str) -> None:
    (fault,) = faults_of(f'a: 1\nb: "{escape}"\n')
    assert fault[1].startswith("an escape stands for no character, or for half of one. The line reads")
    assert (fault.kind, fault.line, fault.hint) == (4, 2, "write the character itself")


def test_a_text_with_nothing_in_it_is_refused() -> None:
    message = "an escape stands for no character, or for half of one."
    assert faults_of('a: "b\\0c"\n') == [Fault(4, message, 1, 4, "write the character itself")]


def test_half_a_character_is_refused() -> None:
    message = 'an escape stands for no character, or for half of one. The line reads "a: "\\ud83d\\ude00"".'
    expected = Fault(4, message, 1, 7, "write the character itself")
    assert faults_of('a: "\\ud83d\\ude00"\n') == [expected]


def test_a_list_is_no_key() -> None:
    assert faults_of("? [a, b]\n: 1\n") == [Fault(4, "a list, a block or an alias stands where a key should.", 1, 3)]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("x", '"x"'),
        ("x" * 61, '"' + "x" * 59 + '…"'),
        ("A\0\x1b[31m\n\u202eé", '"A<U+0000><U+001B>[31m<U+000A><U+202E>é"'),
        (True, "true"),
        (3, "3"),
        (3.5, "3.5"),
        (None, "nothing"),
        ([], "an empty list"),
        ([1], "a list"),
        ({"a": 1}, "a block of settings"),
    ],
)
def test_values_are_shown_short(value: object, shown: str) -> None:
    assert quoted(value) == shown
