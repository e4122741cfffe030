"""Norms: read, compared with the questionnaire, refused when they cannot be compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from shared import shared_file

from icstats.errors import NormError
from icstats.norms import COLUMNS, VALUE_COLUMNS, norm_of_departments, read_norms
from icstats.questionnaire import Item, Questionnaire, Text, read_questionnaire

ROOT = Path(__file__).resolve().parents[1]

DESCRIPTION = """\
name: national
title: {en: National norm, nl: Landelijke norm}
year: 2025
population: {en: Municipalities, nl: Gemeenten}
source: {en: Made up for this test, nl: Verzonnen voor deze test}
mode: online
fictional: true
questionnaire: internal_customer
version: '1'
n_organisations: 42
n_respondents: 18640
"""
HEADER = ",".join(COLUMNS)
GOOD_ROW = "PC1,1,5,42,18640,3.63,0.95,0.22,3.48,3.6,3.78"


@pytest.fixture(scope="module")
def bank() -> Questionnaire:
    return read_questionnaire(ROOT / "params" / "questionnaires" / "internal_customer.yaml")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "n.yaml").write_text(DESCRIPTION, encoding="utf-8")
    return tmp_path


def write(folder: Path, *rows: str, header: str = HEADER) -> None:
    (folder / "n.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def messages(questionnaire: Questionnaire | None = None) -> list[str]:
    with pytest.raises(NormError) as caught:
        read_norms("n.csv", questionnaire=questionnaire)
    return str(caught.value).splitlines()


def test_a_good_norm_is_read_with_where_it_comes_from(folder: Path, bank: Questionnaire) -> None:
    write(folder, "SA1,1,10,42,18640,6.9,1.2,,,,", GOOD_ROW, "process,1,5,42,18000,3.5,0.7,0.2,,3.5,")
    norm = read_norms(Path("n.csv"), questionnaire=bank)
    assert (norm.name, norm.year, norm.fictional, norm.mode) == ("national", 2025, True, "online")
    assert norm.title == Text(en="National norm", nl="Landelijke norm")
    assert (norm.questionnaire, norm.version) == ("internal_customer", "1")
    assert (norm.n_organisations, norm.n_respondents) == (42, 18640)
    expected = pd.DataFrame(
        {
            "minimum": [1, 1, 1],
            "maximum": [10, 5, 5],
            "n_organisations": [42, 42, 42],
            "n_respondents": [18640, 18640, 18000],
            "mean": [6.9, 3.63, 3.5],
            "sd_within": [1.2, 0.95, 0.7],
            "sd_between": [np.nan, 0.22, 0.2],
            "q25": [np.nan, 3.48, np.nan],
            "q50": [np.nan, 3.6, 3.5],
            "q75": [np.nan, 3.78, np.nan],
        },
        index=pd.Index(["SA1", "PC1", "process"], name="code"),
        dtype=float,
    )
    pd.testing.assert_frame_equal(norm.values, expected)


def test_the_order_of_columns_and_a_byte_order_mark_do_not_matter(folder: Path) -> None:
    write(folder, GOOD_ROW)
    first = read_norms("n.csv").values
    names, cells = HEADER.split(","), GOOD_ROW.split(",")
    text = ",".join(reversed(names)) + "\r\n" + ",".join(reversed(cells)) + "\r\n"
    (folder / "n.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    pd.testing.assert_frame_equal(read_norms("n.csv").values, first)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            "PC1,0,10,42,18640,7.6,1.9,,,,",
            (
                'row 2, column "minimum": PC1 runs from 0 to 10 in the norm, from 1 to 5 here. Hint: answers on '
                "different scales cannot be compared, also not after stretching [ICS-427]"
            ),
        ),
        (
            "process,1,7,42,18640,4.6,0.9,,,,",
            (
                'row 2, column "minimum": process runs from 1 to 7 in the norm, from 1 to 5 here. Hint: answers on '
                "different scales cannot be compared, also not after stretching [ICS-427]"
            ),
        ),
        (
            "PC7,1,5,42,18640,3.6,0.9,,,,",
            (
                'row 2, column "code": the questionnaire has no closed item, scale or block "PC7". Hint: did you mean '
                '"PC6"? [ICS-425]'
            ),
        ),
        (
            "OP1,1,5,42,18640,3.6,0.9,,,,",
            'row 2, column "code": the questionnaire has no closed item, scale or block "OP1". [ICS-425]',
        ),
        (
            "PC1\0,1,5,42,18640,3.6,0.9,,,,",
            (
                'row 2, column "code": the questionnaire has no closed item, scale or block "PC1<U+0000>". Hint: did '
                'you mean "PC1"? [ICS-425]'
            ),
        ),
        (",1,5,42,18640,3.6,0.9,,,,", 'row 2, column "code": the code is empty. [ICS-425]'),
        (
            'PC1,1,5,42,18640,"3,63",0.95,,,,',
            'row 2, column "mean": found "3,63"; allowed: a number. Hint: a decimal point, not a comma: 3.63 [ICS-424]',
        ),
        (
            "PC1,1,5,42,18640,77%,0.95,,,,",
            (
                'row 2, column "mean": found "77%"; allowed: a number. Hint: give means in points of the response '
                "scale, not percentages [ICS-424]"
            ),
        ),
        (
            "PC1,1,5,42,18640,77,0.95,,,,",
            (
                'row 2, column "mean": PC1: 77 lies outside its scale, 1 to 5. Hint: this looks like a percentage from '
                "0 to 100; give points of the response scale [ICS-428]"
            ),
        ),
        (
            "PC1,1,5,42,18640,0.77,0.95,,,,",
            (
                'row 2, column "mean": PC1: 0.77 lies outside its scale, 1 to 5. Hint: this looks like a fraction from '
                "0 to 1; give points of the response scale [ICS-428]"
            ),
        ),
        (
            "IM_PC1,0,1,42,18640,45,0.5,,,,",
            (
                'row 2, column "mean": IM_PC1: 45 lies outside its scale, 0 to 1. Hint: this looks like a percentage '
                "from 0 to 100; give points of the response scale [ICS-428]"
            ),
        ),
        ("PC1,1,5,42,18640,,0.95,,,,", 'row 2, column "mean": found nothing; allowed: a number. [ICS-424]'),
        ("PC1,1,5,42,18640,inf,0.95,,,,", 'row 2, column "mean": found "inf"; allowed: a number. [ICS-424]'),
        ("PC1,1,5,42,18640,nan,0.95,,,,", 'row 2, column "mean": found "nan"; allowed: a number. [ICS-424]'),
        (
            "PC1,1,5,42.5,18640,3,0.95,,,,",
            'row 2, column "n_organisations": found "42.5"; allowed: a whole number. [ICS-424]',
        ),
        ("PC1,1,5,0,18640,3,0.95,,,,", 'row 2, column "n_organisations": PC1: found 0; allowed: 1 or more. [ICS-428]'),
        ("PC1,1,5,1,1,3,0.95,,,,", 'row 2, column "n_respondents": PC1: found 1; allowed: 2 or more. [ICS-428]'),
        (
            "PC1,1,5,42,18640,3,2.1,,,,",
            (
                'row 2, column "sd_within": PC1: a standard deviation of 2.1 cannot be on a scale from 1 to 5. Hint: '
                "the spread of people, or of organisations, in points of the response scale [ICS-428]"
            ),
        ),
        (
            "PC1,1,5,42,18640,3,0,,,,",
            (
                'row 2, column "sd_within": PC1: a standard deviation of 0 cannot be on a scale from 1 to 5. Hint: the '
                "spread of people, or of organisations, in points of the response scale [ICS-428]"
            ),
        ),
        (
            "PC1,1,5,42,18640,3,1,-0.1,,,",
            (
                'row 2, column "sd_between": PC1: a standard deviation of -0.1 cannot be on a scale from 1 to 5. Hint: '
                "the spread of people, or of organisations, in points of the response scale [ICS-428]"
            ),
        ),
        ("PC1,1,5,42,18640,3,1,,3.2,,3.1", 'row 2, column "q25": PC1: the quartiles do not go up. [ICS-428]'),
        (
            "PC1,1,5,42,18640,3,63,0.95,,,,",
            "row 2: 12 cells; the header has 11. Hint: a decimal comma cuts a number in two [ICS-423]",
        ),
        ('"PC1,1', "row 2: this is not CSV: unexpected end of data. [ICS-423]"),
    ],
)
def test_what_cannot_be_is_told(folder: Path, bank: Questionnaire, row: str, expected: str) -> None:
    write(folder, row)
    assert messages(bank) == [f"n.csv, {expected}"]


def test_all_problems_of_both_files_are_told_at_once(folder: Path, bank: Questionnaire) -> None:
    (folder / "n.yaml").write_text(DESCRIPTION.replace("version: '1'", "version: '2'"), encoding="utf-8")
    write(folder, 'PC1,1,5,42,18640,"3,63",0.95,,,,', 'PC2,1,5,42,18640,"3,64",9,,,,', "PC1,0,10,42,18640,5,1,,,,")
    assert messages(bank) == [
        (
            'n.yaml, line 9, character 1, "version": the norm belongs to "2", the questionnaire is "1". Hint: other '
            "wording moves scores: take the norm of this wording [ICS-429]"
        ),
        (
            'n.csv, row 2, column "mean": found "3,63"; allowed: a number. Hint: a decimal point, not a comma: 3.63 '
            "[ICS-424] (also row 3)"
        ),
        (
            'n.csv, row 3, column "sd_within": PC2: a standard deviation of 9 cannot be on a scale from 1 to 5. Hint: '
            "the spread of people, or of organisations, in points of the response scale [ICS-428]"
        ),
        'n.csv, row 4, column "code": "PC1" stands on row 2 as well. [ICS-425]',
        (
            'n.csv, row 4, column "minimum": PC1 runs from 0 to 10 in the norm, from 1 to 5 here. Hint: answers on '
            "different scales cannot be compared, also not after stretching [ICS-427]"
        ),
    ]


def test_the_norm_of_another_questionnaire_is_refused(folder: Path, bank: Questionnaire) -> None:
    (folder / "n.yaml").write_text(DESCRIPTION.replace("internal_customer", "servqual"), encoding="utf-8")
    write(folder, GOOD_ROW)
    assert messages(bank) == [
        (
            'n.yaml, line 8, character 1, "questionnaire": the norm belongs to "servqual", the questionnaire is '
            '"internal_customer". Hint: other wording moves scores: take the norm of this wording [ICS-429]'
        )
    ]
    assert read_norms("n.csv").questionnaire == "servqual"


@pytest.mark.parametrize("change", [{"core": False}, {"core": False, "departments": ("hr",)}])
def test_an_item_that_is_not_core_meets_no_norm(folder: Path, bank: Questionnaire, change: dict[str, object]) -> None:
    items = tuple(item.model_copy(update=change) if item.code == "PC1" else item for item in bank.items)
    write(folder, GOOD_ROW, "process,1,5,42,18640,3.5,0.7,,,,")
    assert messages(bank.model_copy(update={"items": items})) == [
        (
            'n.csv, row 2, column "code": "PC1" is not asked of every department unchanged; only core items meet a '
            "norm. [ICS-426]"
        )
    ]


def test_a_dutch_sheet_is_refused_once_for_its_separator_and_once_per_column(folder: Path) -> None:
    write(folder, "PC1;1;5;42;18640;3,63;0,95;;;;", "PC2;1;5;42;18640;3,6;0,95;;;;", header=HEADER.replace(",", ";"))
    assert messages() == [
        (
            "n.csv, row 1: found semicolons between the columns; allowed: commas, with decimal points. Hint: save it "
            "as CSV from an English-language sheet, or replace them [ICS-421]"
        ),
        (
            'n.csv, row 2, column "mean": found "3,63"; allowed: a number. Hint: a decimal point, not a comma: 3.63 '
            "[ICS-424] (also row 3)"
        ),
        (
            'n.csv, row 2, column "sd_within": found "0,95"; allowed: a number. Hint: a decimal point, not a comma: '
            "0.95 [ICS-424] (also row 3)"
        ),
    ]


def test_columns_that_are_lost_misspelt_or_doubled_are_told(folder: Path) -> None:
    write(folder, GOOD_ROW, header=HEADER.replace("sd_within", "sd_witin").replace("q75", "q25"))
    listed = ", ".join(COLUMNS)
    assert messages() == [
        'n.csv, row 1, column "sd_within": required, but not there. [ICS-422]',
        'n.csv, row 1, column "q75": required, but not there. [ICS-422]',
        (
            f'n.csv, row 1, column "sd_witin": unknown column; allowed: {listed}. '
            'Hint: did you mean "sd_within"? [ICS-422]'
        ),
        'n.csv, row 1, column "q25": the column stands 2 times. [ICS-422]',
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "n.csv: the file is empty. [ICS-423]"),
        (HEADER.encode(), "n.csv, row 1: there is no row below the header. [ICS-423]"),
        (
            f"{HEADER}\nFinanci\xebn".encode("cp1252"),
            'n.csv, row 2: the text is not UTF-8. Hint: save it as "CSV UTF-8" [ICS-420]',
        ),
        (b"x" * 1_000_001, "n.csv: the file is larger than 1,000,000 bytes. [ICS-420]"),
    ],
)
def test_a_file_without_values_is_refused(folder: Path, content: bytes, expected: str) -> None:
    (folder / "n.csv").write_bytes(content)
    assert messages() == [expected]


def test_lost_files_are_told_together(folder: Path) -> None:
    (folder / "n.yaml").rename(folder / "nn.yaml")
    assert messages() == [
        'n.yaml: there is no such file. Hint: did you mean "nn.yaml"? [ICS-401]',
        "n.csv: there is no such file. [ICS-420]",
    ]


def test_a_norm_must_say_whether_it_is_fictional(folder: Path) -> None:
    (folder / "n.yaml").write_text(DESCRIPTION.replace("fictional: true\n", ""), encoding="utf-8")
    write(folder, GOOD_ROW)
    assert messages() == ['n.yaml, line 1, character 1, "fictional": required, but not there. [ICS-411]']


def test_the_example_norm_is_fictional_and_fits_the_item_bank(bank: Questionnaire) -> None:
    norm = read_norms(ROOT / "data" / "norms" / "example.csv", questionnaire=bank)
    assert norm.fictional
    assert {"SA1", "product", "process", "orientation"} <= set(norm.values.index)


# The mean of the departments as a norm


@pytest.mark.parametrize(
    ("wave", "years"),
    [("2026", 0), ("2030", 0), ("2031", 6), ("2031-spring", 6), ("spring", 0), ("1", 0), ("12031", 0), ("1990", 0)],
)
def test_a_norm_gets_too_old_for_a_wave(bank: Questionnaire, wave: str, years: int) -> None:
    assert read_norms(ROOT / "data" / "norms" / "example.csv", questionnaire=bank).years_older_than(wave) == years


def test_the_norm_of_departments_counts_every_department_once(bank: Questionnaire) -> None:
    means = pd.DataFrame(
        {"SA1": [6.0, 7.0, 8.0, np.nan], "process": [3.0, 4.0, 3.5, 2.0], "PC1": [np.nan] * 4},
        index=["hr", "it", "finance", "library"],
    )
    sds = pd.Series({"SA1": 1.5, "process": 0.6, "PC1": np.nan})
    norm = norm_of_departments(means, sds=sds, n_respondents=900, questionnaire=bank)
    assert list(norm.values.columns) == list(VALUE_COLUMNS)
    assert list(norm.values.index) == ["SA1", "process"]
    assert norm.values.loc["SA1"].tolist() == [1, 10, 3, 900, 7.0, 1.5, 1.0, 6.5, 7.0, 7.5]
    process = norm.values.loc["process"]
    assert process[["minimum", "maximum", "n_organisations", "mean", "sd_within"]].tolist() == [1, 5, 4, 3.125, 0.6]
    assert process["sd_between"] == pytest.approx(np.sqrt(((np.array([3, 4, 3.5, 2]) - 3.125) ** 2).sum() / 3))
    assert (norm.name, norm.year, norm.fictional) == ("departments", None, False)
    assert (norm.n_organisations, norm.n_respondents) == (4, 900)
    assert (norm.questionnaire, norm.version) == (bank.name, bank.version)


def test_one_department_has_no_spread_between(bank: Questionnaire) -> None:
    means = pd.DataFrame({"SA1": [7.0]}, index=["hr"])
    norm = norm_of_departments(means, sds=pd.Series({"SA1": 1.0}), n_respondents=12, questionnaire=bank)
    assert norm.values.loc["SA1", "mean"] == 7.0
    assert np.isnan(norm.values.loc["SA1", "sd_between"])


def test_the_norm_of_departments_leaves_its_input_alone(bank: Questionnaire) -> None:
    means, sds = pd.DataFrame({"SA1": [6.0, 8.0]}), pd.Series({"SA1": 1.0})
    before = means.copy(), sds.copy()
    norm_of_departments(means, sds=sds, n_respondents=9, questionnaire=bank)
    pd.testing.assert_frame_equal(means, before[0])
    pd.testing.assert_series_equal(sds, before[1])


@given(hnp.arrays(float, st.tuples(st.integers(2, 8), st.just(2)), elements=st.floats(1, 5)), st.randoms())
def test_the_order_of_departments_does_not_matter(bank: Questionnaire, values: np.ndarray, random: object) -> None:
    means = pd.DataFrame(values, columns=["PC1", "PC2"])
    order = list(range(len(means)))
    random.shuffle(order)  # type: ignore[attr-defined]
    sds = pd.Series({"PC1": 1.0, "PC2": 0.5})
    first = norm_of_departments(means, sds=sds, n_respondents=50, questionnaire=bank)
    second = norm_of_departments(means.iloc[order], sds=sds, n_respondents=50, questionnaire=bank)
    np.testing.assert_allclose(first.values, second.values, rtol=1e-12, atol=1e-12)
    assert (first.values["q25"] <= first.values["q50"]).all()
    assert (first.values["q50"] <= first.values["q75"]).all()


def test_the_norm_of_the_faculties_is_the_mean_of_their_published_means() -> None:
    data = pd.read_csv(shared_file("data/univer_orientation_2002.csv"))
    questionnaire = read_questionnaire(ROOT / "tests" / "studies" / "orientation" / "questionnaire.yaml")
    by_faculty = data.groupby("faculty")[["global"]]
    pooled = ((by_faculty.var() * (by_faculty.count() - 1)).sum() / (by_faculty.count() - 1).sum()) ** 0.5
    norm = norm_of_departments(by_faculty.mean(), sds=pooled, n_respondents=len(data), questionnaire=questionnaire)
    published = [6.06, 6.554, 5.569, 5.869, 6.264, 4.778, 6.049, 6.189, 5.46, 5.385, 5.359, 5.962, 4.41]
    assert norm.values.loc["global", "mean"] == pytest.approx(np.mean(published), abs=5e-4)
    assert norm.values.loc["global", ["minimum", "maximum", "n_organisations"]].tolist() == [1, 7, 13]


def test_own_items_of_a_department_have_the_range_of_their_block(bank: Questionnaire) -> None:
    own = Item(
        code="X1",
        block="product",
        wording=Text(en="x", nl="x"),
        label=Text(en="x", nl="x"),
        responses="agreement",
        core=False,
        departments=("hr",),
    )
    wider = bank.model_copy(update={"items": (*bank.items, own)})
    means = pd.DataFrame({"X1": [4.0], "product": [3.5]}, index=["hr"])
    sds = pd.Series({"X1": 1.0, "product": 1.0})
    norm = norm_of_departments(means, sds=sds, n_respondents=30, questionnaire=wider)
    assert norm.values["maximum"].tolist() == [5, 5]
