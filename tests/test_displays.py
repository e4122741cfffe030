"""What JupyterLab shows by itself: of a raw result how to go on, of a release what may be shown; and the completion."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from IPython.core.completer import IPCompleter, provisionalcompleter
from IPython.core.formatters import DisplayFormatter

import icstats as ic
from icstats.errors import DisclosureError
from icstats.results import Result, Settings

if TYPE_CHECKING:
    from icstats.explorer import Explorer

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "params" / "example.yaml"
CANARY = "Jansen-7431"


@pytest.fixture(scope="module")
def desk() -> Explorer:
    return ic.open_explorer(EXAMPLE, "hr")


def displayed(value: object) -> dict[str, str]:
    """Return what a notebook would hold of a value, by media type."""
    bundle, _ = DisplayFormatter().format(value)
    return dict(bundle)


def kinds_of_results() -> list[type[Result]]:
    for room in set(ic.ROOMS.values()):
        import_module(f"icstats.{room}")
    found, waiting = [], [Result]
    while waiting:
        waiting += (below := waiting.pop().__subclasses__())
        found += below
    return sorted((kind for kind in found if kind.__module__.startswith("icstats")), key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", kinds_of_results(), ids=lambda kind: kind.__name__)
def test_of_a_raw_result_no_cell_is_displayed(kind: type[Result]) -> None:
    data = pd.DataFrame({"department": ["a", "b"], "estimate": [3.1415, 2.7182], "who": CANARY}, index=[CANARY, "x"])
    rest = {field.name: CANARY for field in fields(kind) if field.name not in ("data", "people", "settings")}
    result = kind(data=data, people=data, settings=Settings(method=CANARY), **rest)
    shown = displayed(result)
    assert set(shown) == {"text/plain", "text/html"}
    assert not [text for text in shown.values() if CANARY in text or "3.1" in text or "2.7" in text]
    assert shown["text/plain"] == f"<{kind.__name__}: 2 rows, not released>"
    assert "2 rows about 2 departments, not released" in shown["text/html"]
    for way_on in (".data", "ic.release(result, policy=..., ledger=...)", "desk.released(result)"):
        assert way_on in shown["text/html"]


def test_no_other_public_class_displays_its_fields_unless_they_are_nobodys_answers() -> None:
    may = {"Codebook", "Norm", "SimulatedStudy"}  # counts, published figures, made-up answers
    returned = {
        getattr(import_module(f"icstats.{room}"), str(getattr(ic, name).__annotations__["return"]), None)
        for name, room in ic.ROOMS.items()
    }
    classes = {kind for kind in returned if isinstance(kind, type) and is_dataclass(kind)}
    assert {kind.__name__ for kind in classes if kind.__dataclass_params__.repr} <= may  # type: ignore[attr-defined]


def test_one_row_is_said_to_be_one() -> None:
    one = ic.cronbach_alpha(pd.DataFrame({"a": [1, 2, 3, 4.0], "b": [1, 2, 4, 3.0]}), interval="feldt")
    assert repr(one) == "<Reliability: 1 row, not released>"
    assert "1 row, not released" in displayed(one)["text/html"]


def test_a_release_displays_its_rows_and_nothing_else(desk: Explorer) -> None:
    released = desk.released(desk.analysis.reliability)
    shown = displayed(released)["text/html"]
    assert shown.startswith(f"<p><strong>Reliability</strong>, released: {len(released.rows)} rows, 0 hidden.</p>")
    numbers = {float(cell) for cell in re.findall(r"<td>(-?\d+(?:\.\d+)?)</td>", shown)}
    held = released.rows.select_dtypes("number").to_numpy().ravel()
    assert numbers <= {float(f"{value:g}") for value in held} | {float(n) for n in released.rows["n"] if n.isdigit()}
    assert 0.82 in numbers


def test_hidden_rows_are_displayed_as_hidden_and_without_numbers() -> None:
    desk = ic.open_explorer(EXAMPLE, "library")
    released = desk.released(desk.at("hr").analysis.summary)
    shown = displayed(released)["text/html"]
    assert f"{len(released.rows)} rows, {len(released.rows)} hidden" in shown
    assert not re.findall(r"<td>-?\d", shown)


def test_only_a_result_passes_the_desks_door(desk: Explorer) -> None:
    with pytest.raises(DisclosureError, match=r"^Only a result can be released, not View\. \[ICS-606\]$"):
        desk.released(desk.distributions())  # type: ignore[arg-type]


def test_a_codebook_is_displayed_with_counts_and_escaped(tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_text("<b>q1</b>,name\n" + "".join(f"{n % 5 + 1},{CANARY}{n}\n" for n in range(30)), encoding="utf-8")
    shown = displayed(ic.read_codebook(file))["text/html"]
    assert "&lt;b&gt;q1&lt;/b&gt;" in shown
    assert "5 codes from 1 to 5" in shown
    assert CANARY not in shown


def completions(typed: str, **names: object) -> set[str]:
    completer = IPCompleter(namespace=names, use_jedi=False)
    with provisionalcompleter():
        return {found.text for found in completer.completions(typed, len(typed))}


def test_completion_lists_the_public_names_and_nothing_else() -> None:
    offered = {text.lstrip(".") for text in completions("ic.", ic=ic)}
    assert {name for name in offered if not name.startswith("_")} == set(ic.__all__)
    assert {text.lstrip(".") for text in completions("ic.omega", ic=ic)} == {
        "omega_categorical",
        "omega_hierarchical",
        "omega_total",
    }


@pytest.mark.parametrize("name", ic.__all__)
def test_help_begins_with_a_signature_of_named_settings_and_what_it_answers(name: str) -> None:
    function = getattr(ic, name)
    assert "<" not in str(inspect.signature(function)), "a default that nobody can type"
    answers, *rest = (inspect.getdoc(function) or "").split("\n\n")
    assert answers.endswith(".")
    assert rest
