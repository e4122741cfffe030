"""How much masking finds of what tells who somebody is, in comments that it was not written with.

Run: ``python benchmarks/masking.py``: prints its section of ``coverage.md`` beside this file and writes it there.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tables import COVERAGE, table, write_section

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

import comments_holdout as holdout  # noqa: E402  the comments live with the tests
import comments_sample as sample  # noqa: E402
from masked_comments import found  # noqa: E402


def main() -> None:
    """Count, print and write."""
    rows = [
        {"comments": what, "language": language, "list of names": "yes" if names else "no", **found(comments, names)}
        for what, module in (("hold-out", holdout), ("written with", sample))
        for language, comments in (("nl", module.DUTCH), ("en", module.ENGLISH))
        for names in (module.LIST, ())
    ]
    text = f"""Made by `benchmarks/masking.py`. Words that tell who somebody is (names, addresses, numbers) in made-up
comments, and how many of them are masked. The hold-out was written after the masking, and nothing was changed because
of it. Too much is what is masked beside those words and the titles before them.

{table(rows)}"""
    write_section(COVERAGE, "How much masking finds", text)


if __name__ == "__main__":
    main()
