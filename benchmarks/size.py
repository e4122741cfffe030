# ruff: noqa: S608  what stands in the queries are our own numbers
"""What it costs to know ten million ratings, from one text file to a department's own rows.

Made-up ratings: 20 items on five points with 2 % missing, 200 departments. Every way runs in a process of its own,
whose seconds, processor seconds and highest memory the system reports; only the ratios mean anything elsewhere.

Run: ``python benchmarks/size.py [rows] [--hundred]``: ``make bench`` takes 4 million rows, which ends in some minutes;
the table of ten million takes 4 GB of memory (the way of pandas) and a quarter of an hour. With ``--hundred`` the
moments of ten times as many rows are made as well, from the same files with departments that change places.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
from tables import SPEED, table, write_section

DEFAULT = 4_000_000
"""So many make a text file that is too large to be read at once."""
FILES = 10
ITEMS = [f"Q{number}" for number in range(1, 21)]
DEPARTMENTS = 200
OF_ONE = 500
"""Ratings of a department in the stores of 20 and 2,000 departments."""

MOMENTS = """
from icstats.shards import moments_of_files
found = moments_of_files(sorted(Path(told["files"]).glob("*.parquet")), items=told["items"], by=["department"])
covariance = {group[0]: moments.covariance for group, moments in found.items()}
result = float(covariance["d000"].to_numpy().sum())
"""
MOMENTS_OF_PANDAS = """
import pandas as pd
data = pd.concat([pd.read_parquet(file) for file in sorted(Path(told["files"]).glob("*.parquet"))])
covariance = dict(iter(data.groupby("department")[told["items"]].cov().groupby(level=0)))
result = float(covariance["d000"].to_numpy().sum())
"""
READ_CSV = """
import pandas as pd
result = len(pd.read_csv(told["file"]))
"""
STORE = """
from icstats.responses import read_responses
from icstats.study import read_study
result = read_responses(read_study(told["study"])).contents.n_ratings
"""
ONE_DEPARTMENT = """
from icstats.responses import read_responses
from icstats.study import read_study
study = read_study(told["study"])
responses = read_responses(study)
responses.ratings(wave="2026", department="d001")
took = []
for _ in range(21):
    began_one = time.perf_counter()
    n = len(responses.ratings(wave="2026", department="d000"))
    took.append(time.perf_counter() - began_one)
began_one = time.perf_counter()
read_responses(study)
result = [sorted(took)[10], time.perf_counter() - began_one, n]
"""
CHECK = """
from click.testing import CliRunner
from icstats.__main__ import main
done = CliRunner().invoke(main, ["check", told["file"]])
assert done.exit_code == 0, done.output
result = 0
"""
MEASURED = """
import json, resource, sys, time
from pathlib import Path
told = json.loads(sys.argv[1])
began = time.perf_counter()
{way}
seconds = time.perf_counter() - began
own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
used = sum(one.ru_utime + one.ru_stime for one in (own, children))
print(json.dumps([seconds, used, max(own.ru_maxrss, children.ru_maxrss) / 1024, result]))
"""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a way took, and what came of it."""

    seconds: float
    processor: float
    megabytes: float
    result: object

    def row(self, way: str) -> dict[str, object]:
        """Return the row of a table."""
        return {
            "way": way,
            "seconds": f"{self.seconds:.1f}",
            "processor seconds": f"{self.processor:.1f}",
            "peak memory, MB": f"{self.megabytes:,.0f}",
        }


def measured(way: str, **told: object) -> Cost:
    """Return what a way costs in a process of its own."""
    given = json.dumps(told, default=str)
    command = [sys.executable, "-c", MEASURED.replace("{way}", way), given]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own program
    if done.returncode:
        raise RuntimeError(done.stderr)
    seconds, processor, megabytes, result = json.loads(done.stdout.splitlines()[-1])
    return Cost(seconds=seconds, processor=processor, megabytes=megabytes, result=result)


def write(query: str, path: Path, kind: str = "") -> None:
    """Write the rows of a query to a file, in bounded memory."""
    with duckdb.connect() as database:
        database.execute("SET memory_limit = '1GB'")
        database.execute(f"COPY ({query}) TO '{path}' {kind}")


def ratings(first: int, end: int, *, departments: int = DEPARTMENTS, keys: bool, empty: str = "NULL") -> str:
    """Return the query of made-up ratings: the same row whatever is made around it."""
    kind = "::TINYINT" if empty == "NULL" else "::VARCHAR"
    spread = "(hash(i * 64 + {k}) % 3 + hash(i) % 3)"
    answers = ", ".join(
        f"CASE WHEN hash(i * 64 + {k + 1000}) % 50 = 0 THEN {empty} ELSE (1 + {spread.format(k=k)}){kind} END AS Q{k}"
        for k in range(1, len(ITEMS) + 1)
    )
    who = "'p' || lpad((hash(i) % 4000000)::VARCHAR, 7, '0') AS respondent, " if keys else ""
    return (
        f"SELECT {who}'d' || lpad((i % {departments})::VARCHAR, 3, '0') AS department, {answers} "
        f"FROM range({first}, {end}) AS numbers(i)"
    )


def write_study(folder: Path, file: Path, departments: int) -> Path:
    """Write the study of a survey file with a respondent, a department and the items."""
    about = "wording: {en: W, nl: W}, label: {en: L, nl: L}"
    items = "".join(
        f"  - {{code: {code}, block: {'outcome' if code == 'Q20' else 'process'}, responses: five, "
        f"{'' if code == 'Q20' else 'scale: process, '}{about}}}\n"
        for code in ITEMS
    )
    (folder / "questionnaire.yaml").write_text(
        "name: size\nversion: '1'\ntitle: {en: Size, nl: Size}\noutcome: Q20\n"
        "responses:\n  five: {minimum: 1, maximum: 5, satisfied: 4, dissatisfied: 2}\n"
        "scales:\n  - {code: process, block: process, label: {en: Process, nl: Proces}}\nitems:\n" + items,
        encoding="utf-8",
    )
    slugs = (f"d{number:03d}" for number in range(departments))
    listed = "".join(f"  - {{slug: {slug}, name: {{en: {slug}, nl: {slug}}}}}\n" for slug in slugs)
    path = folder / "study.yaml"
    path.write_text(
        "name: size\ntitle: {en: Size, nl: Size}\norganisation: {en: O, nl: O}\nwave: '2026'\n"
        f"questionnaire: questionnaire.yaml\nresponses:\n  file: {file}\n  cleaning: {{duplicates: keep_first}}\n"
        f"store: store\nnotebooks: [department_report]\ndepartments:\n{listed}",
        encoding="utf-8",
    )
    return path


def moments(folder: Path, rows: int, *, hundred: bool) -> str:
    """Measure covariance matrices of every department from Parquet files."""
    files = folder / "parquet"
    files.mkdir()
    each = rows // FILES
    for number in range(FILES):
        write(
            ratings(number * each, (number + 1) * each, keys=False), files / f"{number:03d}.parquet", "(FORMAT parquet)"
        )
    ours, theirs = measured(MOMENTS, files=files, items=ITEMS), measured(MOMENTS_OF_PANDAS, files=files, items=ITEMS)
    assert isinstance(ours.result, float)
    assert isinstance(theirs.result, float)
    assert abs(ours.result - theirs.result) < 1e-9 * abs(theirs.result)
    lines = [
        (
            f"From {FILES} Parquet files of {rows:,} ratings to a covariance matrix per department; they agree to "
            "nine digits. Wanted: at most 1/3 of the time, 1/20 of the memory, 300 MB."
        ),
        "",
        table([ours.row("`moments_of_files`"), theirs.row("`pandas.concat`, `groupby.cov`")]),
        "",
        (
            f"Ratios: {ours.seconds / theirs.seconds:.2f} of the time, {ours.processor / theirs.processor:.2f} of the "
            f"processor seconds, {ours.megabytes / theirs.megabytes:.3f} of the memory."
        ),
    ]
    if hundred:
        for path in sorted(files.glob("*.parquet")):
            for shift in range(1, 10):
                moved = f"'d' || lpad(((substring(department, 2)::INT + {shift}) % {DEPARTMENTS})::VARCHAR, 3, '0')"
                query = f"SELECT {moved} AS department, * EXCLUDE (department) FROM '{path}'"
                write(query, files / f"{path.stem}-{shift}.parquet", "(FORMAT parquet)")
        tenfold = measured(MOMENTS, files=files, items=ITEMS)
        lines += [
            "",
            (
                f"Ten times as many rows ({10 * rows:,}): {tenfold.processor / ours.processor:.1f} times the processor "
                f"seconds, {tenfold.seconds / ours.seconds:.1f} times the seconds ({tenfold.seconds:.0f}), a peak of "
                f"{tenfold.megabytes:,.0f} MB. Wanted: at most 11 times, the same peak."
            ),
        ]
    for path in files.glob("*.parquet"):
        path.unlink()
    return "\n".join(lines)


def store(folder: Path, rows: int) -> str:
    """Measure how one text file becomes a store."""
    file = folder / "survey.csv"
    write(ratings(0, rows, keys=True, empty="''"), file, "(HEADER)")
    study = write_study(folder, file, DEPARTMENTS)
    read, made = measured(READ_CSV, file=file), measured(STORE, study=study)
    size = file.stat().st_size / 2**20
    file.unlink()
    lines = [
        (
            f"From one CSV file of {rows:,} ratings ({size:,.0f} MB, with respondents) to the store, checked, "
            "one Parquet file per department. Wanted: half the time of `read_csv`, a peak below 1 GB."
        ),
        "",
        table([made.row("`read_responses`"), read.row("`pandas.read_csv` alone")]),
        "",
        (
            f"Ratios: {made.seconds / read.seconds:.1f} of the seconds, {made.processor / read.processor:.1f} of the "
            "processor seconds."
        ),
    ]
    return "\n".join(lines)


def one_department(folder: Path) -> str:
    """Measure the reading of one department in a small store and in one a hundred times larger."""
    costs = []
    for departments in (DEPARTMENTS // 10, DEPARTMENTS * 10):
        place = folder / str(departments)
        place.mkdir()
        query = ratings(0, departments * OF_ONE, departments=departments, keys=True, empty="''")
        write(query, place / "survey.csv", "(HEADER)")
        found = measured(ONE_DEPARTMENT, study=write_study(place, place / "survey.csv", departments)).result
        assert isinstance(found, list)
        costs.append(found)
    (small, opened_small, _), (large, opened_large, _) = costs
    return (
        f"One department of {OF_ONE} ratings is read in {1000 * small:.1f} ms from a store of {DEPARTMENTS // 10} "
        f"departments and in {1000 * large:.1f} ms from one of {DEPARTMENTS * 10:,}: {large / small:.2f} times "
        f"(wanted: at most 2). To open the store, with a look whether the survey file is still the same, takes "
        f"{1000 * opened_small:.0f} and {1000 * opened_large:.0f} ms."
    )


def check(folder: Path) -> str:
    """Measure the check of a file without a study."""
    file = folder / "check.csv"
    answers = ", ".join(f"1 + hash(i * 64 + {k}) % 5 AS Q{k}" for k in range(1, 61))
    write(f"SELECT i AS respondent, {answers} FROM range(50000) AS numbers(i)", file, "(HEADER)")
    cost = measured(CHECK, file=file)
    return f"`icstats check` of 50,000 rows and 60 items: {cost.seconds:.1f} seconds. Wanted: under 5."


def main() -> None:
    """Write the section."""
    numbers = [word for word in sys.argv[1:] if word.isdigit()]
    rows = int(numbers[0]) if numbers else DEFAULT
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = [
            (
                f"Made by `benchmarks/size.py`, {time.strftime('%B %Y')}, {os.cpu_count()} cores: {len(ITEMS)} items, "
                f"{DEPARTMENTS} departments."
            ),
            "### Moments",
            moments(folder, rows, hundred="--hundred" in sys.argv),
            "### The store",
            store(folder, rows),
            "### One department, one check",
            one_department(folder),
            check(folder),
        ]
    write_section(SPEED, "Size", "\n\n".join(parts))


if __name__ == "__main__":
    main()
