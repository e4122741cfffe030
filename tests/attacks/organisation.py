"""Simulated organisations and what they release: the rows of ``results.json``, and nothing else, go to an attacker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from small_survey import item, questionnaire, text

from icstats.analysis import Analysis
from icstats.disclosure import RATINGS
from icstats.edition import Edition
from icstats.questionnaire import Scale
from icstats.responses import read_responses
from icstats.results import ORGANISATION
from icstats.study import Columns, Department, Policy, ResponsesFile, Study
from icstats.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from icstats.results import Result

SIZES = {"a": 3, "b": 6, "c": 9, "d": 10, "e": 11, "f": 14, "g": 19, "h": 20, "i": 35, "j": 60, "k": 120, "l": 400}
BLOCKS = {
    "product": ("P1", "P2", "P3", "P4"),
    "process": ("R1", "R2", "R3", "R4"),
    "orientation": ("O1", "O2", "O3"),
}
OUTCOME = "SA1"
ITEMS = (*(code for codes in BLOCKS.values() for code in codes), OUTCOME)
ITEM_COLUMNS = ("item_rest", "alpha_if_dropped", "sd", "ceiling", "floor")

Rows = list[dict[str, Any]]


def answers(sizes: Mapping[str, int], seed: int) -> pd.DataFrame:
    """Return ratings by people who are lenient or strict about departments that are good or bad."""
    rng = np.random.default_rng(seed)
    parts = []
    for department, n in sizes.items():
        level = rng.uniform(3.2, 4.3) + rng.normal(0, 0.2, len(ITEMS))
        feelings = level + rng.normal(0, 0.7, (n, 1)) + rng.normal(0, 0.7, (n, len(ITEMS)))
        part = pd.DataFrame(np.clip(np.rint(feelings), 1, 5).astype(int), columns=list(ITEMS))
        parts.append(part.assign(department=department))
    frame = pd.concat(parts, ignore_index=True)
    return frame.assign(respondent=[f"r{row}" for row in frame.index])


def with_staff(frame: pd.DataFrame, staff: Mapping[str, int], seed: int) -> pd.DataFrame:
    """Return the ratings and, after them, what so many of a department's own staff think that customers answer."""
    rng = np.random.default_rng(seed)
    forecasts = [
        {"department": place, "respondent": f"s{place}{number}", "role": "staff", "MI1": int(rng.integers(2, 6))}
        for place, n in staff.items()
        for number in range(n)
    ]
    whole = pd.concat([frame.assign(role="customer"), pd.DataFrame(forecasts)], ignore_index=True)
    return whole.astype(dict.fromkeys([*ITEMS, "MI1"], "Int64"))


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """The truth, and what is released of it."""

    frame: pd.DataFrame
    edition: Edition

    @property
    def hidden(self) -> set[tuple[str, str]]:
        """Cells of department and variable that the ledger hides, where somebody answered."""
        counts = self.edition.organisation.responses.counts(wave=self.edition.wave).set_index(
            ["department", "variable"]
        )["n"]
        return {cell for cell in self.edition.ledger.hidden if cell[0] != ORGANISATION and counts[cell] > 0}

    @property
    def sizes(self) -> dict[str, int]:
        """Ratings per department."""
        return {str(slug): int(n) for slug, n in self.frame["department"].value_counts().items()}

    def mean(self, department: str, variable: str) -> float:
        """Return a true mean."""
        codes = list(BLOCKS.get(variable, (variable,)))
        return float(self.frame.loc[self.frame["department"] == department, codes].mean(axis=1).mean())

    def rows(self, departments: Iterable[str] | None = None) -> Rows:
        """Return the released rows of all files, or of those of some departments and the overview."""
        ledger, organisation = self.edition.ledger, self.edition.organisation
        chosen = [slug for slug in self.edition.names if departments is None or slug in set(departments)]
        rows = self._released([organisation.summary, organisation.reliability], ORGANISATION)
        for slug in (slug for slug in chosen if not ledger.hides(RATINGS, slug)):
            analysis = organisation.of(slug)
            results: list[Result] = [analysis.summary, analysis.reliability, analysis.item_statistics]
            if self.edition.norm is not None:
                results.append(analysis.comparison(self.edition.norm))
            rows += self._released(results, slug)
        return rows

    def _released(self, results: Iterable[Result], slug: str) -> Rows:
        released = [self.edition.released(result, slug) for result in results]
        shown = [one.only(statistics=ITEM_COLUMNS) if one.kind == "ItemStatistics" else one for one in released]
        return [{"kind": one.kind, **record} for one in shown for record in one.records()]


def organisation(
    folder: Path,
    frame: pd.DataFrame,
    *,
    norms: Literal["departments"] | None = None,
    policy: Policy | None = None,
    own: Mapping[str, tuple[str, ...]] | None = None,
    wave: str = "1",
) -> Organisation:
    """Return the organisation that these answers come from; ``own`` items are asked of some departments only.

    Where ``frame`` has a column ``wave``, ``wave`` is the one that is reported.
    """
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_csv(folder / "survey.csv", index=False)
    items = [item(code, block, scale=block) for block, codes in BLOCKS.items() for code in codes]
    items += [item(OUTCOME, "outcome")]
    items += [item("OP1", "open", responses=None)] if "OP1" in frame else []
    items += [item("MI1", "mirror", about="P1")] if "MI1" in frame else []
    items += [item(code, "product", core=False, departments=slugs) for code, slugs in (own or {}).items()]
    asked = questionnaire(
        *items, scales=tuple(Scale.model_validate({"code": b, "block": b, "label": text(b)}) for b in BLOCKS)
    )
    study = Study(
        file=folder / "study.yaml",
        name="small",
        title=text("Small"),
        organisation=text("Organisation"),
        wave=wave,
        responses=ResponsesFile(
            file=folder / "survey.csv",
            columns=Columns(
                respondent="respondent" if "respondent" in frame else None,
                wave="wave" if "wave" in frame else None,
                role="role" if "role" in frame else None,
            ),
        ),
        questionnaire=asked,
        norms=norms,
        policy=policy or Policy(),
        departments=tuple(Department(slug=slug, name=text(slug)) for slug in frame["department"].unique()),
        store=folder / "store",
    )
    analysis = Analysis(study=study, responses=read_responses(study), wave=wave)
    return Organisation(frame=frame, edition=Edition(study=study, texts=Texts("en"), organisation=analysis))
