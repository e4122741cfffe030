"""The figures of all benchmarks: ``results.md`` for speed, ``coverage.md`` and ``dialogue.md`` for simulations.

Every script owns one section of one file and leaves the others as they are.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SPEED, COVERAGE, DIALOGUE = "results.md", "coverage.md", "dialogue.md"
HEADINGS = {
    SPEED: "# How fast it is\n\nRatios of medians from one run each; `make bench` makes them anew.\n\n",
    COVERAGE: "# How often it is right\n\nSimulated; `make coverage` makes the figures anew.\n\n",
    DIALOGUE: "# How often the dialogue pages are right\n\n"
    "Simulated with seed 2026 and the item bank of 17 driver questions; `python benchmarks/dialogue.py` makes the "
    "figures anew.\n\n",
}


def table(rows: Sequence[Mapping[str, object]]) -> str:
    """Return rows as a Markdown table."""
    head = list(rows[0])
    lines = [head, ["---"] * len(head), *([str(row[name]) for name in head] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write_section(file: str, title: str, text: str, *, folder: Path = Path(__file__).parent) -> None:
    """Put a section in the place of the one with the same title, or at the end, and print it.

    ``text`` is Markdown whose own headings start at level 3.
    """
    path = folder / file
    whole = path.read_text(encoding="utf-8") if path.exists() else HEADINGS[file]
    heading, *sections = re.split(r"^(?=## )", whole, flags=re.MULTILINE)
    own = f"## {title}\n\n{text.strip()}\n"
    titles = [section.partition("\n")[0] for section in sections]
    if f"## {title}" in titles:
        sections[titles.index(f"## {title}")] = own
    else:
        sections.append(own)
    path.write_text("\n\n".join(part.strip() for part in (heading, *sections)) + "\n", encoding="utf-8")
    print(own)
