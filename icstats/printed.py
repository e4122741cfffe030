"""Reports on paper: a PDF of every department's report and of the overview, from the pages that were released.

They are tagged, so that they can be read aloud, and carry no more about themselves than their pages do.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from icstats.batch import run_folder
from icstats.engine import default_engine, write_whole
from icstats.errands import require_clean_index
from icstats.errors import ParameterError, RunError
from icstats.lock import holding
from icstats.plan import OVERVIEW
from icstats.site import INDEX
from icstats.staging import Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from icstats.study import Study

__all__ = ["as_pdf", "write_pdfs"]


def write_pdfs(
    study: Study,
    *,
    language: str | None = None,
    outputs: Path = Path("outputs"),
    note: Callable[[str], None],
) -> tuple[Path, ...]:
    """Print the released reports of a study, into a folder beside them.

    The next release removes that folder: no PDF outlives the page that it was made from.

    Parameters
    ----------
    study
        The study.
    language
        Language of the reports; None takes the study's.
    outputs
        Folder with ``<study>/<wave>``; the PDFs go to ``<study>/<wave>.pdf``.
    note
        Called with a sentence about something that a user should know.

    Returns
    -------
    tuple[Path, ...]
        The overview and the departments, in the order of the study, as far as their pages are there.

    Raises
    ------
    RunError
        If there is no finished run.
    ParameterError
        If what prints is not installed.
    HaltedError
        If a PDF would hold anything of a respondent: then none is kept.
    """
    place = Place(public=run_folder(study, outputs.resolve(), language=language))
    if not (place.public / INDEX).is_file():
        raise RunError(
            f"There is no finished run of wave {place.public.name}.",
            code="ICS-721",
            hint="run the study first: icstats run STUDY",
        )
    report = study.notebooks[0]
    pages = {OVERVIEW: place.public / f"{OVERVIEW}.html"}
    pages |= {one.slug: place.public / one.slug / f"{report}.html" for one in study.departments}
    printed = place.printed
    with holding(place.lock, note=note):
        printed.recover()
        printed.discard()
        for name, page in pages.items():
            if page.is_file():
                write_whole(printed.making / f"{name}.pdf", as_pdf(page.read_text(encoding="utf-8")))
        try:
            require_clean_index(study, printed.making, engine=default_engine())
            printed.release()
        finally:
            printed.discard()
    return tuple(path for name in pages if (path := printed.public / f"{name}.pdf").is_file())


def as_pdf(html: str) -> bytes:
    """Return a page as a tagged PDF (PDF/UA-1), the same bytes for the same page.

    Nothing but what is in the page is read: no file, no address.

    Raises
    ------
    ParameterError
        If WeasyPrint, or a library of the system that it rests on, is not there.
    """
    try:
        from weasyprint import HTML  # noqa: PLC0415  an extra, and slow
        from weasyprint.urls import URLFetcher  # noqa: PLC0415
    except (ImportError, OSError) as error:
        raise ParameterError(
            f"PDFs cannot be made here ({type(error).__name__}).",
            code="ICS-736",
            hint='pip install "icstats[pdf]"; on some systems Pango has to be installed as well',
        ) from None
    inside_only = URLFetcher(allowed_protocols=["data"])
    pdf: bytes = HTML(string=html, url_fetcher=inside_only).write_pdf(pdf_variant="pdf/ua-1")
    return pdf
