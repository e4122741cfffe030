"""A papermill engine that executes a notebook in its own process: no kernel to start, no messages to send.

Registered under ``papermill.engine`` as ``icstats``. It is for a process that executes one notebook and ends, such as
a child of the fork server: what a notebook changes stays changed in that process. Widgets, ``input`` and languages
other than Python need papermill's own engine.

Three things differ from a kernel when the libraries were imported before the shell exists, and are set right here:
plots would be lost, wide tables would be cut otherwise, and every child would draw the same random numbers.
"""

from __future__ import annotations

import random
import sys
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbformat import NotebookNode

__all__ = ["ENGINE", "InProcessEngine"]

ENGINE = "icstats"
"""The engine's name for papermill."""

COLUMNS_IN_A_NOTEBOOK = 20
"""pandas decides when it is imported how many columns a table shows: this many in a kernel, all elsewhere."""


class InProcessEngine:
    """Executes the cells of a notebook one by one in a shell of this process.

    It has the interface of papermill's engines without being derived from them: papermill imports this room while it
    is itself being imported.
    """

    @classmethod
    def execute_notebook(
        cls,
        nb: NotebookNode,
        kernel_name: str,  # noqa: ARG003  papermill's interface; there is no kernel
        output_path: str | None = None,
        *,
        progress_bar: bool | dict[str, Any] = True,
        log_output: bool = False,
        autosave_cell_every: int = 30,
        **_: object,
    ) -> NotebookNode:
        """Execute a notebook with parameters in it, until its end or the first error."""
        from papermill.engines import NotebookExecutionManager  # noqa: PLC0415  see the class

        manager = NotebookExecutionManager(
            nb,
            output_path=output_path,
            progress_bar=progress_bar,
            log_output=log_output,
            autosave_cell_every=autosave_cell_every,
        )
        manager.notebook_start()
        try:
            _execute(manager)
        finally:
            manager.cleanup_pbar()
            manager.notebook_complete()
        executed: NotebookNode = manager.nb
        return executed

    @classmethod
    def nb_kernel_name(cls, nb: NotebookNode, name: str | None = None) -> str:
        """Return the name of the kernel that the notebook is written for."""
        return name or str(nb.metadata.get("kernelspec", {}).get("name", "python3"))

    @classmethod
    def nb_language(cls, nb: NotebookNode, language: str | None = None) -> str:  # noqa: ARG003  papermill's interface
        """Return the language: there is no other."""
        return language or "python"


def _execute(manager: Any) -> None:  # noqa: ANN401  papermill has no types
    shell = _shell_like_a_kernels()
    _draw_random_numbers_of_its_own(manager.nb)
    manager.nb.metadata["language_info"] = {"name": "python", "version": sys.version.split()[0]}
    for index, cell in enumerate(manager.nb.cells):
        manager.cell_start(cell, index)
        try:
            if cell.cell_type == "code" and cell.source.strip() and not shell.run(cell):
                manager.cell_exception(cell, cell_index=index)
                return
        finally:
            manager.cell_complete(cell, cell_index=index)


def _shell_like_a_kernels() -> ShellWithoutZMQ:
    import pandas as pd  # noqa: PLC0415  its setting is made right before a notebook can read it

    ShellWithoutZMQ.clear_instance()
    shell = ShellWithoutZMQ.instance(config=Config({"HistoryManager": {"enabled": False}}))
    _show_plots(shell)
    pd.set_option("display.max_columns", COLUMNS_IN_A_NOTEBOOK)
    if "" not in sys.path:
        sys.path.append("")
    return shell


def _show_plots(shell: ShellWithoutZMQ) -> None:
    """Let figures become outputs: a pyplot that was imported before there was a shell does not know of it."""
    from matplotlib_inline.backend_inline import configure_inline_support  # noqa: PLC0415  brings matplotlib

    configure_inline_support.current_backend = "unset"  # type: ignore[attr-defined]
    shell.enable_matplotlib("inline")  # type: ignore[no-untyped-call]


def _draw_random_numbers_of_its_own(notebook: NotebookNode) -> None:
    """Seed what is shared with all children of the fork server, from the notebook and its parameters.

    So a notebook that draws without a seed of its own gives other numbers than its siblings, and the same when it is
    made again.
    """
    import numpy as np  # noqa: PLC0415  as pandas

    digest = sha256("\0".join(cell.source for cell in notebook.cells).encode()).digest()
    random.seed(digest)
    np.random.seed(np.frombuffer(digest, dtype=np.uint32))  # noqa: NPY002  it is the legacy state that is shared


class ShellWithoutZMQ(InteractiveShell):
    """A shell that keeps outputs as a kernel would send them; pandas knows a notebook by ``zmq`` in this name."""

    def __init__(self, **settings: object) -> None:
        self.cell_outputs: list[NotebookNode] = []
        super().__init__(  # type: ignore[no-untyped-call]
            **settings, displayhook_class=_Results, display_pub_class=_Displays
        )

    def run(self, cell: NotebookNode) -> bool:
        """Execute a cell, put its outputs into it and return whether it went well."""
        self.cell_outputs = cell.outputs = []
        cell.execution_count = self.execution_count
        streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = _Stream("stdout", self), _Stream("stderr", self)
        try:
            ended = self.run_cell(cell.source, store_history=True)  # type: ignore[no-untyped-call]
            return bool(ended.success)
        finally:
            sys.stdout, sys.stderr = streams

    def enable_gui(self, gui: str | None = None) -> None:
        """Nothing: there is no window whose events would have to be handled."""

    def _showtraceback(self, kind: type[BaseException], error: BaseException, lines: list[str]) -> None:
        self.keep("error", ename=kind.__name__, evalue=str(error), traceback=list(lines))

    def keep(self, kind: str, **content: object) -> NotebookNode:
        """Add an output to the cell that is being executed."""
        from nbformat.v4 import new_output  # noqa: PLC0415  slow to import, and papermill has it by now

        output: NotebookNode = new_output(kind, **content)  # type: ignore[no-untyped-call]
        self.cell_outputs.append(output)
        return output


class _Stream:
    """What a cell prints; one output per uninterrupted stretch."""

    encoding = "utf-8"
    errors = "strict"

    def __init__(self, name: str, shell: ShellWithoutZMQ) -> None:
        self.name, self._shell = name, shell

    def write(self, text: str) -> int:
        last = self._shell.cell_outputs[-1:]
        if last and last[0].get("name") == self.name:
            last[0].text += text
        elif text:
            self._shell.keep("stream", name=self.name, text=text)
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        self.write("".join(lines))

    def flush(self) -> None:
        """Nothing waits."""

    def isatty(self) -> bool:
        return False


class _Results(DisplayHook):
    """The value of a cell's last expression."""

    shell: ShellWithoutZMQ

    def write_output_prompt(self) -> None:
        """There is no prompt in a notebook's output."""

    def write_format_data(self, data: Mapping[str, Any], metadata: Mapping[str, Any] | None = None) -> None:
        self.shell.keep(
            "execute_result",
            data=dict(data),
            metadata=dict(metadata or {}),
            execution_count=self.prompt_count,
        )

    def finish_displayhook(self) -> None:
        """Nothing is printed, so there is no line to end."""


class _Displays(DisplayPublisher):
    """What a cell displays on the way, figures included."""

    def publish(
        self,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any] | None = None,
        *_: object,
        transient: Mapping[str, Any] | None = None,
        update: bool = False,
        **__: object,
    ) -> None:
        """Keep a display; an update takes the place of the displays with its name."""
        shown = {"data": dict(data), "metadata": dict(metadata or {})}
        name = (transient or {}).get("display_id")
        named = self.__dict__.setdefault("_named", {}).setdefault(name, [])
        if update:
            for output in named:
                output.update(shown)
        else:
            named.append(self.shell.keep("display_data", **shown))

    def clear_output(self, wait: bool = False) -> None:  # noqa: FBT001, FBT002, ARG002  IPython's interface
        """Forget what this cell has shown so far."""
        self.shell.cell_outputs.clear()
