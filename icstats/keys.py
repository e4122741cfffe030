"""What a notebook follows from, as one short key: when the key is the same, so is the notebook."""

from __future__ import annotations

import hmac
import json
import platform
from functools import cached_property
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING

from icstats.decisions import sheet_of
from icstats.store import COUNTS, LIST, Contents, partition
from icstats.study import ORGANISATION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from icstats.decisions import Differing, Together
    from icstats.engine import Reads
    from icstats.ledger import Cell
    from icstats.study import Study

__all__ = ["PACKAGES", "Keys"]

PACKAGES = (
    "icstats",
    "ipython",
    "matplotlib",
    "nbconvert",
    "numpy",
    "pandas",
    "papermill",
    "pillow",
    "pingouin",
    "pyarrow",
    "scipy",
    "seaborn",
    "statsmodels",
)
PATHS = {"file", "store", "responses", "norms", "earlier_norms", "departments", "names"}
"""Settings that say where things are; what is there goes into a key by its content."""


class Keys:
    """The keys of a study's notebooks.

    Parameters
    ----------
    study
        Its settings, without the paths.
    contents
        The prepared answers: of them, a notebook's key holds what it read.
    templates
        Notebook -> stored template; of it counts what is executed or shown.
    language
        As asked for. The engine is no part of a key: both make the same.
    hidden
        What is not shown, of the wave or of it and the one before together.
    differing
        What stands among all differences from the norm: of the departments, each key holds its own.
    together
        What is said of all departments together; of what it says of each, each key holds its own.
    secret
        Keys are published beside reports; without it they cannot be tried out.
    """

    def __init__(
        self,
        *,
        study: Study,
        contents: Contents,
        templates: Mapping[str, Path],
        language: str,
        hidden: Iterable[Cell],
        differing: Differing,
        together: Together,
        secret: bytes,
    ) -> None:
        self._study, self._contents, self._secret = study, contents, secret
        self._templates = {notebook: _source(path) for notebook, path in templates.items()}
        self._language, self._hidden = language, json.dumps(sorted(hidden))
        self._differing, self._together = differing, together

    def of(self, department: str, notebook: str, *, reads: Reads) -> str:
        """Return the key of a notebook that has read its own department's answers, quotes all together, or read all."""
        subject = ORGANISATION if department == ORGANISATION else self._described(department)
        others = self._others("all" if department == ORGANISATION else reads)
        parts = (self._shared, self._templates[notebook], notebook, subject, self._own(department), others)
        return hmac.new(self._secret, "\0".join(parts).encode(), sha256).hexdigest()

    def _others(self, reads: Reads) -> str:
        return {"own": "", "quoted": self._quoted, "all": f"{self._quoted} {self._everyone}"}[reads]

    def own_files(self, department: str) -> frozenset[str]:
        """Return the prepared files that concern this department, or nobody in particular.

        The counts are among them: its own are read from there, and who reads those of all says so.
        """
        return frozenset({LIST, COUNTS, *(partition(wave, department) for wave in self._contents.waves)})

    def _own(self, department: str) -> str:
        """Return a department's answers, in all waves, what stands of it, and which comments were signed off."""
        parts = (self._contents.files.get(partition(wave, department), "") for wave in self._contents.waves)
        signed = sheet_of(self._study, department, wave=self._study.wave)
        sheet = _file_digest(signed) if signed.is_file() else ""
        return _digest(
            *parts, sheet, json.dumps([self._standing.get(department, []), self._together.rows.get(department)])
        )

    @cached_property
    def _standing(self) -> dict[str, list[str]]:
        """Department -> its variables that stand among all differences from the norm."""
        found: dict[str, list[str]] = {}
        for place, variable in sorted(self._differing.cells):
            found.setdefault(place, []).append(variable)
        return found

    def _described(self, department: str) -> str:
        return self._descriptions[department]

    @cached_property
    def _descriptions(self) -> dict[str, str]:
        return {one.slug: one.model_dump_json() for one in self._study.departments}

    @cached_property
    def _shared(self) -> str:
        """What all notebooks rest on: settings, norm, what may be shown of whom, language, code and versions.

        Of the counts of all departments a page reads its own, and what follows from the others: the hidden cells.
        """
        study = self._study
        values = [file for norm in study.norm_files for file in (norm, norm.with_suffix(".yaml"))]
        return _digest(
            self._language,
            study.model_dump_json(exclude=PATHS),
            study.responses.model_dump_json(exclude={"file"}),
            *([norm.stem for norm in study.norm_files] or [str(study.norms)]),
            *(_file_digest(path) for path in (*values, *([study.names] if study.names else []))),
            self._contents.model_dump_json(include={"waves", "departments", "attributes", "notes"}),
            self._hidden,
            json.dumps([sorted(self._differing.norm), sorted(self._differing.earlier_norm)]),
            json.dumps(dict(self._together.rows_are or {})),
            _code(),
            platform.python_version(),
            *(f"{name} {version(name)}" for name in PACKAGES),
        )

    @cached_property
    def _quoted(self) -> str:
        return _digest(json.dumps(dict(self._together.said)))

    @cached_property
    def _everyone(self) -> str:
        answers = (f"{name}={digest}" for name, digest in self._contents.files.items() if name.startswith("wave="))
        stands = json.dumps([sorted(self._differing.cells), dict(self._together.rows)])
        return _digest(*sorted(answers), *self._descriptions.values(), stands)


def _source(template: Path) -> str:
    """Return what counts of a template: its cells, not the outputs or metadata that an editor may leave."""
    content = json.loads(template.read_bytes())
    cells = [
        (cell.get("id"), cell["cell_type"], "".join(cell["source"]), cell["metadata"].get("tags", []))
        for cell in content["cells"]
    ]
    return _digest(json.dumps(cells))


def _code() -> str:
    """Return what this package is: an installation that is being worked on changes without a new version."""
    return _digest(*(f"{path.name}={sha256(path.read_bytes()).hexdigest()}" for path in _files(files("icstats"))))


def _files(folder: Traversable) -> Iterator[Traversable]:
    for path in sorted(folder.iterdir(), key=lambda one: one.name):
        if path.is_dir():
            yield from _files(path)
        elif not path.name.endswith(".pyc"):
            yield path


def _file_digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()
