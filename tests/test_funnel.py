"""The funnel draws released means against the number of answers as shown, and says what it finds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import made
import pytest
from test_figures import EN, NL, POLICY, Parsed

from icstats.canvas import WIDTH
from icstats.disclosure import RATINGS, Released, gathered, open_ledger, release
from icstats.errors import DisclosureError
from icstats.funnel import _Funnel, _middle, funnel_plot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from icstats.canvas import Figure
    from icstats.texts import Texts

NAMES = {"it": "IT", "hr": "HR", "fm": "Facilities", "law": "Legal", "lib": "Library"}
SIZES = {"it": 400, "hr": 120, "fm": 43, "law": 19, "lib": 4}
MEANS = {"it": 3.21, "hr": 4.04, "fm": 3.9, "law": 3.4, "lib": 4.6}


def released(means: Mapping[str, float] = MEANS, sizes: Mapping[str, int] = SIZES) -> Released:
    ledger = open_ledger(
        made.counts({slug: {RATINGS: n, "mark": n} for slug, n in sizes.items()}), policy=POLICY, parts={}
    )
    return gathered(
        [
            release(made.summary_of({"mark": mean}, n=sizes[slug]), policy=POLICY, ledger=ledger.at(slug))
            for slug, mean in means.items()
        ]
    )


def drawn(summary: Released, texts: Texts = EN, *, names: Mapping[str, str] = NAMES) -> Figure:
    return funnel_plot(
        summary,
        variable="mark",
        label="Mark",
        norm=3.7,
        sd=1.0,
        norm_name="the norm",
        departments=names,
        texts=texts,
    )


def test_it_says_who_lies_outside_and_by_what_limits() -> None:
    figure = drawn(released())
    assert figure.caption.startswith(
        "Outside the inner curves, above the norm: HR. Outside the inner curves, below the norm: IT."
    )
    assert figure.alt.startswith("Outside the inner curves, above the norm: HR.")
    assert "95%" in figure.caption
    assert "99.8%" in figure.caption
    assert "Library" not in figure.alt
    dutch = drawn(released(), NL)
    assert dutch.caption.startswith(
        "Buiten de binnenste krommen, boven the norm: HR. Buiten de binnenste krommen, onder the norm: IT."
    )
    assert "99,8%" in dutch.caption


def test_where_nobody_lies_outside_that_is_the_finding() -> None:
    figure = drawn(released(dict.fromkeys(MEANS, 3.72)))
    assert figure.caption.startswith("No department lies outside the inner curves around the norm.")


@pytest.mark.parametrize(("shown", "middle"), [("120", 120.0), ("40–49", 44.5), ("10–19", 14.5)])
def test_a_band_is_placed_at_its_middle(shown: str, middle: float) -> None:
    assert _middle(shown) == middle


def test_the_picture_of_a_small_department_does_not_depend_on_its_exact_number() -> None:
    pictures = {Parsed(drawn(released(sizes={**SIZES, "fm": n})).html).png for n in (40, 44, 49)}
    assert len(pictures) == 1
    assert Parsed(drawn(released(sizes={**SIZES, "fm": 51})).html).png not in pictures


def test_the_limits_are_those_of_chance() -> None:
    funnel = _Funnel(points={"a": (100, 4.0), "b": (25, 4.0), "c": (400, 3.5)}, norm=3.7, sd=1.0)
    assert funnel.reach(100, 0.95) == pytest.approx(0.196, abs=1e-4)
    assert funnel.reach(100, 0.998) == pytest.approx(0.309, abs=1e-4)
    assert (funnel.outside(1), funnel.outside(-1)) == (["a"], ["c"])


def test_everything_lies_on_the_page() -> None:
    funnel = _Funnel(points={"a": (12, 1.0), "b": (9000, 4.0)}, norm=3.7, sd=1.0)
    for n, mean in funnel.points.values():
        assert 0 < funnel.x(n) < WIDTH
        assert 0 < funnel.y(mean) < 348


def test_every_dot_has_a_name_and_what_is_hidden_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[list[str]] = []
    monkeypatch.setattr("icstats.funnel.write_names", lambda _page, _frame, _dots, names: written.append(names))
    summary = released()
    assert [slug for slug in NAMES if (row := summary.row("mark", "mean", slug)) and row.hidden] == ["law", "lib"]
    figure = drawn(summary)
    assert written == [["IT", "HR", "Facilities"]]
    assert "open dots between them" in figure.caption
    assert "have a name" not in figure.caption


def test_of_very_many_departments_only_those_outside_have_a_name() -> None:
    names = {f"d{place}": f"Department {place}" for place in range(40)}
    summary = released({slug: 2.0 if slug == "d7" else 3.72 for slug in names}, dict.fromkeys(names, 200))
    figure = drawn(summary, names=names)
    assert "below the norm: Department 7." in figure.caption
    assert figure.caption.endswith("only the filled dots have a name; the others stand in the table.")


def test_only_released_means_are_drawn() -> None:
    with pytest.raises(DisclosureError, match="A figure is made of released results only"):
        drawn(made.summary_of({"mark": 3.8}))  # type: ignore[arg-type]
    summary = released()
    hidden = replace(summary, rows=summary.rows[summary.rows["department"] == "lib"].reset_index(drop=True))
    assert drawn(hidden).alt == ""
