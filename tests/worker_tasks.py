"""What worker processes are asked to do in tests: functions of a module, because processes are started afresh."""

from __future__ import annotations

import os
import signal
import sys
import time
import warnings
from contextlib import suppress


def obey(order: str) -> str:
    """Do what is asked and answer with it."""
    verb, _, what = order.partition(" ")
    match verb:
        case "die":
            os.kill(os.getpid(), signal.Signals[what])
            time.sleep(60)
        case "leave":
            os._exit(int(what))
        case "sleep":
            time.sleep(float(what))
        case "print":
            sys.stderr.write(what)
            os.write(1, what.encode())
            warnings.warn(what, stacklevel=1)
        case "look":
            return os.environ.get(what, "")
        case "whoami":
            return str(os.getpid())
    return order


def executed_in_process(asked: tuple[str, str, str]) -> str:
    """Execute a notebook with papermill's engine ``icstats`` and return it, also when it ends with an error."""
    import nbformat  # noqa: PLC0415  other tasks do without
    import papermill  # noqa: PLC0415

    content, name, folder = asked
    target = f"{folder}/in-process.ipynb"
    with suppress(papermill.PapermillExecutionError):
        papermill.execute_notebook(
            nbformat.reads(content, as_version=4),
            target,
            parameters={"name": name},
            engine_name="icstats",
            kernel_name="icstats",
            progress_bar=False,
            cwd=folder,
        )
    return nbformat.writes(nbformat.read(target, as_version=4))
