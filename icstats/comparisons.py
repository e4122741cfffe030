"""What every department is held against, and which differences stand among all those of the organisation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from icstats.decisions import Differing, differing_before
from icstats.errors import RunError
from icstats.ledger import RATINGS
from icstats.norms import norm_of_departments, read_norms

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from icstats.analysis import Analysis
    from icstats.benchmark import Comparison
    from icstats.ledger import Ledger
    from icstats.norms import Norm
    from icstats.study import Study

__all__ = ["FEWEST_IN_NORM", "Comparisons"]

FEWEST_IN_NORM = 3
"""Departments that a mean of departments needs."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Comparisons:
    """The departments of one wave beside a norm.

    With 40 departments and 20 questions 40 differences lie outside their interval by chance. So whether a difference
    stands is decided over all of them together: when the answers are prepared, or here, where that was not done.

    Attributes
    ----------
    study
        Its norm, its margin and its policy.
    organisation
        The analysis of all ratings together.
    ledger
        What may be shown of whom: nothing else is compared.
    """

    study: Study
    organisation: Analysis
    ledger: Ledger

    def __repr__(self) -> str:
        return "<Comparisons: not released>"

    @property
    def internal(self) -> bool:
        """Whether the norm is the mean of this study's own departments."""
        return self.study.norms == "departments"

    @cached_property
    def norm(self) -> Norm | None:
        """The norm of the study, or None."""
        if self.study.norms is None:
            return None
        if self.internal:
            try:
                norm = self.norm_of_departments()
            except RunError:
                # Another department's answers are damaged: that must not stop this one, and a norm without them
                # would be another norm.
                return None
            return None if norm.values.empty else norm
        known = self._as_read[0]
        apart = replace(known, values=known.values[known.values.index.isin(self.differing.norm)])
        return None if apart.values.empty else apart

    @property
    def norm_change(self) -> dict[str, float]:
        """By how much the norm that is read changed since the wave before; empty where that one is not known."""
        if self.norm is None or self.internal or self.study.earlier_norms is None:
            return {}
        earlier = self._as_read[1].values
        changed = self.norm.values["mean"] - earlier.loc[earlier.index.isin(self.differing.earlier_norm), "mean"]
        return {str(code): float(points) for code, points in changed.dropna().items()}

    @cached_property
    def _as_read(self) -> tuple[Norm, ...]:
        return tuple(read_norms(file, questionnaire=self.study.questionnaire) for file in self.study.norm_files)

    def of(self, own: Analysis) -> Comparison | None:
        """Return the difference from the norm of one department, by its analysis, or None without a norm.

        Where the norm is the mean of the departments themselves, this one is a part of it.
        """
        from icstats.benchmark import with_decision  # noqa: PLC0415  each notebook pays only for the rooms it uses

        if self.norm is None:
            return None
        if not self.internal:
            stands = {variable for place, variable in self.differing.cells if place == own.department}
            return with_decision(own.comparison(self.norm), stands)
        compared = self._among_departments
        rows = (compared.data["department"] == own.department) & compared.data["variable"].isin(own.measured.columns)
        rows &= compared.data["statistic"] != "others"  # one more rounded number about the same means
        data = compared.data[rows].drop(columns="p_adjusted")  # as beside a norm that is read
        return replace(compared, data=data, people=compared.people[rows])

    @cached_property
    def differing(self) -> Differing:
        """What stands among all differences from a norm that is read: as it was decided, else decided here."""
        before = differing_before(self.study, wave=self.organisation.wave)
        return before if before.basis == self._basis else self.decided()

    def decided(self) -> Differing:
        """Return what stands among all differences that may be shown, from the answers of all departments."""
        from icstats.benchmark import adjust_family, different  # noqa: PLC0415  as above

        waves = (self.organisation.wave, self.organisation.earlier_wave)
        norm, *earlier = [
            self._without_own(read, wave) for read, wave in zip(self._as_read, waves, strict=False) if wave is not None
        ]
        compared = dict(self._each(norm)) if len(norm.values) else {}
        rows = different(adjust_family(compared)) if compared else None
        cells = () if rows is None else zip(rows["department"], rows["variable"], strict=True)
        return Differing(
            answers=self.organisation.responses.fingerprint,
            basis=self._basis,
            norm=frozenset(map(str, norm.values.index)),
            earlier_norm=frozenset(str(code) for one in earlier for code in one.values.index),
            cells=frozenset((str(department), str(variable)) for department, variable in cells),
        )

    def _without_own(self, norm: Norm, wave: str) -> Norm:
        own = self.organisation.responses.counts(wave=wave).groupby("variable")["n"].sum()
        return norm.without_own(own, minimum=self.study.policy.minimum_group)

    def _each(self, norm: Norm) -> Iterator[tuple[str, Comparison]]:
        """Return what may be shown of every department, read one after the other; without damaged ones."""
        for department in self.ledger.shown(RATINGS):
            try:
                compared = self.organisation.of(department).comparison(norm)
            except RunError:
                continue
            shown = [not self.ledger.hides(str(variable), department) for variable in compared.data["variable"]]
            yield department, replace(compared, data=compared.data[shown], people=compared.people[shown])

    @property
    def _basis(self) -> str:
        """Fingerprint of everything that the decision follows from."""
        values = "\0".join(norm.values.to_csv() for norm in self._as_read)
        hidden = sorted(self.ledger.hidden)
        parts = (self.organisation.responses.fingerprint, self.study.policy.model_dump_json(), str(hidden), values)
        return sha256("\0".join(parts).encode()).hexdigest()

    @cached_property
    def _among_departments(self) -> Comparison:
        from icstats.benchmark import compare_departments  # noqa: PLC0415  a study with a norm file never needs it

        norm, shown = self.norm_of_departments(), self.measured_and_shown
        return compare_departments(
            shown[norm.values.index],
            norm,
            departments=self.organisation.ratings["department"],
            margin=self.study.margin,
            clusters=self.organisation.people,
            weights=self.organisation.weights,
        )

    @cached_property
    def measured_and_shown(self) -> pd.DataFrame:
        """What is compared, of the departments that may be shown: with a hidden one in it, it could be solved for."""
        measured, slugs = self.organisation.measured, self.organisation.ratings["department"]
        shown: pd.DataFrame = measured.apply(
            lambda column: column.where(slugs.isin(self.ledger.shown(str(column.name))))
        )
        return shown

    def norm_of_departments(self) -> Norm:
        """Return the mean of the departments that may be shown.

        Of two, each would find the other's mean with its own.
        """
        slugs, shown = self.organisation.ratings["department"], self.measured_and_shown
        weights = 1.0 if self.organisation.weights is None else self.organisation.weights
        given = shown.notna().mul(weights, axis=0)
        totals = given.groupby(slugs).sum()
        means = shown.mul(weights, axis=0).groupby(slugs).sum() / totals.replace(0.0, np.nan)
        squares = (shown - means.loc[slugs].set_axis(shown.index)).pow(2).mul(weights, axis=0).groupby(slugs).sum()
        counts = shown.groupby(slugs).count()
        within = (squares / totals * counts).sum() / (counts - 1).clip(lower=0).sum()
        return norm_of_departments(
            means.loc[:, means.notna().sum() >= FEWEST_IN_NORM],
            sds=within.pow(0.5).replace(0.0, np.nan),
            n_respondents=int(slugs.isin(self.ledger.shown(RATINGS)).sum()),
            questionnaire=self.study.questionnaire,
        )
