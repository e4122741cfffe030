"""A notebook executed in a copy of a warm process shows what it shows in a kernel: tables, plots and own chances."""

from __future__ import annotations

import copy
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import papermill
import pytest
from worker_tasks import executed_in_process

from icstats.workers import Workers

if TYPE_CHECKING:
    from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]

CELLS = (
    "import os, sys\nimport matplotlib.pyplot as plt\nimport numpy as np\nimport pandas as pd",
    "wide = pd.DataFrame(np.arange(90).reshape(2, 45))\nwide",
    "print(wide)",
    "plt.plot([1, 2, 4])\nplt.title(name)",
    "figure, axes = plt.subplots()\naxes.bar([1, 2], [3, 4])\nfigure",
    "print('out')\nprint('out', end='')\nprint(' again')\n'last'",
    "print('error', file=sys.stderr)",
    """
from IPython.display import HTML, display
shown = display(HTML('<b>1</b>'), display_id=True)
print('between')
shown.update(HTML('<b>2</b>'))
""",
    "%matplotlib inline\nplt.hist([1, 2, 2, 3]);",
    "import asyncio\nawait asyncio.sleep(0.001)\n_",
    "__name__, '__file__' in globals(), os.path.basename(os.getcwd())",
    "pd.get_option('display.max_columns'), plt.get_backend()",
    "1 / 0",
    "'never reached'",
)


def notebook(*sources: str, name: str = "it") -> NotebookNode:
    v4 = nbformat.v4
    parameters = v4.new_code_cell("name = ''", metadata={"tags": ["parameters"]})
    cells = [parameters, *(v4.new_code_cell(source) for source in sources)]
    kernel = {"name": "icstats", "display_name": "icstats", "language": "python"}
    made = v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    for number, cell in enumerate(made.cells):
        cell["id"] = f"cell-{number}"
    made.metadata["name_asked"] = name
    return made


def by_stock_kernel(content: NotebookNode, target: Path) -> NotebookNode:
    with suppress(papermill.PapermillExecutionError):
        papermill.execute_notebook(
            copy.deepcopy(content),
            str(target),
            parameters={"name": content.metadata["name_asked"]},
            kernel_name="icstats",
            progress_bar=False,
            cwd=str(target.parent),
        )
    return nbformat.read(target, as_version=4)


def by_fork_server(folder: Path, *contents: NotebookNode) -> list[NotebookNode]:
    """Execute notebooks as a run does: each in a copy of one process that has everything imported."""
    with Workers(
        executed_in_process, n=1, environment={}, log=folder / "log", start="fork", preload="icstats.warm"
    ) as pool:
        done = []
        for content in contents:
            pool.give((nbformat.writes(content), content.metadata["name_asked"], str(folder)))
            (finished,) = pool.finished()
            assert finished.answer is not None, (folder / "log").read_text(encoding="utf-8")
            done.append(nbformat.reads(finished.answer, as_version=4))
    return done


def shown(cell: Any) -> list[Any]:  # noqa: ANN401  a cell
    """Return what a cell shows: a kernel sends what is printed whenever it likes, so stretches are joined."""
    outputs: list[Any] = []
    for output in cell.outputs:
        kept = {key: value for key, value in output.items() if key != "traceback"}
        if outputs and output.output_type == "stream" and outputs[-1].get("name") == output.name:
            outputs[-1]["text"] += output.text
        else:
            outputs.append(kept)
    return outputs


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[NotebookNode, NotebookNode]:
    folder = tmp_path_factory.mktemp("both")
    content = notebook(*CELLS)
    (ours,) = by_fork_server(folder, content)
    return by_stock_kernel(content, folder / "kernel.ipynb"), ours


def test_every_cell_shows_what_it_shows_in_a_kernel(both: tuple[NotebookNode, NotebookNode]) -> None:
    kernels, ours = ([cell for cell in one.cells if cell.cell_type == "code"] for one in both)
    assert [cell.source for cell in ours] == [cell.source for cell in kernels]
    for one, other in zip(ours, kernels, strict=True):
        assert shown(one) == shown(other), one.source
        assert one.execution_count == other.execution_count


def pictures(content: NotebookNode) -> list[str]:
    outputs = [output for cell in content.cells for output in cell.get("outputs", ())]
    return [output.data["image/png"] for output in outputs if "image/png" in output.get("data", {})]


def test_no_plot_is_lost_though_pyplot_was_imported_before_there_was_a_shell(
    both: tuple[NotebookNode, NotebookNode],
) -> None:
    """Comparing would not see it if both engines lost them: count, and look at the size."""
    kernels, ours = both
    assert len(pictures(ours)) == len(pictures(kernels)) == 4
    assert all(len(picture) > 2000 for picture in pictures(ours))


def test_wide_tables_are_cut_as_in_a_kernel_though_pandas_was_imported_outside_one(
    both: tuple[NotebookNode, NotebookNode],
) -> None:
    table = next(cell for cell in both[1].cells if cell.source.endswith("\nwide")).outputs[0]
    assert "<th>...</th>" in table.data["text/html"]
    assert "(20," in next(cell for cell in both[1].cells if "get_option" in cell.source).outputs[0].data["text/plain"]


def test_children_of_one_server_draw_random_numbers_of_their_own_and_the_same_ones_again(tmp_path: Path) -> None:
    draw = "import random\nimport numpy as np\n(random.random(), np.random.rand())"
    done = by_fork_server(tmp_path, *(notebook(draw, name=name) for name in ("hr", "it", "hr")))
    drawn = [one.cells[-1].outputs[0].data["text/plain"] for one in done]
    assert drawn[0] != drawn[1]
    assert drawn[0] == drawn[2]


def test_what_a_notebook_changes_does_not_reach_the_next_one(tmp_path: Path) -> None:
    change = """
import builtins, os
import matplotlib as mpl
import pandas as pd

before = pd.get_option("display.max_rows"), mpl.rcParams["font.size"], hasattr(builtins, "mine"), "MINE" in os.environ
pd.set_option("display.max_rows", 3)
mpl.rcParams["font.size"] = 30
builtins.mine = os.environ["MINE"] = "1"
before
"""
    first, second = by_fork_server(tmp_path, notebook(change), notebook(change))
    assert first.cells[-1].outputs == second.cells[-1].outputs


def test_children_start_with_everything_imported(tmp_path: Path) -> None:
    wanted = {"matplotlib.pyplot", "nbconvert", "pandas", "statsmodels.regression.linear_model"}
    cell = f"import sys\nsorted({wanted} - set(sys.modules))"
    (done,) = by_fork_server(tmp_path, notebook(cell))
    assert done.cells[-1].outputs[0].data["text/plain"] == "[]"


def test_papermill_finds_the_engine_by_its_name_whatever_is_imported_first() -> None:
    for first in ("papermill", "icstats.inprocess"):
        program = (
            f"import {first}; from papermill.engines import papermill_engines as e; print(e.get_engine('icstats'))"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
        assert "InProcessEngine" in done.stdout
