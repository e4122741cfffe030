"""What the fork server imports: everything that a notebook and its page use, imported and used once.

A child copied from it starts with libraries that are loaded, fonts that are found and a template that is compiled.
Importing this room does the work, because that is what the standard library's fork server can be asked to do. Nothing
of a study is read here, and nothing that starts threads: those would not live on in a child.
"""

from __future__ import annotations

import gc
import os
import sys
import warnings
from contextlib import contextmanager
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

import icstats

if TYPE_CHECKING:
    from collections.abc import Iterator

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

LIBRARIES = (
    "IPython.core.application",
    "IPython.core.completerlib",
    "IPython.core.crashhandler",
    "IPython.core.logger",
    "IPython.core.magics.ast_mod",
    "IPython.core.magics.execution",
    "IPython.core.oinspect",
    "click",
    "encodings.utf_8_sig",
    "ipykernel.ipkernel",
    "matplotlib.patheffects",
    "matplotlib_inline.backend_inline",
    "nbconvert.exporters",
    "pandas.core.methods.to_dict",
    "pandas.io.formats.csvs",
    "papermill",
    "pingouin",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "statsmodels.regression.linear_model",
    "statsmodels.stats.proportion",
)

NEVER_USED = "rfc3987_syntax"
"""Checks internationalised addresses in JSON schemas: no notebook has any, and its grammar takes a second to build."""


def _warm() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with _without(NEVER_USED):
            for name in (*LIBRARIES, *(f"icstats.{room}" for room in _rooms())):
                import_module(name)
        _draw()
        _read()
        _fit()
        _export()
    gc.collect()
    gc.freeze()  # else the first collection in a child would copy every page that it looks at


@contextmanager
def _without(module: str) -> Iterator[None]:
    """Let an optional module look as if it were not installed."""
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]


def _rooms() -> list[str]:
    """Return all rooms: sections import theirs only when they are shown, which every child would do again."""
    own = {"__main__", __name__.rpartition(".")[2]}
    return [room.name for room in iter_modules(icstats.__path__) if room.name not in own]


def _draw() -> None:
    from matplotlib.backends.registry import backend_registry  # noqa: PLC0415  with its libraries, once the environment is set

    from icstats.canvas import sheet, width_of  # noqa: PLC0415  as above

    backend_registry.list_all()  # type: ignore[no-untyped-call]  # looks through the metadata of everything that is installed

    with sheet(100) as page:
        page.text(10, 50, "Áà 1")
        page.text(10, 80, "Áà 1", bold=True)
        page.png()
    width_of("Áà 1", 13)
    width_of("Áà 1", 13, bold=True)


def _read() -> None:
    from icstats.mentions import language_of, lemma_of, word_tools_are_there  # noqa: PLC0415

    if word_tools_are_there():
        language_of("antwoorden")
        lemma_of("antwoorden", "nl")
        lemma_of("answers", "en")


def _fit() -> None:
    import numpy as np  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415
    from statsmodels.regression.linear_model import WLS  # noqa: PLC0415
    from statsmodels.tools import add_constant  # noqa: PLC0415

    x = pd.DataFrame({"a": np.arange(9.0) % 4, "b": np.arange(9.0) % 5})
    WLS(x["a"] * 2 + x["b"] ** 2, add_constant(x)).fit(cov_type="HC3").summary2()


def _export() -> None:
    from nbformat.v4 import new_code_cell, new_notebook, new_output  # noqa: PLC0415

    from icstats.colophon import versions  # noqa: PLC0415
    from icstats.pages import exporter  # noqa: PLC0415

    versions()

    shown = new_output("execute_result", {"text/html": "<section></section>"})  # type: ignore[no-untyped-call]
    cell = new_code_cell(outputs=[shown])  # type: ignore[no-untyped-call]
    notebook = new_notebook(cells=[cell])  # type: ignore[no-untyped-call]
    page = {"links": (), "title": "", "skip": "", "navigation": ""}
    exporter().from_notebook_node(notebook, resources={"page": page})


_warm()
