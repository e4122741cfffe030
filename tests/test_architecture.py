"""The house keeps its shape: imports go downward, statistics draw nothing, doors stay closed."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import icstats

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "icstats"

RANKS = (
    # shapes and tools that know nothing of surveys
    (
        "errors",
        "results",
        "seeds",
        "strict_yaml",
        "cuts",
        "tails",
        "worth",
        "subsets",
        "factor",
        "canvas",
        "workers",
        "platforms",
        "encodings",
        "sheetcells",
        "storekey",
        "workbooks",
        "masking",
        "siphash",
        "ahead",
    ),
    (
        "texts",
        "documents",
        "sampling",
        "moments",
        "pairwise",
        "rowchart",
        "nameplaces",
        "bivariate",
        "oneway",
        "schmid_leiman",
        "limits",
        "sizes",
    ),
    # what was asked, of whom
    (
        "questionnaire",
        "cases",
        "consistency",
        "screening",
        "means",
        "weights",
        "contrasts",
    ),
    ("surveyfile",),
    ("agreements", "selection", "themes"),
    (
        "study",
        "norms",
        "scales",
        "store",
        "worlds",
        "phrases",
        "nonresponse",
        "shares",
        "linear",
        "latent",
        "intruder",
    ),
    # what was answered
    (
        "rawtable",
        "columns",
        "answers",
        "template",
        "ledger",
        "turnover",
        "organisation",
        "draws",
        "importance",
        "differences",
        "departments",
        "measures",
        "contributions",
        "noise",
        "asymmetry",
        "halo",
        "performance",
        "fieldwork",
    ),
    # the statistics, and the formats of survey files
    (
        "layouts",
        "tally",
        "shards",
        "summed",
        "delimited",
        "spreadsheets",
        "statfiles",
        "lindendelta",
        "simulate",
        "describe",
        "reliability",
        "drivers",
        "benchmark",
        "position",
        "shrinkage",
        "casemix",
        "raters",
        "overlap",
        "odds",
        "aggregation",
        "pooling",
        "xlsform",
        "limesurvey",
    ),
    ("fielding", "ordinal", "hierarchy", "gate", "decisions", "gaps", "mentions", "priorities", "trends", "cleaning"),
    # what may be shown
    ("intake", "ratings", "example", "released", "register", "fingerprints"),
    ("withheld",),
    ("disclosure",),
    ("delivery", "bulktext"),
    ("prepared",),
    ("bulk",),
    ("plainfile",),
    ("responses", "codebook", "written"),
    ("comments",),
    ("recipe", "published", "analysis", "collecting", "tables", "markstrip", "heatmap", "sharebars", "story"),
    ("funnel", "leakscan"),
    ("bulkscan",),
    ("figures", "tolerance", "dumbbells", "prioritymap", "slopes"),
    ("talk",),
    # reports
    ("comparisons", "overall", "decided"),
    ("edition", "sections", "quality"),
    ("findings", "colophon", "commentary", "crosschecks", "dialogue", "evidence", "improvement", "reasons"),
    ("yardstick",),
    ("report", "overview", "pages", "explored", "choosing"),
    ("drafting", "explorer"),
    # batch and site
    ("collation", "inprocess", "lock", "parts", "staging"),
    ("engine",),
    ("workbook",),
    ("plan", "keys", "receipts"),
    ("desk",),
    ("summary", "errands"),
    ("site", "cluster", "stock", "languages"),
    ("production", "warm"),
    ("batch",),
    ("merging", "printed"),
    ("terminal",),
    ("__main__",),
)
RANK = {room: rank for rank, rooms in enumerate(RANKS) for room in rooms}
STATISTICS = (
    "tails",
    "contrasts",
    "gaps",
    "mentions",
    "priorities",
    "trends",
    "pooling",
    "moments",
    "pairwise",
    "sampling",
    "subsets",
    "cases",
    "factor",
    "bivariate",
    "oneway",
    "schmid_leiman",
    "hierarchy",
    "gate",
    "aggregation",
    "screening",
    "consistency",
    "shares",
    "linear",
    "latent",
    "ordinal",
    "importance",
    "measures",
    "contributions",
    "noise",
    "asymmetry",
    "halo",
    "performance",
    "overlap",
    "odds",
    "describe",
    "reliability",
    "drivers",
    "means",
    "weights",
    "nonresponse",
    "differences",
    "benchmark",
    "position",
    "departments",
    "shrinkage",
    "casemix",
    "raters",
)


def rooms() -> list[Path]:
    return sorted([*PACKAGE.glob("*.py"), PACKAGE / "texts" / "__init__.py"])


def room_name(path: Path) -> str:
    return path.parent.name if path.name == "__init__.py" and path.parent != PACKAGE else path.stem


def imported(path: Path) -> set[str]:
    """Return every module that a file imports, also inside functions and for type checking."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def own_rooms(path: Path) -> set[str]:
    parts = (name.split(".") for name in imported(path) if name.startswith("icstats."))
    return {part[1] for part in parts if part[1] in RANK}


@pytest.mark.parametrize("path", [path for path in rooms() if path != PACKAGE / "__init__.py"], ids=room_name)
def test_every_room_has_a_rank_and_imports_only_lower_ones(path: Path) -> None:
    room = room_name(path)
    assert room in RANK, f"{room} has no rank"
    assert {other: RANK[other] for other in own_rooms(path) if RANK[other] >= RANK[room]} == {}


def test_every_rank_names_a_room_that_exists() -> None:
    assert set(RANK) == {room_name(path) for path in rooms()} - {"__init__"}


def test_no_public_name_is_a_room() -> None:
    """Importing a room puts it into the package under its name, in front of a function of that name."""
    assert set(icstats.__all__) & set(RANK) == set()


@pytest.mark.parametrize("room", STATISTICS)
def test_statistics_know_neither_words_nor_pictures(room: str) -> None:
    tops = {name.split(".")[0] for name in imported(PACKAGE / f"{room}.py")}
    assert not tops & {"matplotlib", "seaborn", "jinja2", "IPython"}
    assert "texts" not in own_rooms(PACKAGE / f"{room}.py")


@pytest.mark.parametrize(
    "room",
    [
        "tables",
        "figures",
        "markstrip",
        "heatmap",
        "sharebars",
        "funnel",
        "written",
        "story",
        "sections",
        "tolerance",
        "dumbbells",
        "prioritymap",
        "slopes",
        "talk",
        "dialogue",
        "improvement",
        "reasons",
        "yardstick",
    ],
)
def test_what_readers_see_is_made_from_released_results_only(room: str) -> None:
    assert not own_rooms(PACKAGE / f"{room}.py") & {*STATISTICS, "responses", "intake", "analysis", "scales"}


def test_no_result_can_be_displayed() -> None:
    for path in rooms():
        text = path.read_text(encoding="utf-8")
        if "(Result)" in text:
            assert "_repr_html_" not in text
            assert "def plot" not in text


def test_no_room_is_called_after_nothing() -> None:
    assert not {path.stem for path in rooms()} & {"utils", "helpers", "common", "misc", "tools"}


@pytest.mark.parametrize("path", rooms(), ids=room_name)
def test_rooms_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 600


def test_nothing_is_left_to_do() -> None:
    marks = re.compile("|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error"]))
    files = [*rooms(), *(ROOT / "tests").rglob("*.py")]
    assert [path.name for path in files if marks.search(path.read_text(encoding="utf-8"))] == []


def test_importing_icstats_loads_nothing_heavy() -> None:
    program = (
        "import sys, icstats; dir(icstats); "
        "print([m for m in ('pandas', 'numpy', 'matplotlib', 'papermill', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_no_public_name_is_that_of_a_room() -> None:
    """Importing the room would put it in the place of the function."""
    assert not set(icstats.__all__) & set(RANK)


def test_every_public_name_can_be_fetched_and_is_documented() -> None:
    assert sorted(icstats.__all__) == sorted(icstats.ROOMS)
    for name in icstats.__all__:
        assert (getattr(icstats, name).__doc__ or "").strip(), name
