"""What earlier surveys say of each question: where it was asked, how it was answered, and what it tells apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from icstats.aggregation import icc
from icstats.edition import open_edition
from icstats.errors import NotEnoughDataError
from icstats.questionnaire import in_order
from icstats.results import ORGANISATION, Result, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from icstats.analysis import Analysis
    from icstats.disclosure import Released, ReleasedRow
    from icstats.edition import Edition

__all__ = ["Evidence", "ItemEvidence", "earlier_evidence", "tells_nothing"]

MOST_CANNOT_SAY = 0.3
MOST_AT_TOP = 0.7
LEAST_APART = 0.02
"""Share that cannot say, share at the top, and ICC(1), past which a question told nothing. Rules of thumb."""


@dataclass(frozen=True, kw_only=True, repr=False)
class ItemEvidence(Result):
    """Of every question over all departments together.

    Statistics: ``cannot_say`` (share of those asked that answered "not applicable" or "don't know"), ``ceiling`` (share
    of the answers that is the highest), ``item_rest`` (correlation with the other questions of its scale) and ``icc1``
    (how far one rating tells departments apart).
    """


@dataclass(frozen=True, kw_only=True, repr=False)
class Evidence:
    """What earlier studies say of questions, over all departments together; of each question the latest counts.

    Attributes
    ----------
    editions
        The studies, the latest first.
    releases
        What may be shown of their questions, in the same order.
    """

    editions: tuple[Edition, ...]
    releases: tuple[Released, ...]

    def row(self, item: str, statistic: str) -> ReleasedRow | None:
        """Return a number of a question from the latest study that has it."""
        found = (release.row(item, statistic) for release in self.releases)
        return next((row for row in found if row is not None), None)

    def used(self, item: str) -> tuple[str, ...]:
        """Return the studies in which a question was asked in its present wording, each with its waves."""
        asked = []
        for edition in self.editions:
            known = {one.code: one for one in edition.study.questionnaire.items}
            if item in known:
                since = known[item].since
                waves = [
                    wave
                    for wave in edition.organisation.responses.waves
                    if since is None or in_order(wave) >= in_order(since)
                ]
                asked.append(f"{edition.study.name} {', '.join(waves)}")
        return tuple(asked)


def earlier_evidence(studies: Sequence[Path], *, language: str = "") -> Evidence | None:
    """Return what earlier studies say, the last one first; None where there are none."""
    if not studies:
        return None
    editions = tuple(open_edition(study, language=language) for study in reversed(studies))
    releases = tuple(edition.released(_evidence(edition.organisation), ORGANISATION) for edition in editions)
    return Evidence(editions=editions, releases=releases)


def tells_nothing(evidence: Evidence, item: str) -> tuple[str, ...]:
    """Return why a question told nothing: ``cannot_say``, ``ceiling``, ``same_everywhere``; none where it did."""
    found = {statistic: evidence.row(item, statistic) for statistic in ("cannot_say", "ceiling", "icc1")}
    known = {name: row.estimate for name, row in found.items() if row is not None and not row.hidden}
    rules = {
        "cannot_say": known.get("cannot_say", 0.0) > MOST_CANNOT_SAY,
        "ceiling": known.get("ceiling", 0.0) > MOST_AT_TOP,
        "same_everywhere": known.get("icc1", 1.0) < LEAST_APART,
    }
    return tuple(name for name, holds in rules.items() if holds)


def _evidence(analysis: Analysis) -> ItemEvidence:
    missing = pd.concat(
        [analysis.responses.missing(wave=analysis.wave, department=slug) for slug in analysis.responses.departments]
    )
    counts = missing.pivot_table(index="item", columns="reason", values="n", aggfunc="sum")
    rest, rows = _item_rest(analysis), []
    for code in [*analysis.driver_codes, analysis.outcome]:
        answers = analysis.items[code].dropna()
        n, n_people = len(answers), int(analysis.people[answers.index].nunique())
        cannot = int(counts.loc[[code], ["not_applicable", "dont_know"]].to_numpy().sum())
        top = float((answers == analysis.questionnaire.response_scale(code).maximum).mean()) if n else np.nan
        values = {"cannot_say": cannot / (n + cannot) if n else np.nan, "ceiling": top, "icc1": _icc1(analysis, code)}
        values["item_rest"] = rest.get(code, np.nan)
        rows += [
            {
                "variable": code,
                "statistic": name,
                "estimate": value,
                "unit": "coefficient" if name in ("icc1", "item_rest") else "share",
                "n": n,
                "n_people": n_people,
            }
            for name, value in values.items()
        ]
    empty = dict.fromkeys(("std_error", "conf_low", "conf_high", "p_value"), np.nan)
    data = pd.DataFrame(rows).assign(**empty)
    return ItemEvidence(data=data, people=data[["n", "n_people"]], settings=Settings(method="item_evidence"))


def _item_rest(analysis: Analysis) -> dict[str, float]:
    try:
        found = analysis.item_statistics.data
    except NotEnoughDataError:
        return {}
    rows = found[found["statistic"] == "item_rest"]
    return dict(zip(rows["item"].astype(str), rows["estimate"].astype(float), strict=True))


def _icc1(analysis: Analysis, code: str) -> float:
    try:
        found = icc(analysis.items[code], analysis.ratings["department"], name=code, clusters=analysis.people).data
    except NotEnoughDataError:
        return float("nan")
    return float(found.loc[found["statistic"] == "icc1", "estimate"].iloc[0])
