"""Hostile files are refused by a process that may use ten seconds of processor time and less than 500 MB."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest
import test_bad_inputs as bad
from click.testing import CliRunner
from shared import shared_file

from icstats.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROGRAM = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (10, 10))  # half of it is what importing takes
from pathlib import Path
from icstats.errors import ICStatsError
from icstats.intake import read_table
from icstats.questionnaire import read_questionnaire
from icstats.study import ResponsesFile
imported = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
path = Path(sys.argv[1])
try:
    if path.suffix == ".yaml":
        read_questionnaire(path)
    else:
        read_table(ResponsesFile(file=path))
    print("read")
except ICStatsError as error:
    print(error.problems[0].code)
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
# What the system calls the highest memory of this process itself is that of whoever started it, if that was higher.
own = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(max(own, used[1].ru_maxrss), sum(one.ru_utime + one.ru_stime for one in used) - imported)
"""
MANY = 1_000_000


def alike(text: str, rows: int) -> pa.Table:
    """Return a column in which one text stands in every row, which takes no room in a file."""
    return pa.table({"q1": pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), [text])})


def many_rows(path: Path) -> None:
    part = alike("5", MANY)
    with pq.ParquetWriter(path, part.schema) as writer:
        for _ in range(60):
            writer.write_table(part)


def one_long_text(path: Path) -> None:
    pq.write_table(alike("a" * 5_000_000, MANY), path)


def deep_columns(path: Path) -> None:
    pq.write_table(pa.table({"q1": [[[[[1]]]]] * 10}), path)


def says_that_it_has_all_the_people_of_the_world(path: Path) -> None:
    content = bytearray(shared_file("data/spss_hotel_survey_17.sav").read_bytes())
    content[80:84] = struct.pack("<i", 2**31 - 1)  # the number of cases in the header
    path.write_bytes(content)


def stata_that_is_cut_off(path: Path) -> None:
    pyreadstat.write_dta(pd.DataFrame({"q1": [1.0, 2.0] * 500}), path)
    content = path.read_bytes()
    place = content.index(b"<N>") + 3
    path.write_bytes(content[:place] + struct.pack("<Q", 2**40) + content[place + 8 :])


def far_cell(path: Path) -> None:
    path.write_bytes(bad.hostile(bad.FAR_CELL))


def zip_bomb(path: Path) -> None:
    path.write_bytes(bad.hostile(bad.SPACES))


def many_parts(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for number in range(20_000):
            made.writestr(f"xl/worksheets/sheet{number}.xml", b" " * 2_000)


def entity_bomb(path: Path) -> None:
    path.write_bytes(bad.hostile(bad.BOMB))


def path_trick(path: Path) -> None:
    path.write_bytes(bad.hostile(bad.FAR_CELL))
    with zipfile.ZipFile(path, "a") as made:
        made.writestr("../../escaped.txt", b"x")


def pickled(path: Path) -> None:
    path.write_bytes(b"cos\nsystem\n(S'touch escaped'\ntR.")


def pickled_as_text(path: Path) -> None:
    pickled(path)


def aliases(path: Path) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(9)]
    path.write_text("\n".join(lines), encoding="utf-8")


def brackets(path: Path) -> None:
    path.write_text("[" * 100_000, encoding="utf-8")


def a_very_long_text(path: Path) -> None:
    path.write_text("name: " + "x" * 30_000_000, encoding="utf-8")


def many_values(path: Path) -> None:
    path.write_text("items:\n" + "- {}\n" * 180_000, encoding="utf-8")


KINDS: list[tuple[str, Callable[[Path], None], set[str]]] = [
    ("survey.xlsx", far_cell, {"ICS-116"}),
    ("survey.xlsx", zip_bomb, {"ICS-116"}),
    ("survey.xlsx", many_parts, {"ICS-115", "ICS-116"}),
    ("survey.xlsx", entity_bomb, {"ICS-116"}),
    ("survey.xlsx", path_trick, {"ICS-116"}),
    ("survey.pkl", pickled, {"ICS-102"}),
    ("survey.csv", pickled_as_text, {"ICS-106"}),
    ("survey.parquet", many_rows, {"ICS-116"}),
    ("survey.parquet", one_long_text, {"ICS-116"}),
    ("survey.sav", says_that_it_has_all_the_people_of_the_world, {"read"}),
    ("survey.dta", stata_that_is_cut_off, {"ICS-115"}),
    ("bomb.yaml", aliases, {"ICS-205"}),
    ("bomb.yaml", brackets, {"ICS-208"}),
    ("bomb.yaml", a_very_long_text, {"ICS-202"}),
    ("bomb.yaml", many_values, {"ICS-208"}),
]


def refused(path: Path) -> tuple[str, int, float]:
    """Return the code of the refusal, the highest memory in kB and the processor seconds beside those of importing."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    code, memory, seconds = done.stdout.split()
    return code, int(memory), float(seconds)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted in another unit elsewhere")
@pytest.mark.parametrize(
    ("name", "made", "codes"),
    KINDS,
    ids=lambda one: getattr(one, "__name__", None),
)
def test_a_hostile_file_is_refused_in_little_time_and_memory(
    name: str, made: Callable[[Path], None], codes: set[str], tmp_path: Path
) -> None:
    path = tmp_path / name
    made(path)
    code, memory, _ = refused(path)
    assert code in codes
    assert memory // 1024 < 500
    assert [found.name for found in tmp_path.iterdir()] == [name]


NAMES = ("../../escaped", "/etc/passwd", "C:\\x", "a/b", "..", "a\x00b", "a\nb", "x" * 300, "<b>", "-rf", "\u202ecod")
STUDY = """\
name: %(name)s
title: {en: T, nl: T}
organisation: {en: O, nl: O}
wave: %(wave)s
departments:
  - {slug: %(slug)s, name: {en: HR, nl: HR}}
"""


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
@pytest.mark.parametrize("field", ["slug", "name", "wave"])
def test_a_name_that_is_a_path_makes_no_path(name: str, field: str, tmp_path: Path) -> None:
    """Slugs, names and waves make folders: what is no plain word is refused, and nothing is written anywhere."""
    path = tmp_path / "one" / "two" / "study.yaml"
    path.parent.mkdir(parents=True)
    values = {"slug": "hr", "name": "small", "wave": "2026", field: name}
    path.write_text(STUDY % {key: json.dumps(value) for key, value in values.items()}, encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    result = CliRunner().invoke(main, ["check", str(path), "--format", "json"])
    assert result.exit_code == 2
    columns = [problem["column"].rpartition(".")[2] for problem in json.loads(result.stdout)["problems"]]
    # NUL is in no text at all: that is told before anybody looks which setting it is.
    assert (field in columns) != ("\0" in name)
    assert sorted(tmp_path.rglob("*")) == before
