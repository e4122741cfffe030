"""The questionnaire: reading it, its contradictions, and the item bank."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared import shared_file

from icstats.errors import QuestionnaireError
from icstats.questionnaire import (
    DRIVER_BLOCKS,
    RESERVED,
    Item,
    Questionnaire,
    Text,
    contradictions,
    in_order,
    read_questionnaire,
)

ROOT = Path(__file__).resolve().parents[1]
BANK = ROOT / "params" / "questionnaires" / "internal_customer.yaml"
ORIENTATION = ROOT / "tests" / "studies" / "orientation" / "questionnaire.yaml"

GOOD = """\
name: small
version: '1'
title: {en: Small, nl: Klein}
outcome: SA1
responses:
  agree: {minimum: 1, maximum: 5, satisfied: 4, dissatisfied: 2}
  mark: {minimum: 1, maximum: 10, satisfied: 8, dissatisfied: 5}
scales:
  - {code: process, block: process, label: {en: Process, nl: Proces}}
items:
  - {code: PC1, block: process, scale: process, responses: agree, wording: {en: '{department} is quick.', nl: a}, label: {en: a, nl: a}}
  - {code: PC2, block: process, scale: process, responses: agree, wording: {en: b, nl: b}, label: {en: b, nl: b}}
  - {code: SA1, block: outcome, responses: mark, wording: {en: c, nl: c}, label: {en: c, nl: c}}
  - {code: MI1, block: mirror, about: PC1, responses: agree, wording: {en: d, nl: d}, label: {en: d, nl: d}}
  - {code: OP1, block: open, wording: {en: e, nl: e}, label: {en: e, nl: e}}
"""  # noqa: E501  one item per line, so that a message's line is the item

EXPECTED = "block: expectation, expects: desired, responses: agree, wording: {en: b"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def changed(*changes: tuple[str, str]) -> str:
    text = GOOD
    for old, new in changes:
        assert text.count(old) == 1, f"{old} stands {text.count(old)} times"
        text = text.replace(old, new)
    return text


def messages(folder: Path, *changes: tuple[str, str]) -> list[str]:
    (folder / "q.yaml").write_text(changed(*changes), encoding="utf-8")
    with pytest.raises(QuestionnaireError) as caught:
        read_questionnaire("q.yaml")
    return str(caught.value).splitlines()


@pytest.fixture(scope="module")
def bank() -> Questionnaire:
    return read_questionnaire(BANK)


@pytest.mark.parametrize(
    "waves",
    [
        ["2025", "2026"],
        ["wave-2", "wave-9", "wave-10"],
        ["2025-2", "2025-10", "2026", "2026-1"],
        ["W1", "W2", "W11"],
    ],
)
def test_waves_follow_each_other_by_name_with_numbers_as_numbers(waves: list[str]) -> None:
    assert sorted(set(waves), key=in_order) == waves


def test_a_good_questionnaire_is_read_in_the_order_of_the_file(folder: Path) -> None:
    (folder / "q.yaml").write_text(GOOD, encoding="utf-8")
    questionnaire = read_questionnaire(Path("q.yaml"))
    assert [item.code for item in questionnaire.items] == ["PC1", "PC2", "SA1", "MI1", "OP1"]
    assert questionnaire.item("PC1").wording["en"] == "{department} is quick."
    assert questionnaire.response_scale("SA1").maximum == 10
    assert questionnaire.codes == ("PC1", "PC2", "SA1", "MI1", "process")
    with pytest.raises(KeyError, match="OP1"):
        questionnaire.response_scale("OP1")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            [("outcome: SA1", "outcome: SA2")],
            (
                'line 4, character 1, "outcome": found "SA2"; allowed: the code of an item of the block outcome. '
                'Hint: did you mean "SA1"? [ICS-220]'
            ),
        ),
        (
            [("outcome: SA1", "outcome: PC1")],
            (
                'line 4, character 1, "outcome": found "PC1"; allowed: the code of an item of the block outcome. '
                "Hint: these are: SA1 [ICS-220]"
            ),
        ),
        (
            [("code: PC2", "code: PC1")],
            'line 12, character 6, "items[PC1].code": the code "PC1" is already that of item number 1. [ICS-221]',
        ),
        (
            [("code: PC2", "code: wave")],
            (
                'line 12, character 6, "items[wave].code": found "wave"; icstats uses this name itself. '
                "Hint: for instance wave_1 [ICS-222]"
            ),
        ),
        (
            [("code: PC2", "code: product")],
            (
                'line 12, character 6, "items[product].code": found "product"; only the one scale of the block '
                "product may be called so. Hint: for instance product_1 [ICS-222]"
            ),
        ),
        (
            [
                (
                    "nl: Proces}}",
                    "nl: Proces}}\n  - {code: speed, block: process, label: {en: Speed, nl: Snelheid}}",
                ),
                ("code: PC2, block: process, scale: process", "code: PC2, block: process, scale: speed"),
            ],
            (
                'line 9, character 6, "scales[process].code": found "process"; only the one scale of the block '
                "process may be called so. Hint: for instance process_1 [ICS-222]"
            ),
        ),
        (
            [("minimum: 1, maximum: 5", "minimum: 5, maximum: 1")],
            (
                'line 6, character 11, "responses.agree.minimum": runs from 5 to 1; the minimum must be lower than '
                "the maximum. Hint: where a high answer is unfavourable, keep the scale and give the item reverse: "
                "true [ICS-223]"
            ),
        ),
        (
            [("satisfied: 4, dissatisfied: 2", "satisfied: 2, dissatisfied: 2")],
            (
                'line 6, character 35, "responses.agree.satisfied": dissatisfied up to 2, satisfied from 2 on; '
                "allowed: from 1 to 5, dissatisfied below satisfied. [ICS-224]"
            ),
        ),
        (
            [("satisfied: 8", "satisfied: 11")],
            (
                'line 7, character 35, "responses.mark.satisfied": dissatisfied up to 5, satisfied from 11 on; '
                "allowed: from 1 to 10, dissatisfied below satisfied. [ICS-224]"
            ),
        ),
        (
            [
                (
                    "dissatisfied: 2}",
                    (
                        "dissatisfied: 2, labels: {1: {en: a, nl: a}, 2: {en: b, nl: b}, 3: {en: c, nl: c}, "
                        "4: {en: d, nl: d}}}"
                    ),
                )
            ],
            (
                'line 6, character 66, "responses.agree.labels": 4 labels (1, 2, 3, 4) for 5 answers; allowed: one '
                "for every answer from 1 to 5, or only for 1 and 5. [ICS-225]"
            ),
        ),
        (
            [("dissatisfied: 2}", "dissatisfied: 2, labels: {true: {en: a, nl: a}, 5: {en: b, nl: b}}}")],
            (
                'line 6, character 75, "responses.agree.labels.1": found the key true; allowed: a whole number. '
                "[ICS-213]"
            ),
        ),
        (
            [("dissatisfied: 2}", "dissatisfied: 2, labels: {1.0: {en: a, nl: a}, 5: {en: b, nl: b}}}")],
            'line 6, character 66, "responses.agree.labels": found the key 1.0; allowed: a whole number. [ICS-213]',
        ),
        (
            [("dissatisfied: 2}", "dissatisfied: 2, labels: {0: {en: a, nl: a}, 5: {en: b, nl: b}}}")],
            (
                'line 6, character 66, "responses.agree.labels": 2 labels (0, 5) for 5 answers; allowed: one for '
                "every answer from 1 to 5, or only for 1 and 5. [ICS-225]"
            ),
        ),
        (
            [("nl: Proces}}", "nl: Proces}}\n  - {code: calm, block: outcome, label: {en: a, nl: a}}")],
            (
                'line 10, character 6, "scales[calm].code": no item belongs to the scale "calm". Hint: name it at an '
                "item, or leave it out [ICS-226]"
            ),
        ),
        (
            [("code: PC2, block: process, scale: process", "code: PC2, block: process, scale: proces")],
            (
                'line 12, character 33, "items[PC2].scale": there is no scale "proces". Hint: did you mean '
                '"process"? [ICS-227]'
            ),
        ),
        (
            [("code: PC2, block: process", "code: PC2, block: product")],
            (
                'line 12, character 33, "items[PC2].scale": the item is of block product, its scale process of block '
                "process. [ICS-228]"
            ),
        ),
        (
            [("block: open,", "block: open, responses: agree,")],
            (
                'line 15, character 30, "items[OP1].responses": an open question has no responses, no scale and no '
                "reverse. Hint: leave them out, or choose another block [ICS-229]"
            ),
        ),
        (
            [("block: outcome, responses: mark,", "block: outcome,")],
            (
                'line 13, character 5, "items[SA1].responses": an item of block outcome needs responses. Hint: one '
                "of: agree, mark [ICS-229]"
            ),
        ),
        (
            [("responses: mark", "responses: marc")],
            (
                'line 13, character 33, "items[SA1].responses": there is no response scale "marc". Hint: did you '
                'mean "mark"? [ICS-230]'
            ),
        ),
        (
            [
                (
                    "code: PC2, block: process, scale: process, responses: agree",
                    "code: PC2, block: process, responses: mark",
                )
            ],
            (
                'line 12, character 33, "items[PC2].responses": answers run from 1 to 10, those of PC1 from 1 to 5; '
                "allowed: one range in block process. Hint: answers on different ranges cannot be averaged [ICS-231]"
            ),
        ),
        (
            [("about: PC1, ", "")],
            (
                'line 14, character 5, "items[MI1].about": an item of block mirror says which item it is about. '
                "Hint: for instance about: PC1 [ICS-232]"
            ),
        ),
        (
            [("about: PC1", "about: PC3")],
            (
                'line 14, character 32, "items[MI1].about": there is no closed question to customers with the code '
                '"PC3". Hint: did you mean "PC2"? [ICS-232]'
            ),
        ),
        (
            [("about: PC1", "about: OP1")],
            (
                'line 14, character 32, "items[MI1].about": there is no closed question to customers with the code '
                '"OP1". Hint: did you mean "PC1"? [ICS-232]'
            ),
        ),
        (
            [("block: outcome,", "block: outcome, about: PC1,")],
            (
                'line 13, character 33, "items[SA1].about": only items of block importance and mirror are about '
                "another. [ICS-232]"
            ),
        ),
        (
            [("about: PC1", "about: SA1")],
            (
                'line 14, character 44, "items[MI1].responses": answers run from 1 to 5, those of SA1 from 1 to 10; '
                "a mirror has the same. [ICS-233]"
            ),
        ),
        (
            [("block: outcome,", "block: outcome, expects: minimum,")],
            (
                'line 13, character 33, "items[SA1].expects": only items of block expectation state what is expected. '
                "[ICS-236]"
            ),
        ),
        (
            [("block: process, scale: process, responses: agree, wording: {en: b", EXPECTED)],
            (
                'line 12, character 55, "items[PC2].responses": answers run from 1 to 5, those of SA1 from 1 to 10; an '
                "expected mark has the same. [ICS-237]"
            ),
        ),
        (
            [("block: outcome,", "block: outcome, departments: [hr],")],
            (
                'line 13, character 33, "items[SA1].departments": a core item is asked of every department; this one '
                "only of some. Hint: add core: false [ICS-234]"
            ),
        ),
        (
            [("block: outcome,", "block: outcome, departments: [],")],
            (
                'line 13, character 33, "items[SA1].departments": an empty list: nobody is asked this. Hint: leave '
                "it out to ask everybody [ICS-234]"
            ),
        ),
        (
            [("'{department} is quick.'", "'{afd} is quick.'")],
            (
                'line 11, character 77, "items[PC1].wording.en": found "{afd} is quick."; allowed between braces: '
                "only {department}. [ICS-235]"
            ),
        ),
        (
            [("'{department} is quick.'", "'{department is quick.'")],
            (
                'line 11, character 77, "items[PC1].wording.en": found "{department is quick."; allowed between '
                "braces: only {department}. [ICS-235]"
            ),
        ),
        (
            [("'{department} is quick.'", "'{department.__class__} is quick.'")],
            (
                'line 11, character 77, "items[PC1].wording.en": found "{department.__class__} is quick."; allowed '
                "between braces: only {department}. [ICS-235]"
            ),
        ),
        (
            [("maximum: 10,", "maximum: 10, maximum: 7,")],
            (
                'line 7, character 35: "maximum" stands twice: on line 7 and on line 7. '
                "Hint: keep one of the two [ICS-207]"
            ),
        ),
        (
            [("minimum: 1, maximum: 5", "minimum: -1, maximum: 5")],
            'line 6, character 11, "responses.agree.minimum": found -1; allowed: a whole number, 0 or more. [ICS-214]',
        ),
        (
            [("code: PC2", "code: PC-2")],
            (
                'line 12, character 6, "items[PC-2].code": found "PC-2"; allowed: a letter, then letters, digits and '
                "underscores, at most 40 characters. [ICS-214]"
            ),
        ),
        (
            [("nl: Klein", "de: Klein")],
            (
                'line 3, character 1, "title.nl": required, but not there. [ICS-211]\n'
                'q.yaml, line 3, character 20, "title.de": unknown setting; allowed here: en, nl. [ICS-212]'
            ),
        ),
    ],
)
def test_what_is_wrong_is_told(folder: Path, changes: list[tuple[str, str]], expected: str) -> None:
    assert "\n".join(messages(folder, *changes)) == f"q.yaml, {expected}"


def test_contradictions_are_told_together(folder: Path) -> None:
    told = messages(
        folder,
        ("outcome: SA1", "outcome: SA9"),
        ("minimum: 1, maximum: 5", "minimum: 5, maximum: 1"),
        ("code: PC2", "code: PC1"),
        ("about: PC1", "about: PC9"),
        ("block: open,", "block: open, reverse: true,"),
    )
    assert [message.rsplit("[", 1)[1] for message in told] == [
        "ICS-220]",
        "ICS-223]",
        "ICS-221]",
        "ICS-232]",
        "ICS-229]",
    ]


def test_every_reserved_name_is_refused_as_a_code(folder: Path) -> None:
    for name in RESERVED:
        (message,) = messages(folder, ("code: PC2", f"code: {name}"))
        assert message.endswith("icstats uses this name itself. Hint: for instance " + f"{name}_1 [ICS-222]")


def test_items_of_a_block_a_scale_and_a_department(bank: Questionnaire) -> None:
    own = Item(
        code="X1", block="process", scale="process", wording=Text(en="x", nl="x"), label=Text(en="x", nl="x"),
        responses="agreement", core=False, departments=("hr",),
    )  # fmt: skip
    wider = bank.model_copy(update={"items": (*bank.items, own)})
    process = [f"PC{number}" for number in range(1, 7)]
    assert [item.code for item in wider.items_of(block="process", department="it")] == process
    assert [item.code for item in wider.items_of(scale="process", department="hr")] == [*process, "X1"]
    assert [item.code for item in wider.items_of(block="process")] == [*process, "X1"]


def test_answered_items_of_an_item_a_scale_and_a_block(bank: Questionnaire) -> None:
    assert [item.code for item in bank.answered_items("SA1")] == ["SA1"]
    assert [item.code for item in bank.answered_items("satisfaction")] == ["SA2", "SA3"]
    assert [item.code for item in bank.answered_items("product")] == ["PD1", "PD2", "PD3", "PD4"]
    assert bank.answered_items("OP1") == bank.answered_items("outcome") == bank.answered_items("zzz") == ()
    assert all(bank.answered_items(code) for code in bank.codes)


# The item bank


def test_the_item_bank_has_its_blocks_and_scales(bank: Questionnaire) -> None:
    sizes = {block: len(bank.items_of(block=block)) for block in dict.fromkeys(item.block for item in bank.items)}
    assert sizes == {
        "product": 4,
        "process": 6,
        "orientation": 7,
        "outcome": 3,
        "expectation": 3,
        "mutual": 2,
        "importance": 17,
        "mirror": 17,
        "open": 2,
    }
    assert [scale.code for scale in bank.scales] == ["product", "process", "orientation", "satisfaction", "mutual"]
    assert all(item.scale == item.block for block in DRIVER_BLOCKS for item in bank.items_of(block=block))
    assert (bank.outcome, bank.response_scale("SA1").minimum, bank.response_scale("SA1").maximum) == ("SA1", 1, 10)


def test_every_driver_has_its_importance_and_its_mirror(bank: Questionnaire) -> None:
    drivers = [item.code for block in DRIVER_BLOCKS for item in bank.items_of(block=block)]
    for block, prefix, highest in (("importance", "IM_", 1), ("mirror", "MI_", 5)):
        items = [item for item in bank.items if item.block == block]
        assert [(item.code, item.about) for item in items] == [(f"{prefix}{code}", code) for code in drivers]
        assert {bank.response_scale(item.code).maximum for item in items} == {highest}


def test_the_item_bank_speaks_both_languages(bank: Questionnaire) -> None:
    texts = [bank.title, *(item.wording for item in bank.items), *(item.label for item in bank.items)]
    texts += [label for scale in bank.responses.values() for label in scale.labels.values()]
    alike = {text.en for text in texts if text.en == text.nl}
    assert alike == set()
    for item in bank.items:
        assert ("{department}" in item.wording.en) == ("{department}" in item.wording.nl), item.code


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_item_bank_repeats_no_words(bank: Questionnaire, language: str) -> None:
    wordings = [item.wording[language] for item in bank.items]  # type: ignore[index]
    labels = [item.label[language] for item in bank.items]  # type: ignore[index]
    assert len(set(wordings)) == len(set(labels)) == len(bank.items)
    assert max(map(len, labels)) <= 50


def test_labels_of_the_item_bank_name_every_answer_or_the_ends(bank: Questionnaire) -> None:
    named = {name: sorted(scale.labels) for name, scale in bank.responses.items()}
    assert named == {"agreement": [1, 2, 3, 4, 5], "mark": [1, 10], "comparison": [1, 2, 3, 4, 5], "picked": [0, 1]}


def test_the_orientation_questionnaire_has_the_columns_of_its_data() -> None:
    header = shared_file("data/univer_orientation_2002.csv").read_text(encoding="utf-8").split("\n")[0].split(",")
    questionnaire = read_questionnaire(ORIENTATION)
    assert {item.code for item in questionnaire.items} <= set(header)
    assert {item.code: item.block for item in questionnaire.items} == {
        "informat": "product",
        "officeho": "product",
        "willingn": "orientation",
        "compete": "orientation",
        "global": "outcome",
    }


@given(st.integers(0, 4), st.sampled_from(["code", "block", "label", "wording"]))
def test_a_lost_setting_is_always_told_by_name(tmp_path_factory: pytest.TempPathFactory, place: int, key: str) -> None:
    path = tmp_path_factory.mktemp("q") / "q.yaml"
    lines = GOOD.splitlines()
    lines[10 + place] = lines[10 + place].replace(f"{key}: ", f"{key}_lost: ", 1)
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(QuestionnaireError) as caught:
        read_questionnaire(path)
    missing, unknown = caught.value.problems
    assert (missing.code, missing.line) == ("ICS-211", 11 + place)
    assert missing.column.endswith(f".{key}")
    assert unknown.hint == f'did you mean "{key}"?'


def test_what_is_read_has_no_contradictions(bank: Questionnaire) -> None:
    assert list(contradictions(bank)) == []


def test_the_bank_says_which_questions_state_an_expectation(bank: Questionnaire) -> None:
    assert bank.expectation("minimum") == "EX2"
    assert bank.expectation("compared", "it") == "EX1"
    assert bank.expectation("desired") is None
