"""What an earlier wave says of each question: who could not answer it, where it is at its top, what it tells apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from icstats.aggregation import icc
from icstats.edition import open_edition
from icstats.errors import NotEnoughDataError
from icstats.results import ORGANISATION, Result, Settings

if TYPE_CHECKING:
    from pathlib import Path

    from icstats.analysis import Analysis
    from icstats.disclosure import Released

__all__ = ["ItemEvidence", "earlier_evidence", "tells_nothing"]

MOST_CANNOT_SAY = 0.3
MOST_AT_TOP = 0.7
LEAST_APART = 0.02
"""Share that cannot say, share at the top, and ICC(1), past which a question told nothing. Rules of thumb."""


@dataclass(frozen=True, kw_only=True, repr=False)
class ItemEvidence(Result):
    """Of every question over all departments together.

    Statistics: ``cannot_say`` (share of those asked that answered "not applicable" or "don't know"), ``ceiling`` (share
    of the answers that is the highest) and ``icc1`` (how far one rating tells departments apart).
    """


def earlier_evidence(study: Path) -> Released:
    """Return what may be shown of the questions of an earlier study, over all departments together."""
    edition = open_edition(study)
    return edition.released(_evidence(edition.organisation), ORGANISATION)


def tells_nothing(evidence: Released, item: str) -> tuple[str, ...]:
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
    rows = []
    for code in [*analysis.driver_codes, analysis.outcome]:
        answers = analysis.items[code].dropna()
        n, n_people = len(answers), int(analysis.people[answers.index].nunique())
        cannot = int(counts.loc[[code], ["not_applicable", "dont_know"]].to_numpy().sum())
        top = float((answers == analysis.questionnaire.response_scale(code).maximum).mean()) if n else np.nan
        values = {"cannot_say": cannot / (n + cannot) if n else np.nan, "ceiling": top, "icc1": _icc1(analysis, code)}
        rows += [
            {
                "variable": code,
                "statistic": name,
                "estimate": value,
                "unit": "coefficient" if name == "icc1" else "share",
                "n": n,
                "n_people": n_people,
            }
            for name, value in values.items()
        ]
    empty = dict.fromkeys(("std_error", "conf_low", "conf_high", "p_value"), np.nan)
    data = pd.DataFrame(rows).assign(**empty)
    return ItemEvidence(data=data, people=data[["n", "n_people"]], settings=Settings(method="item_evidence"))


def _icc1(analysis: Analysis, code: str) -> float:
    try:
        found = icc(analysis.items[code], analysis.ratings["department"], name=code, clusters=analysis.people).data
    except NotEnoughDataError:
        return float("nan")
    return float(found.loc[found["statistic"] == "icc1", "estimate"].iloc[0])
