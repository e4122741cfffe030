"""What does it cost to know ten million ratings? Writes ``size.md`` beside this file.

Made-up ratings: 20 items on five points with 2 % missing, 200 departments, in 10 Parquet files. Every way of reading
runs in a process of its own, whose processor time and highest memory the system reports.
Run: ``python benchmarks/size.py [rows]`` (a few minutes and 6 GB of memory for the way of pandas).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 10_000_000
FILES = 10
ITEMS = [f"Q{number}" for number in range(1, 21)]
DEPARTMENTS = 200
MISSING = 0.02

ICSTATS = """
from icstats.shards import moments_of_files
found = moments_of_files(files, items=items, by=["department"])
covariance = {group[0]: moments.covariance for group, moments in found.items()}
"""
PANDAS = """
import pandas as pd
data = pd.concat([pd.read_parquet(file) for file in files])
covariance = dict(iter(data.groupby("department")[items].cov().groupby(level=0)))
"""
MEASURED = """
import json, resource, sys, time
from pathlib import Path
files, items = sorted(Path(sys.argv[1]).glob("*.parquet")), json.loads(sys.argv[2])
began = time.perf_counter()
{way}
seconds = time.perf_counter() - began
usage = resource.getrusage(resource.RUSAGE_SELF)
first = covariance[min(covariance)].to_numpy()
print(json.dumps([seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, float(first.sum())]))
"""


def write_files(folder: Path, rows: int) -> None:
    """Write the ratings."""
    random = np.random.default_rng(1)
    names = np.array([f"d{number:03d}" for number in range(DEPARTMENTS)])
    for number in range(FILES):
        n = rows // FILES
        level = random.normal(size=n)
        columns = {}
        for item in ITEMS:
            answers = np.clip(np.rint(3 + 0.7 * level + random.normal(scale=0.8, size=n)), 1, 5).astype(np.int8)
            columns[item] = pa.array(answers, mask=random.random(n) < MISSING)
        department = pa.array(names[random.integers(0, DEPARTMENTS, n)]).dictionary_encode().cast(pa.string())
        pq.write_table(pa.table({**columns, "department": department}), folder / f"part-{number}.parquet")


def measured(way: str, folder: Path) -> list[float]:
    """Return seconds, processor seconds, highest memory in MB, and the sum of one covariance matrix."""
    program = MEASURED.format(way=way)
    command = [sys.executable, "-c", program, str(folder), json.dumps(ITEMS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  our own program
    found: list[float] = json.loads(done.stdout)
    return found


def main() -> None:
    """Write the table."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder, rows)
        ours, theirs = measured(ICSTATS, folder), measured(PANDAS, folder)
    assert abs(ours[3] - theirs[3]) < 1e-9 * abs(theirs[3])
    lines = [
        "# Size",
        "",
        (
            f"Made by `benchmarks/size.py`, {time.strftime('%B %Y')}, {os.cpu_count()} cores: {rows:,} ratings of "
            f"{len(ITEMS)} items in {DEPARTMENTS} departments, from {FILES} Parquet files to a covariance matrix per "
            "department; the matrices agree to nine digits."
        ),
        "",
        "| way | seconds | processor seconds | peak memory, MB |",
        "| -- | -- | -- | -- |",
        *(
            f"| {way} | {found[0]:.1f} | {found[1]:.1f} | {found[2]:,.0f} |"
            for way, found in (("`moments_of_files`", ours), ("`pandas.concat`, `groupby.cov`", theirs))
        ),
        f"| ratio | {ours[0] / theirs[0]:.2f} | {ours[1] / theirs[1]:.2f} | {ours[2] / theirs[2]:.3f} |",
    ]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
