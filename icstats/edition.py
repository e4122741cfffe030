"""What all reports of one study share: its words, its norm and the door that every number passes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from icstats.analysis import SERVICE, Analysis
from icstats.disclosure import RATINGS, open_ledger, release, shown_n
from icstats.errors import NotEnoughDataError, ParameterError, RunError
from icstats.norms import norm_of_departments, read_norms
from icstats.questionnaire import DRIVER_BLOCKS
from icstats.responses import read_responses
from icstats.results import ORGANISATION
from icstats.scales import score_items
from icstats.story import VERDICTS
from icstats.study import read_study
from icstats.texts import LANGUAGES, Texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from icstats.disclosure import Ledger, Released
    from icstats.norms import Norm
    from icstats.questionnaire import Language
    from icstats.results import Result
    from icstats.study import Study
    from icstats.trends import WaveChange

__all__ = ["Edition", "find_study", "open_edition"]


class StripNorm(TypedDict):
    """What the mark strip needs to know of the norm."""

    norm: float | None
    norm_band: tuple[float, float] | None
    norm_name: str
    internal: bool


@dataclass(frozen=True, kw_only=True, repr=False)
class Edition:
    """One study, in one wave and one language.

    Attributes
    ----------
    study
        The parsed study.
    texts
        The words of the language.
    organisation
        The analysis of all ratings together; ``organisation.of(slug)`` is that of a department.
    """

    study: Study
    texts: Texts
    organisation: Analysis

    @property
    def wave(self) -> str:
        """The wave that is reported."""
        return self.organisation.wave

    @cached_property
    def ledger(self) -> Ledger:
        """What may be shown of whom, decided from the counts of all departments together."""
        return self._ledger_of(self.wave)

    def _ledger_of(self, wave: str) -> Ledger:
        return open_ledger(
            self.organisation.responses.counts(wave=wave),
            policy=self.study.policy,
            parts=score_items(self.study.questionnaire),
        )

    def released_change(self, change: WaveChange, department: str, *, earlier: str) -> Released:
        """Return what may be shown of a change: only what may be shown of the department in both waves."""
        ledger = self.ledger.along_with(self._ledger_of(earlier))
        return release(change, policy=self.study.policy, ledger=ledger.at(department))

    def released(self, result: Result, department: str) -> Released:
        """Return what may be shown of a result about this department."""
        return release(result, policy=self.study.policy, ledger=self.ledger.at(department))

    @cached_property
    def names(self) -> dict[str, str]:
        """Name of every department, by slug."""
        return {department.slug: department.name[self._language] for department in self.study.departments}

    @cached_property
    def labels(self) -> dict[str, str]:
        """Label of every item, scale and block, by code; a reverse item is called so, for its numbers are turned."""
        questionnaire = self.study.questionnaire
        plain = {item.code: item.label[self._language] for item in questionnaire.items}
        turned = {item.code for item in questionnaire.items if item.reverse}
        items = {
            code: self.texts.say("grammar.reversed", label=label) if code in turned else label
            for code, label in plain.items()
        }
        scales = {scale.code: scale.label[self._language] for scale in questionnaire.scales}
        blocks = {block: self.texts.say(f"block.{block}") for block in (*DRIVER_BLOCKS, SERVICE)}
        return {**items, **scales, **blocks}

    @property
    def _language(self) -> Language:
        return self.texts.language

    @cached_property
    def verdicts(self) -> dict[str, str]:
        """Words of every verdict against the norm, by code."""
        return {code: self.texts.say(f"verdict.{code}") for code in VERDICTS}

    def answered(self, department: str) -> str:
        """Return how many customers rated a department, exactly or as a band."""
        counts = self.organisation.responses.counts(wave=self.wave)
        rated = counts[counts["variable"] == RATINGS]
        total = department == ORGANISATION
        if not total:
            rated = rated[rated["department"] == department]
        return shown_n(int(rated["n"].sum()), self.study.policy, total=total)

    @cached_property
    def norm(self) -> Norm | None:
        """The norm of the study, or None."""
        if self.study.norms is None:
            return None
        if self.study.norms == "departments":
            try:
                return self._norm_of_departments()
            except RunError:
                # Another department's answers are damaged: that must not stop this one, and a norm without them
                # would be another norm.
                return None
        return read_norms(Path(self.study.norms), questionnaire=self.study.questionnaire)

    @cached_property
    def norm_means(self) -> dict[str, float]:
        """Mean of the norm, by code."""
        if self.norm is None:
            return {}
        return {
            str(code): mean
            for code, mean in zip(self.norm.values.index, self.norm.values["mean"].tolist(), strict=True)
        }

    @cached_property
    def norm_on_the_strip(self) -> StripNorm:
        """The norm of the outcome as the mark strip draws it: mean, quartiles and name."""
        outcome = self.study.questionnaire.outcome
        if self.norm is None or outcome not in self.norm.values.index:
            return StripNorm(norm=None, norm_band=None, norm_name="", internal=False)
        row = self.norm.values.loc[[outcome], ["mean", "q25", "q75"]].to_numpy(dtype=float)
        mean, low, high = row[0].tolist()
        return StripNorm(norm=mean, norm_band=(low, high), norm_name=self.norm_name, internal=self.norm_is_internal)

    def on_one_scale(self, variables: Sequence[str]) -> list[str]:
        """Return the variables that share the answer scale of the last one: differences on one axis must compare."""
        if self.norm is None:
            return []
        known = [code for code in variables if code in self.norm.values.index]
        ends = self.norm.values.loc[known, ["minimum", "maximum"]]
        return [code for code in known if (ends.loc[code] == ends.iloc[-1]).all()]

    @property
    def no_norm(self) -> str:
        """Why there is no norm."""
        return self.texts.say("benchmark.unavailable" if self.norm_is_internal else "benchmark.none")

    @cached_property
    def organisation_blocks(self) -> tuple[Released | None, str]:
        """The blocks of the organisation as a whole, or why there are none."""
        try:
            return self.released(self.organisation.block_importance, ORGANISATION), ""
        except NotEnoughDataError:
            return None, self.texts.say("why.none")
        except RunError:
            return None, self.texts.say("why.unavailable")

    @property
    def norm_is_internal(self) -> bool:
        """Whether the norm is the mean of this study's own departments."""
        return self.study.norms == "departments"

    @property
    def norm_name(self) -> str:
        """What a sentence calls the norm."""
        if self.norm_is_internal:
            return self.texts.say("summary.norm_name_departments")
        fictional = self.norm is not None and self.norm.fictional
        return self.texts.say("summary.norm_name_fictional" if fictional else "summary.norm_name")

    def _norm_of_departments(self) -> Norm:
        """Return the mean of the departments that may be shown: with a hidden one in it, it could be solved for."""
        measured = self.organisation.measured
        slugs = self.organisation.ratings["department"]
        shown = measured.apply(lambda column: column.where(slugs.isin(self.ledger.shown(str(column.name)))))
        by_department = shown.groupby(slugs)
        counts, variances = by_department.count(), by_department.var()
        within = (variances * (counts - 1)).sum() / (counts - 1).clip(lower=0).sum()
        return norm_of_departments(
            by_department.mean(),
            sds=within.pow(0.5).replace(0.0, np.nan),
            n_respondents=int(slugs.isin(self.ledger.shown(RATINGS)).sum()),
            questionnaire=self.study.questionnaire,
        )


def open_edition(study: str | Path, *, language: str = "", wave: str = "") -> Edition:
    """Open a study for reporting.

    Parameters
    ----------
    study
        The study file, found from the current folder or one above it, so that a notebook opened in JupyterLab and
        one run by papermill find the same file.
    language
        ``en`` or ``nl``; empty takes the study's own.
    wave
        Empty takes the study's own.

    Raises
    ------
    ParameterError
        If there is no such file, language or wave; the message says what there is.
    """
    opened = read_study(find_study(study))
    chosen = language or opened.language
    if chosen not in LANGUAGES:
        raise ParameterError(
            f'There are no reports in language "{chosen}"; allowed: {", ".join(LANGUAGES)}.', code="ICS-390"
        )
    responses = read_responses(opened)
    reported = wave or opened.wave
    if reported not in responses.waves:
        raise ParameterError(
            f'There is no wave "{reported}"; the survey file has {", ".join(responses.waves)}.', code="ICS-391"
        )
    return Edition(
        study=opened,
        texts=Texts(chosen),
        organisation=Analysis(study=opened, responses=responses, wave=reported),
    )


def find_study(path: str | Path) -> Path:
    """Return the study file, looked for in the current folder and then in those above it."""
    wanted = Path(path)
    if wanted.is_absolute():
        return wanted
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / wanted).is_file():
            return folder / wanted
    return wanted
