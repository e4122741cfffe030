"""What a run survives: every fault of the list five times, and a hundred kills at random moments.

Run with ``python benchmarks/faults.py [repeats]``: writes its section into ``results.md`` beside this file. The cases
are tests; here they are only repeated: a race that is lost once in three times is seldom seen by one run of the tests.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from tables import SPEED, table, write_section

ROOT = Path(__file__).resolve().parents[1]
REPEATS = 5
FAULTS, CLI, BATCH, RECEIPTS = (f"tests/test_{room}.py" for room in ("faults", "cli", "batch", "receipts"))
CASES = {
    "F01 a notebook is killed (-9)": (FAULTS, "f01"),
    "F02 the run is killed in a notebook": (FAULTS, "f02"),
    "F04 the run is killed between notebook and page": (FAULTS, "f04"),
    "F06, F08 Ctrl-C and SIGTERM": (CLI, "stopped_run_ends_with_130"),
    "F09 the disk is full": (FAULTS, "f09"),
    "F11 more memory than allowed": (FAULTS, "f11"),
    "F13 a cell that never ends": (FAULTS, "f13"),
    "F14 two runs at once": (FAULTS, "f14"),
    "F16 the lock of a process that is gone": (FAULTS, "f16"),
    "F18 an input changes during the run": (FAULTS, "f18"),
    "F19 reports that cannot be replaced": (FAULTS, "f19"),
    "F20 no kernel": (BATCH, "missing_kernel_is_told"),
    "F23 half a receipt": (RECEIPTS, "half_a_receipt"),
}
KILLS = (FAULTS, "killed_at_random_moments", "-m", "simulation")


def outcome(file: str, chosen: str, *more: str) -> str:
    """Run the tests of a case once and return the last line of what they say."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", file, "-k", chosen, *more]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603  our own tests
    last = done.stdout.strip().splitlines()[-1]
    if done.returncode:
        print(done.stdout[-3000:])
    return ("as expected" if done.returncode == 0 else "NOT as expected") + (", skipped" if " skipped" in last else "")


def main() -> None:
    """Repeat, print and write."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else REPEATS
    rows = []
    for case, chosen in CASES.items():
        began = time.monotonic()
        found = [outcome(*chosen) for _ in range(repeats)]
        for one in dict.fromkeys(found):
            rows.append({"case": case, "times": found.count(one), "outcome": one})
            print(case, found.count(one), one, f"{time.monotonic() - began:.0f} s", flush=True)
    rows.append({"case": "killed (-9) at random moments and run again", "times": 100, "outcome": outcome(*KILLS)})
    told = (
        f"Made by `benchmarks/faults.py`. Each case ran {repeats} times; what is expected stands in the tests. In the "
        "last row every file was whole whenever it was looked at, and the final outputs are those of an undisturbed "
        "run.\n\n"
    )
    write_section(SPEED, "What a run survives", told + table(rows))


if __name__ == "__main__":
    main()
