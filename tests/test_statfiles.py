"""Files of statistics programs keep their codes, labels and declared missing values."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest
from shared import shared_file

from icstats.errors import SurveyFileError
from icstats.intake import read_table
from icstats.study import ResponsesFile

if TYPE_CHECKING:
    from icstats.rawtable import RawTable


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(path: Path | str, **settings: object) -> RawTable:
    return read_table(ResponsesFile.model_validate({"file": Path(path).resolve(), **settings}))


ANSWERS = pd.DataFrame({"id": ["a", "b", "c"], "q1": [1.0, 9.0, 5.0], "q2": [2.0, None, 99.0]})
ABOUT: dict[str, Any] = {
    "column_labels": {"q1": "How fast?"},
    "variable_value_labels": {"q1": {1.0: "slow", 5.0: "fast", 9.0: "weet niet"}},
}
MISSING: dict[str, Any] = {"q1": [9], "q2": [{"lo": 90, "hi": 99}]}


@pytest.mark.parametrize("name", ["survey.sav", "survey.zsav"])
def test_spss_with_declared_missing_values(name: str) -> None:
    pyreadstat.write_sav(ANSWERS, name, missing_ranges=MISSING, compress=name.endswith("zsav"), **ABOUT)
    table = read(name)
    assert table.frame.to_numpy().tolist() == [["a", "1", "2"], ["b", "", ""], ["c", "5", ""]]
    assert table.questions["q1"] == "How fast?"
    assert table.labels == {"q1": {"1": "slow", "5": "fast", "9": "weet niet"}}
    assert table.notes == (
        "q1: declared missing in the file, so taken as no answer (9 (weet niet): 1)",
        "q2: declared missing in the file, so taken as no answer (99: 1)",
    )


def test_the_settings_say_what_a_missing_value_means_by_its_label_or_its_code() -> None:
    pyreadstat.write_sav(ANSWERS, "survey.sav", missing_ranges=MISSING, **ABOUT)
    table = read("survey.sav", dont_know=("weet niet",), not_applicable=("99",))
    assert table.frame["q1"].tolist() == ["1", "weet niet", "5"]
    assert table.frame["q2"].tolist() == ["2", "", "99"]
    assert table.notes == ()


def test_portable_spss_and_stata() -> None:
    pyreadstat.write_por(ANSWERS, "survey.por")
    pyreadstat.write_dta(ANSWERS, "survey.dta", variable_value_labels={"q1": {1: "slow"}})
    for name in ("survey.por", "survey.dta"):
        frame = read(name).frame
        assert frame.set_axis(["id", "q1", "q2"], axis=1).to_numpy().tolist() == [
            ["a", "1", "2"],
            ["b", "9", ""],
            ["c", "5", "99"],
        ]
    assert read("survey.dta").labels == {"q1": {"1": "slow"}}


def test_parquet() -> None:
    pq.write_table(pa.Table.from_pandas(ANSWERS.assign(day=pd.Timestamp("2026-01-03"))), "survey.parquet")
    table = read("survey.parquet")
    assert table.frame.to_numpy().tolist() == [
        ["a", "1", "2", "2026-01-03"],
        ["b", "9", "", "2026-01-03"],
        ["c", "5", "99", "2026-01-03"],
    ]
    assert table.rows.tolist() == [1, 2, 3]


@pytest.mark.parametrize("name", ["survey.sav", "survey.dta", "survey.parquet"])
def test_a_damaged_file_is_refused(name: str) -> None:
    starts = {"survey.sav": b"$FL2", "survey.dta": b"<stata_dta>", "survey.parquet": b"PAR1"}
    Path(name).write_bytes(starts[name] + b"\0\1\2" * 50)
    with pytest.raises(SurveyFileError) as error:
        read(name)
    assert str(error.value) == f"{name}: the file is damaged: it cannot be read. Hint: Export it again. [ICS-115]"


def test_the_real_hotel_survey() -> None:
    table = read(shared_file("data/spss_hotel_survey_17.sav"))
    assert table.frame.shape == (17, 5)
    assert table.questions["v3"] == "The staff were slow in responding"
    assert table.labels["v1"]["5"] == "Strongly Agree"
    assert set(table.frame["v1"]) == {"1", "2", "3", "4", "5"}


def test_the_real_sample_with_missing_ranges_and_codes() -> None:
    table = read(shared_file("data/spss_user_missing_sample.sav"))
    assert table.frame.shape == (7, 7)
    assert table.notes == (
        "mynum: declared missing in the file, so taken as no answer (-1: 1, 2500: 1)",
        "mylabl: declared missing in the file, so taken as no answer (-1 (undetermined): 1)",
        "myord: declared missing in the file, so taken as no answer (-1 (missing): 1, -3: 1)",
    )
    assert table.frame["mydate"].tolist()[:3] == ["2018-05-06", "1880-05-06", "1960-01-01"]
    assert table.frame["mynum"].tolist()[-2:] == ["", ""]
