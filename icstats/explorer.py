"""A researcher's desk in JupyterLab: one department's raw statistics, with other items, blocks and subgroups at will.

Raw numbers are for the researcher's own eyes, and every view says so. Still, of a department or subgroup that is too
small to be shown nothing is drawn: what is on a screen is soon on a slide.
"""

from __future__ import annotations

import os
from base64 import b64encode
from dataclasses import dataclass, field, replace
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pandas as pd

from icstats.disclosure import RATINGS
from icstats.edition import open_edition
from icstats.errors import ICStatsError, ParameterError
from icstats.explored import write_explored
from icstats.questionnaire import DRIVER_BLOCKS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import ipywidgets
    from matplotlib.figure import Figure

    from icstats.analysis import Analysis
    from icstats.edition import Edition
    from icstats.released import Released
    from icstats.results import Result

__all__ = ["Explorer", "View", "open_explorer"]

FEW_REPLICATES = 200
"""Enough for a first look; the batch draws more."""
MOST_GROUPS = 12
ROW_HEIGHT = 0.32


@dataclass(frozen=True, kw_only=True)
class View:
    """What the desk shows of one question.

    Attributes
    ----------
    data
        The raw numbers; empty where nothing may be drawn.
    n
        Number of ratings behind it.
    html
        Warning, figure and table.
    """

    data: pd.DataFrame
    n: int
    html: str = field(repr=False)

    def _repr_html_(self) -> str:
        return self.html


def open_explorer(study: str | Path, department: str | int, *, language: str = "", wave: str | int = "") -> Explorer:
    """Open the desk on one department.

    Parameters
    ----------
    study, department, language, wave
        As for :func:`icstats.open_report`.

    Raises
    ------
    ParameterError
        If the study, department, language or wave does not exist.
    """
    edition = open_edition(study, language=language, wave=str(wave))
    explorer = Explorer(edition=edition, department=str(department))
    if explorer.department not in edition.names:
        raise ParameterError(f'There is no department "{department}" in this study.', code="ICS-392")
    return explorer


@dataclass(frozen=True, kw_only=True, repr=False)
class Explorer:
    """One department on the desk, with what was changed about its questions.

    Attributes
    ----------
    edition
        What all departments share.
    department
        Slug.
    dropped
        Codes of items that are left out.
    moved
        Item -> the block that it is counted to here.
    """

    edition: Edition
    department: str
    dropped: frozenset[str] = frozenset()
    moved: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Explorer of {self.department}, wave {self.edition.wave}: not released>"

    def at(self, department: str) -> Explorer:
        """Return the desk for another department, with the same changes."""
        return replace(self, department=department)

    def without(self, *items: str) -> Explorer:
        """Return the desk without these items."""
        return replace(self, dropped=frozenset(items))

    def moving(self, moved: Mapping[str, str]) -> Explorer:
        """Return the desk with items counted to other blocks: item -> block."""
        unknown = set(moved.values()) - set(DRIVER_BLOCKS)
        if unknown:
            raise ParameterError(
                f'There is no block "{min(unknown)}"; allowed: {", ".join(DRIVER_BLOCKS)}.', code="ICS-393"
            )
        return replace(self, moved=dict(moved))

    @property
    def analysis(self) -> Analysis:
        """The raw statistics of the department, without the changes."""
        return self.edition.of(self.department)

    def released(self, result: Result) -> Released:
        """Return what others may see of a raw result about this department, by the study's policy and ledger.

        Parameters
        ----------
        result
            About all ratings of the department: the ledger decides about departments, and not about a subgroup that
            was chosen at the desk.

        Raises
        ------
        DisclosureError
            If it is no result.
        """
        return self.edition.released(result, self.department)

    @property
    def blocks(self) -> dict[str, list[str]]:
        """Items per block, with the changes."""
        placed = {code: self.moved.get(code, block) for block, codes in self.analysis.blocks.items() for code in codes}
        return {
            block: codes
            for block in DRIVER_BLOCKS
            if (codes := [code for code in placed if placed[code] == block and code not in self.dropped])
        }

    def distributions(self) -> View:
        """Show how the answers to every question are distributed."""

        def show(analysis: Analysis) -> tuple[pd.DataFrame, Figure]:
            items = analysis.items[[code for codes in self.blocks.values() for code in codes]]
            shares = items.apply(lambda answers: answers.value_counts(normalize=True)).T.fillna(0.0).sort_index(axis=1)
            return shares.assign(n=items.notna().sum()), _stacked(shares, self.edition.labels)

        return self._view("How are the answers distributed?", show)

    def scales(self) -> View:
        """Show Cronbach's alpha and omega of every block with its interval, and each question within it."""
        from icstats.reliability import reliability  # noqa: PLC0415  as in an analysis

        def show(analysis: Analysis) -> tuple[pd.DataFrame, Figure | None]:
            found = [
                reliability(analysis.items[codes], name=block, clusters=analysis.people).data
                for block, codes in self.blocks.items()
                if len(codes) > 1
            ]
            return pd.concat(found, ignore_index=True), None

        return self._view("Do the questions of a block measure one thing?", show)

    def polychoric(self) -> View:
        """Show the polychoric correlations of all questions."""
        from icstats.latent import polychoric  # noqa: PLC0415  as in an analysis

        def show(analysis: Analysis) -> tuple[pd.DataFrame, Figure]:
            items = analysis.items[[code for codes in self.blocks.values() for code in codes]]
            matrix = polychoric(items, missing="pairwise", clusters=analysis.people).matrix
            return matrix.round(2), _matrix(matrix, self.edition.labels)

        return self._view("How do the questions hang together (polychoric correlations)?", show)

    def drivers(self) -> View:
        """Show which block goes together most with satisfaction, with the changes."""
        from icstats.importance import block_importance  # noqa: PLC0415  as in an analysis
        from icstats.scales import two_way_imputed  # noqa: PLC0415

        def show(analysis: Analysis) -> tuple[pd.DataFrame, Figure]:
            filled = [two_way_imputed(analysis.items[codes]) for codes in self.blocks.values()]
            usable = pd.concat([analysis.items[[analysis.outcome]], *filled], axis=1).dropna()
            found = block_importance(
                usable,
                outcome=analysis.outcome,
                blocks=self.blocks,
                clusters=analysis.people[usable.index],
                n_boot=FEW_REPLICATES,
                seed=self.edition.study.seed,
            ).data
            shares = found[found["measure"] == "shapley_share"].set_index("driver")
            return found, _dots(shares, self.edition.labels)

        return self._view("What goes together with satisfaction?", show)

    def compare(self, attribute: str) -> View:
        """Show the mark per subgroup of customers; one that is too small is left out, and counted.

        Parameters
        ----------
        attribute
            An attribute of the study, for instance ``unit``.
        """
        allowed = self.attributes
        if attribute not in allowed:
            raise ParameterError(
                f'There is no attribute "{attribute}" in this study; there are {", ".join(allowed) or "none"}.',
                code="ICS-394",
            )

        def show(analysis: Analysis) -> tuple[pd.DataFrame, Figure]:
            marks = analysis.items[analysis.outcome].dropna()
            groups = marks.groupby(analysis.ratings.loc[marks.index, attribute].astype("string")).agg(
                ["mean", "sem", "count"]
            )
            large = groups[groups["count"] >= self.edition.study.policy.minimum_answers].head(MOST_GROUPS)
            shown = pd.DataFrame(
                {
                    "estimate": large["mean"],
                    "conf_low": large["mean"] - 1.96 * large["sem"],
                    "conf_high": large["mean"] + 1.96 * large["sem"],
                    "n": large["count"],
                }
            )
            return shown, _dots(shown, {})

        return self._view(f"Which mark do customers give, by {attribute}?", show)

    @property
    def attributes(self) -> list[str]:
        """What subgroups can be made by."""
        return list(self.edition.study.responses.attributes)

    def write_parameters(self, name: str) -> Path:
        """Write the changes as a study of its own, ``<name>.yaml`` beside this one; ``icstats run`` makes its reports.

        It has no norm and no agreements: those are about the questions as they were.

        Parameters
        ----------
        name
            Name of the new study.

        Raises
        ------
        ParameterError
            If there is such a file already.
        """
        return write_explored(self.edition.study, name=name, dropped=self.dropped, moved=self.moved)

    def controls(self) -> ipywidgets.Widget:
        """Show everything with widgets: department, question, items to leave out, blocks, subgroups, and parameters."""
        return _controls(self)

    def _view(self, title: str, show: Callable[[Analysis], tuple[pd.DataFrame, Figure | None]]) -> View:
        """Return a view with its n and the policy's warning; one that cannot be drawn says why."""
        policy, head = self.edition.study.policy, f"<h3>{escape(title)}</h3>"
        if self.edition.ledger.hides(RATINGS, self.department):
            few = f"fewer than {policy.minimum_group} answers of others"
            reason = f"Nothing is drawn: {self._name} is not shown ({few}, or such)."
            return View(data=pd.DataFrame(), n=0, html=f"{head}<p>{escape(reason)}</p>")
        n = len(self.analysis.ratings)
        warning = (
            f"{self._name}, n = {n} ratings. Raw numbers, for your own eyes: the policy decides what may be shown "
            f"(at least {policy.minimum_answers} answers) and made by release()."
        )
        try:
            data, figure = show(self.analysis)
        except ICStatsError as error:
            return View(data=pd.DataFrame(), n=n, html=f"{head}<p>{escape(str(error))}</p>")
        picture = "" if figure is None else _picture(figure, title)
        return View(data=data, n=n, html=f"{head}<p>{escape(warning)}</p>{picture}{data.round(3).to_html()}")

    @property
    def _name(self) -> str:
        return self.edition.names[self.department]


def _new_figure(rows: int) -> tuple[Figure, Any]:
    from matplotlib.figure import Figure  # noqa: PLC0415  as everywhere

    figure = Figure(figsize=(7, 1 + ROW_HEIGHT * rows), layout="constrained")
    return figure, figure.subplots()


def _stacked(shares: pd.DataFrame, labels: Mapping[str, str]) -> Figure:
    figure, axes = _new_figure(len(shares))
    left = pd.Series(0.0, index=shares.index)
    for place, answer in enumerate(shares.columns):
        shade = 0.85 - 0.6 * place / max(len(shares.columns) - 1, 1)
        axes.barh(_named(shares.index, labels), shares[answer], left=left, color=str(shade), label=f"{answer:g}")
        left += shares[answer]
    axes.invert_yaxis()
    axes.legend(ncols=len(shares.columns), loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    return figure


def _dots(rows: pd.DataFrame, labels: Mapping[str, str]) -> Figure:
    figure, axes = _new_figure(len(rows))
    names = _named(rows.index, labels)
    axes.hlines(names, rows["conf_low"], rows["conf_high"], color="0.6")
    axes.plot(rows["estimate"], names, "o", color="0.2")
    axes.invert_yaxis()
    return figure


def _matrix(matrix: pd.DataFrame, labels: Mapping[str, str]) -> Figure:
    figure, axes = _new_figure(len(matrix))
    axes.imshow(matrix, vmin=-1, vmax=1, cmap="PuOr_r")
    axes.set_yticks(range(len(matrix)), _named(matrix.index, labels))
    axes.set_xticks(range(len(matrix)), list(matrix.columns), rotation=90)
    return figure


def _named(codes: Sequence[Any] | pd.Index[Any], labels: Mapping[str, str]) -> list[str]:
    return [labels.get(str(code), str(code)) for code in codes]


def _picture(figure: Figure, alt: str) -> str:
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return f'<img alt="{escape(alt)}" src="data:image/png;base64,{b64encode(buffer.getvalue()).decode()}">'


def _controls(start: Explorer) -> ipywidgets.Widget:
    """Return the widgets; every change draws anew."""
    import ipywidgets as widgets  # noqa: PLC0415  only the desk needs it

    edition = start.edition
    items = [(edition.labels[code], code) for code in start.analysis.driver_codes]
    study = widgets.Dropdown(description="study", options=_studies(start), value=str(edition.study.file))
    department = widgets.Dropdown(
        description="department", options=[(name, slug) for slug, name in _departments(edition)], value=start.department
    )
    question = widgets.Dropdown(
        description="show", options=["distributions", "scales", "polychoric", "drivers", "compare"]
    )
    attribute = widgets.Dropdown(description="subgroups", options=start.attributes)
    dropped = widgets.SelectMultiple(description="leave out", options=items)
    item = widgets.Dropdown(description="move", options=[("no question", ""), *items])
    block = widgets.Dropdown(description="to block", options=list(DRIVER_BLOCKS))
    name = widgets.Text(description="name", value=f"{edition.study.name}-explored")
    write = widgets.Button(description="write this as parameters")
    shown, said = widgets.HTML(), widgets.HTML()

    def now() -> Explorer:
        moved = {item.value: block.value} if item.value else {}
        opened = start if study.value == str(edition.study.file) else _other_study(start, study.value)
        slug = department.value if department.value in opened.edition.names else next(iter(opened.edition.names))
        return opened.at(slug).without(*dropped.value).moving(moved)

    def draw(_: object = None) -> None:
        explorer = now()
        compared = question.value == "compare"
        view = explorer.compare(attribute.value) if compared else getattr(explorer, question.value)()
        shown.value = view.html

    def write_down(_: object) -> None:
        try:
            path = now().write_parameters(name.value)
        except ICStatsError as error:
            said.value = escape(str(error))
        else:
            said.value = f"Written: {escape(os.path.relpath(path))}. Make its reports with icstats run."

    for widget in (study, department, question, attribute, dropped, item, block):
        widget.observe(draw, names="value")
    write.on_click(write_down)
    draw()
    left = widgets.VBox([study, department, question, attribute, dropped, item, block, name, write, said])
    return widgets.HBox([left, shown])


def _departments(edition: Edition) -> list[tuple[str, str]]:
    return [(one.slug, edition.names[one.slug]) for one in edition.study.departments]


def _studies(explorer: Explorer) -> list[tuple[str, str]]:
    """Return the studies that lie beside this one."""
    file = explorer.edition.study.file
    found = [path for path in sorted(file.parent.glob("*.yaml")) if "\ndepartments:" in path.read_text("utf-8")]
    return [(path.stem, str(path)) for path in dict.fromkeys([file, *found])]


def _other_study(explorer: Explorer, path: str) -> Explorer:
    edition = open_edition(path, language=explorer.edition.texts.language)
    return Explorer(edition=edition, department=next(iter(edition.names)))
