"""What it costs to refuse a hostile file: the kinds of ``tests/test_hostile.py``, each in a process of its own.

Run: ``python benchmarks/hostile.py``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tables import SPEED, table, write_section

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from test_hostile import KINDS, refused


def main() -> None:
    """Write the section."""
    rows = []
    for name, made, _ in KINDS:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            made(path)
            size = path.stat().st_size
            code, memory, seconds = refused(path)
        rows.append(
            {
                "kind": f"{made.__name__.replace('_', ' ')} ({path.suffix})",
                "size, kB": f"{size / 1024:,.0f}",
                "refusal": code,
                "processor seconds": f"{seconds:.1f}",
                "peak memory, MB": f"{memory / 1024:.0f}",
            }
        )
    text = (
        "Made by `benchmarks/hostile.py`. Wanted: within 5 seconds, beside those of importing, and 500 MB, which "
        "importing is a part of. What says `read` promises more than it holds, and is read as what it holds.\n\n"
    )
    write_section(SPEED, "Hostile files", text + table(rows))


if __name__ == "__main__":
    main()
