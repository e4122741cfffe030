"""A notebook laid ready for JupyterLab: a parameterised copy of the very template that the batch runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from icstats.engine import KERNEL
from icstats.errors import RunError
from icstats.plan import OVERVIEW, kernel_problems, template_folder

if TYPE_CHECKING:
    from icstats.study import Study

__all__ = ["FOLDER", "lay_out"]

FOLDER = Path("lab")


def lay_out(study: Study, *, notebook: str, department: str, language: str = "") -> Path:
    """Lay a notebook ready in ``lab/`` and return its path; one that lies there already is left as it is.

    Parameters
    ----------
    study
        The study.
    notebook
        Name of a template, for instance ``drivers`` or ``explore``.
    department
        Slug; empty takes the first department.
    language
        ``en`` or ``nl``; empty takes the study's own.

    Raises
    ------
    RunError
        If there is no such notebook or department, or no kernel called ``icstats``.
    """
    problems = kernel_problems()
    if problems:
        raise RunError(problems)
    template = template_folder(study) / f"{notebook}.ipynb"
    if not template.is_file():
        there = ", ".join(sorted(path.stem for path in template.parent.glob("*.ipynb")))
        raise RunError(f'There is no notebook "{notebook}"; there are {there}.', code="ICS-733")
    slugs = [one.slug for one in study.departments]
    slug = department or slugs[0]
    if slug not in slugs:
        raise RunError(f'There is no department "{slug}"; there are {", ".join(slugs)}.', code="ICS-734")
    target = study.root / FOLDER / f"{study.name}-{slug}-{notebook}.ipynb"
    if not target.is_file():
        target.parent.mkdir(exist_ok=True)
        _write(template, target, study, slug, language)
    return target


def _write(template: Path, target: Path, study: Study, slug: str, language: str) -> None:
    import nbformat  # noqa: PLC0415  slow to import
    from papermill import execute_notebook  # noqa: PLC0415  as above

    asked = {
        "study": study.file.resolve().relative_to(study.root.resolve()).as_posix(),
        "language": language,
        "wave": study.wave,
    }
    if template.stem != OVERVIEW:
        asked["department"] = slug
    content = nbformat.read(template, as_version=4)  # type: ignore[no-untyped-call]
    content = execute_notebook(content, None, parameters=asked, prepare_only=True, kernel_name=KERNEL)
    content.metadata["kernelspec"] = {"name": KERNEL, "display_name": KERNEL, "language": "python"}
    for part in (content, *content.cells):
        part.metadata.pop("papermill", None)
    nbformat.write(content, target)  # type: ignore[no-untyped-call]
