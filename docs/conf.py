"""How the documentation is made: from the docstrings, the README, the policy and the example."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from ruamel.yaml import YAML
from sphinx import addnodes

import icstats
from icstats.disclosure import COARSE_SHARE, shown_n
from icstats.ledger import checked_policy
from icstats.study import FLOOR, Policy

if TYPE_CHECKING:
    from sphinx.application import Sphinx

HERE = Path(__file__).parent
PAGES_OF_FUNCTIONS = HERE / "functions"
DUTCH = {"anonimiteit"}

project = "icstats"
version = release = icstats.__version__
language = "en"
exclude_patterns = ["_templates"]
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon"]
templates_path = ["_templates"]
# The released numbers travel in a media type of their own, for results.json; a page shows the HTML beside them.
suppress_warnings = ["config.cache", "mystnb.unknown_mime_type"]

html_theme = "furo"
html_title = "icstats"
html_static_path = ["_static"]
html_css_files = ["icstats.css"]
html_copy_source = False
html_show_search_summary = False  # it would fetch pages, which a browser does not allow from a folder
html_show_sphinx = False
html_show_copyright = False

autosummary_generate = True
autodoc_typehints = "signature"
python_maximum_signature_line_length = 80
napoleon_google_docstring = False
napoleon_use_rtype = False

myst_enable_extensions = ["substitution"]
myst_heading_anchors = 3

# The tutorial is run each time, so that what it shows is what the program does.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_execution_show_tb = True
nb_ipywidgets_js: dict[str, dict[str, str]] = {}


def policy_numbers(file: Path) -> dict[str, int | str]:
    """Return the numbers of a policy as the pages on anonymity say them, shares as percentages."""
    policy = checked_policy(Policy.model_validate(YAML(typ="safe").load(file.read_text(encoding="utf-8"))))
    numbers = {name: value for name, value in policy.model_dump().items() if isinstance(value, int)}
    return numbers | {
        "floor": FLOOR,
        "minimum_answers": policy.minimum_answers,
        "extreme_percent": round(100 * policy.extreme_share),
        "coarse_percent": round(100 * COARSE_SHARE),
        "band": shown_n((policy.minimum_answers + policy.exact_n) // 2, policy),
    }


myst_substitutions = policy_numbers(HERE.parent / "params" / "policy.yaml")

HEADINGS = {
    "Warnings": "When not to trust it",
    "Notes": "Formula, source, and the same in R",
    "References": "Source, and the same in R",
}
napoleon_custom_sections = list(HEADINGS.values())


def in_a_readers_order(lines: list[str]) -> list[str]:
    """Return a docstring with when not to trust it right after what it answers."""
    parts = re.split(r"^(?=\w[\w ]*\n-{3,}$)", "\n".join(lines), flags=re.MULTILINE)
    opening, sections = parts[0], {part.split("\n", 1)[0]: part for part in parts[1:]}
    if "Warnings" in sections:
        sections = {"Warnings": sections.pop("Warnings").rstrip() + "\n\n", **sections}
    return "".join([opening, *(_renamed(heading, text) for heading, text in sections.items())]).split("\n")


def _renamed(heading: str, text: str) -> str:
    if heading not in HEADINGS:
        return text
    title = HEADINGS[heading]
    return "\n".join([title, "-" * len(title), *text.split("\n")[2:]])


def _docstring(_app: Sphinx, _what: str, _name: str, _object: object, _options: object, lines: list[str]) -> None:
    lines[:] = in_a_readers_order(lines)


def _headings(_app: Sphinx, page: nodes.document) -> None:
    """Give each part of a function's page a heading that a screen reader finds, the first one included."""
    for content in page.findall(addnodes.desc_content):
        content.insert(0, nodes.rubric("", "What it answers"))
    for heading in page.findall(nodes.rubric):
        heading["heading-level"] = 2


def _language(_app: Sphinx, page: str, _template: str, context: dict[str, Any], _tree: object) -> None:
    if page in DUTCH:
        context["language"] = "nl"


def _accessible(_app: Sphinx, _page: str, _template: str, context: dict[str, Any], _tree: object) -> None:
    """Repair what a screen reader or keyboard stumbles over: lists without terms, and what scrolls by itself."""
    body = str(context.get("body", ""))
    body = re.sub(r"<dl>\s*(<dd>.*?)</dl>", lambda found: found[1], body, flags=re.DOTALL)
    body = re.sub(r"<dd>(<em class=\"sig-param\">.*?)</dd>", r'<span class="sig-line">\1</span>', body, flags=re.DOTALL)
    context["body"] = body.replace('<div class="cell_output', '<div tabindex="0" class="cell_output')


def setup(app: Sphinx) -> None:
    """Connect what is our own; pages of functions that are no more must not be found."""
    shutil.rmtree(PAGES_OF_FUNCTIONS, ignore_errors=True)
    app.connect("autodoc-process-docstring", _docstring, priority=100)  # before napoleon reads the sections
    app.connect("doctree-read", _headings)
    app.connect("html-page-context", _language)
    app.connect("html-page-context", _accessible)
