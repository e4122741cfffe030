"""An executed notebook becomes one self-contained page: no script, nothing from outside, no code, no raw output."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html.parser import HTMLParser
from importlib.metadata import version
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

from icstats.errors import RunError
from icstats.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from nbconvert.exporters import TemplateExporter

__all__ = [
    "TURNING",
    "Link",
    "check_page",
    "content_policy",
    "exporter",
    "in_reading_order",
    "is_section",
    "render",
    "stylesheet",
]

REMOVED_TAG = "remove-cell"
TEMPLATES = files("icstats") / "templates"
TURNING: dict[int, None] = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
"""Marks that turn the direction of text, as :meth:`str.translate` takes them away."""

FORBIDDEN_ELEMENTS = frozenset(
    {"script", "iframe", "frame", "object", "embed", "applet", "base", "form", "link", "audio", "video", "portal"}
)
REFERRING_ATTRIBUTES = frozenset(
    {"src", "srcset", "href", "xlink:href", "data", "poster", "background", "action", "formaction", "ping", "srcdoc"}
)


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link from one page to a sibling.

    Attributes
    ----------
    href
        Relative path of the sibling.
    label
        What a reader sees.
    current
        It is the page itself.
    language
        Language of the sibling, where it is another one.
    """

    href: str
    label: str
    current: bool = False
    language: str = ""


def render(notebook: Path, *, title: str, language: str, links: Sequence[Link] = ()) -> str:
    """Return an executed notebook as one HTML page.

    Parameters
    ----------
    notebook
        Path of the executed notebook. Of its cells only markdown and the outputs of report sections are shown; cells
        tagged ``remove-cell`` are not.
    title
        Title of the page, as browsers and search show it.
    language
        ``en`` or ``nl``.
    links
        Sibling pages, in the order of the navigation.

    Returns
    -------
    str
        The page; see :func:`check_page` for what it can never hold.

    Raises
    ------
    RunError
        If something in the notebook would make the page refer to, or run, anything outside itself.
    """
    import nbformat  # noqa: PLC0415  the command line reads this module's stylesheet without paying for notebooks

    words = Texts(language)
    page = {
        "language": language,
        "title": title,
        "links": tuple(links),
        "stylesheet": stylesheet(),
        "policy": content_policy(),
        "skip": words.say("page.skip"),
        "navigation": words.say("page.navigation"),
        "anonymity": words.say("page.anonymity"),
        "made_with": words.say("page.made_with", version=version("icstats")),
    }
    content = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    content.cells = [cell for cell in content.cells if REMOVED_TAG not in cell.metadata.get("tags", ())]
    html, _ = exporter().from_notebook_node(content, resources={"page": page})
    check_page(html)
    return in_reading_order(str(html))


def in_reading_order(html: str) -> str:
    """Return a page without the marks that turn the direction of text: a name must not turn the number after it."""
    return html.translate(TURNING)


def is_section(output: Mapping[str, Any]) -> bool:
    """Return whether an output is a section of a report; a stream, a traceback or a data frame is not."""
    html = output.get("data", {}).get("text/html", "")
    return isinstance(html, str) and html.lstrip().startswith("<section")


@cache
def stylesheet() -> str:
    """Return the style that all pages share."""
    return (TEMPLATES / "icstats" / "report.css").read_text(encoding="utf-8").strip()


@cache
def content_policy(script: str = "") -> str:
    """Return what a browser may do for a page: use its own style, images and script, and load nothing else."""
    runs = f"script-src {_digest(script)}; " if script else ""
    return (
        f"default-src 'none'; {runs}img-src data:; style-src {_digest(stylesheet())}; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(content: str) -> str:
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"


def check_page(html: str, *, script: str = "") -> None:
    """Refuse a page that could run something, or that refers to anything but sibling pages and its own images.

    Parameters
    ----------
    html
        The page.
    script
        The one script that it may hold, word for word and once.

    Raises
    ------
    RunError
        Names the element and attribute, never their content.
    """
    finder = _Finder(script)
    finder.feed(html)
    finder.close()
    if finder.found:
        raise RunError(
            f"The page was not written: it would hold {', '.join(dict.fromkeys(finder.found))}.",
            code="ICS-720",
            hint="a page shows report sections only, and refers to nothing outside itself",
        )


class _Finder(HTMLParser):
    """Finds what a page may not hold."""

    def __init__(self, script: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._has_style = False
        self._expected = script
        self._script: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script" and self._expected and not attrs:
            self._script = ""
        elif tag in FORBIDDEN_ELEMENTS or (tag == "style" and self._has_style):
            self.found.append(f"<{tag}>")
        self._has_style |= tag == "style"
        for name, value in attrs:
            orders_the_browser = name == "http-equiv" and value != "Content-Security-Policy"
            if name.startswith("on") or name == "style" or orders_the_browser:
                self.found.append(f"<{tag} {name}>")
            elif name in REFERRING_ATTRIBUTES and not _stays_inside(tag, value or ""):
                self.found.append(f"<{tag} {name}> to another place")

    def close(self) -> None:
        super().close()
        if self._script is not None:
            self.found.append("<script>")

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            self._script += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self._script is not None:
            if self._script != self._expected:
                self.found.append("<script>")
            self._script, self._expected = None, ""


def _stays_inside(tag: str, target: str) -> bool:
    """Return whether a reference is to an image inside the page, a place in it or a page beside it."""
    if tag == "img":
        return target.startswith("data:image/png;base64,")
    before_fragment = target.partition("#")[0]
    return ":" not in before_fragment and "\\" not in target and not target.startswith("/")


@cache
def exporter() -> TemplateExporter:
    """Return the exporter with this package's template; made once per process, because making it is slow.

    nbconvert's own for HTML would take the finished page apart again, for pictures without alternative text and for
    inputs: of neither there is any.
    """
    from nbconvert.exporters import TemplateExporter  # noqa: PLC0415  slow to import, and only workers render
    from traitlets.config import Config  # noqa: PLC0415  comes with nbconvert

    with as_file(TEMPLATES) as folder:
        exporter = TemplateExporter(  # type: ignore[no-untyped-call]
            config=Config({"TemplateExporter": {"preprocessors": [], "default_preprocessors": []}}),
            extra_template_basedirs=[str(folder)],
            template_name="icstats",
            template_file="index.html.j2",
        )
        exporter.register_filter("is_section", is_section)  # type: ignore[no-untyped-call]
        exporter.template  # noqa: B018  loaded while the folder is there
    return exporter
