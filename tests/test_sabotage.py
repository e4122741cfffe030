"""Sabotaged builds: somebody makes a notebook, a setting or the program leak, and nothing of it is released."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from attacks.organisation import answers, organisation
from openpyxl import Workbook
from test_canaries import CANARY, found_again, with_canaries

import icstats
from icstats import batch
from icstats.batch import run
from icstats.disclosure import RATINGS
from icstats.errors import HaltedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from small_study import SmallStudy

CELL = (
    "from pathlib import Path\nlines = Path('data/small.csv').read_text().splitlines()\ncell = lines[3].split(',')[0]\n"
)
PICTURE = """
import base64, struct, zlib
from PIL import Image
import io
stream = io.BytesIO()
Image.new("RGB", (2, 2)).save(stream, "png")
png = stream.getvalue()
data = b"Comment\\0" + cell.encode()
chunk = struct.pack(">I", len(data)) + b"tEXt" + data + struct.pack(">I", zlib.crc32(b"tEXt" + data))
png = base64.b64encode(png[:33] + chunk + png[33:]).decode()
"""
SABOTAGED = {
    "a section displays a frame": (
        "import pandas as pd\n"
        "asked['html'] = '<section>' + pd.read_csv('data/small.csv').head().to_html() + '</section>'"
    ),
    "a canary in an alt text": "asked['html'] = f'<section><img alt=\"{cell}\" src=\"data:,\"></section>'",
    "a canary in a title": "asked['html'] = f'<section><h2 title=\"{cell}\">Marks</h2></section>'",
    "a canary in a comment of the page": "asked['html'] = f'<section><!-- {cell} --><p>Marks</p></section>'",
    "a canary in a PNG chunk": PICTURE
    + "asked['html'] = f'<section><img alt=\"\" src=\"data:image/png;base64,{png}\"></section>'",
    "a canary in results.json": "asked['rows'] = [{**asked['rows'][0], 'variable': cell}]",
    "a canary in an attribute": "asked['html'] = f'<section><p data-who=\"{cell}\">Marks</p></section>'",
    "a canary in a style": "asked['html'] = '<section><style>p::after {content: \"' + cell + '\"}</style></section>'",
    "a canary in base64": (
        "import base64\ncoded = base64.b64encode(base64.b64encode(cell.encode())).decode()\n"
        "asked['html'] = f'<section><p title=\"{coded}\">Marks</p></section>'"
    ),
    "a canary in percents": (
        "from urllib.parse import quote\n"
        "asked['html'] = '<section><p>' + ''.join(f'%{ord(one):02X}' for one in cell) + '</p></section>'"
    ),
    "a canary with soft hyphens": "asked['html'] = '<section><p>' + '\u00ad'.join(cell) + '</p></section>'",
    "a canary between tags": "asked['html'] = '<section><p>' + '<b></b>'.join(cell) + '</p></section>'",
    "a canary in UTF-16": (
        "from urllib.parse import quote_from_bytes\n"
        "address = 'data:text/plain,' + quote_from_bytes(cell.encode('utf-16'))\n"
        "asked['html'] = f'<section><img alt=\"\" src=\"{address}\"></section>'"
    ),
    "a canary in results.json, packed": (
        "import gzip, base64\n"
        "asked['rows'] = [{**asked['rows'][0], 'variable': base64.b64encode(gzip.compress(cell.encode())).decode()}]"
    ),
    "a canary in a traceback": "raise ValueError(cell)",
}
STRIPPED = {
    "a canary in the metadata of an output": (
        "Shown._repr_mimebundle_ = lambda self, **_: (self.bundle, {'text/html': {'note': cell}})"
    ),
    "a canary in a stream": "print(cell); import sys; print(cell, file=sys.stderr)",
    "a frame by display": (
        "import pandas as pd\nfrom IPython.display import display\ndisplay(pd.read_csv('data/small.csv').head())"
    ),
    "the answers by their name": (
        "from icstats.responses import read_responses\nfrom icstats.study import read_study\n"
        "responses = read_responses(read_study('params/small.yaml'))\nprint(repr(responses), vars(responses))"
    ),
    "answers as a variable of the notebook": "import pandas as pd\nframe = pd.read_csv('data/small.csv')\nframe",
    "a canary in another media type": "Shown._repr_mimebundle_ = lambda self, **_: {**self.bundle, 'text/csv': cell}",
}


def ran(folder: Path, mischief: Sequence[str]) -> tuple[SmallStudy, list[str]]:
    """Run a study whose departments each do their mischief; so that one run tries several."""
    study = with_canaries(folder)
    for slug, done in zip(study.SLUGS, mischief, strict=False):
        study.ask("drivers", slug, mischief=CELL + done)
    summary = run(study.opened(), outputs=study.outputs)
    return study, [one.status for one in summary.departments]


def threes(names: Iterable[str]) -> list[tuple[str, ...]]:
    listed = list(names)
    return [tuple(listed[place : place + 3]) for place in range(0, len(listed), 3)]


@pytest.mark.parametrize("how", threes(SABOTAGED), ids="; ".join)
def test_a_sabotaged_section_is_not_released(tmp_path: Path, how: tuple[str, ...]) -> None:
    study, stand = ran(tmp_path, [SABOTAGED[one] for one in how])
    assert stand == ["failed"] * len(how) + ["done"] * (3 - len(how))
    assert found_again(study.outputs) == []


@pytest.mark.parametrize("how", threes(STRIPPED), ids="; ".join)
def test_what_is_not_a_section_is_taken_out_or_withheld(tmp_path: Path, how: tuple[str, ...]) -> None:
    study, _ = ran(tmp_path, [STRIPPED[one] for one in how])
    assert found_again(study.outputs) == []


def test_a_canary_in_the_properties_of_the_workbook_stops_the_whole_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = with_canaries(tmp_path)
    line = (study.root / "data" / "small.csv").read_text(encoding="utf-8").splitlines()[3]

    def sabotaged(_: object, folder: Path, **__: object) -> None:
        book = Workbook()
        book.properties.keywords = line.split(",")[0]
        book.save(folder / "results.xlsx")

    monkeypatch.setattr(batch, "write_workbook", sabotaged)
    with pytest.raises(HaltedError, match=r"Nothing is released\. results\.xlsx would hold the key of a respondent"):
        run(study.opened(), outputs=study.outputs)
    assert not study.folder.exists() or found_again(study.folder) == []


def test_a_canary_in_the_index_stops_the_whole_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = with_canaries(tmp_path)
    line = (study.root / "data" / "small.csv").read_text(encoding="utf-8").splitlines()[3]

    def sabotaged(_: object, folder: Path, **__: object) -> None:
        (folder / "index.html").write_text(f"<p>{line.split(',')[0]}</p>", encoding="utf-8")

    monkeypatch.setattr(batch, "write_index", sabotaged)
    with pytest.raises(HaltedError, match=r"Nothing is released\. index\.html would hold the key of a respondent"):
        run(study.opened(), outputs=study.outputs)
    assert not study.folder.exists() or found_again(study.folder) == []


def test_a_lower_threshold_by_environment_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = answers({"a": 3, "b": 9, "c": 30, "d": 60}, 1)
    before = organisation(tmp_path / "before", frame).edition.ledger
    for name in ("MINIMUM_GROUP", "READERS", "FLOOR", "POLICY", "MINIMUM"):
        for prefix in ("", "ICSTATS_", "icstats_", "PAPERMILL_"):
            monkeypatch.setenv(f"{prefix}{name}", "1")
    after = organisation(tmp_path / "after", frame).edition.ledger
    assert after.hidden == before.hidden
    assert after.shown(RATINGS) == before.shown(RATINGS) == ("d",)


def test_no_room_that_decides_reads_the_environment() -> None:
    reads = re.compile(r"getenv|environ\[|environ\.get|BaseSettings")
    rooms = {path.name for path in Path(icstats.__file__).parent.glob("*.py") if reads.search(path.read_text("utf-8"))}
    assert rooms == set()


FAULTS = {
    "killed": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "out of memory": "raise MemoryError(cell)",
    "an exit": "raise SystemExit(cell)",
    "interrupted": "raise KeyboardInterrupt(cell)",
    "an assertion with rows": "assert False, lines",
    "a warning with rows": "import warnings; warnings.warn(cell); raise RuntimeError",
    "an error within an error": "try:\n    int(cell)\nexcept ValueError as error:\n    raise KeyError(cell) from error",
}


@pytest.mark.parametrize("faults", threes(FAULTS), ids="; ".join)
def test_no_canary_is_left_by_a_fault(tmp_path: Path, faults: tuple[str, ...]) -> None:
    study, stand = ran(tmp_path, [FAULTS[one] for one in faults])
    assert set(stand[: len(faults)]) == {"failed"}
    assert found_again(study.outputs) == []
    assert CANARY not in "".join(path.name for path in study.outputs.rglob("*"))
    assert base64.b64encode(CANARY.encode()) not in b"".join(study.files().values())
