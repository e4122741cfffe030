"""What all reports of one study share: its words, its norm and what is said of all departments together."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from icstats.analysis import SERVICE, Analysis
from icstats.comments import signed_off
from icstats.comparisons import FEWEST_IN_NORM, Comparisons
from icstats.decided import DecidedWave
from icstats.decisions import QUOTED, Together, together_before, write_differing, write_together
from icstats.disclosure import RATINGS, shown_n
from icstats.errors import NotEnoughDataError, ParameterError, RunError
from icstats.limits import VERDICTS
from icstats.overall import Overall, kept, reopened
from icstats.questionnaire import DRIVER_BLOCKS
from icstats.register import admit
from icstats.responses import read_responses
from icstats.results import ORGANISATION, joined
from icstats.story import left_out_sentence, unreliable_sentence
from icstats.study import read_study
from icstats.texts import LANGUAGES, Texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from icstats.aggregation import Agreement
    from icstats.benchmark import Comparison
    from icstats.disclosure import Released
    from icstats.norms import Norm
    from icstats.raters import Leniency
    from icstats.responses import Responses
    from icstats.results import R
    from icstats.study import Study

__all__ = ["Edition", "admit_release", "find_study", "open_edition"]


class StripNorm(TypedDict):
    """What the mark strip needs to know of the norm."""

    norm: float | None
    norm_band: tuple[float, float] | None
    norm_name: str
    internal: bool


@dataclass(frozen=True, kw_only=True, repr=False)
class Edition(DecidedWave):
    """A decided wave in one language.

    Attributes
    ----------
    texts
        The words of the language.
    """

    texts: Texts

    def of(self, department: str) -> Analysis:
        """Return the analysis of a department: always the same one, so that its answers are read once."""
        return self._analyses.setdefault(department, self.organisation.of(department))

    @cached_property
    def _analyses(self) -> dict[str, Analysis]:
        return {}

    def comments(self, department: str) -> dict[str, tuple[str, ...]]:
        """Return what customers wrote about a department, as far as somebody signed it off: question -> texts."""
        return signed_off(
            self.study, self.organisation.responses, department, wave=self.wave, ledger=self.ledger.at(department)
        )

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
    def _language(self) -> str:
        return self.texts.language

    @cached_property
    def verdicts(self) -> dict[str, str]:
        """Words of every verdict against the norm, by code."""
        return {code: self.texts.say(f"verdict.{code}") for code in VERDICTS}

    def answered(self, department: str) -> str:
        """Return how many customers rated a department, exactly or as a band."""
        total = department == ORGANISATION
        counts = self.organisation.responses.counts(wave=self.wave, department=None if total else department)
        rated = counts[counts["variable"] == RATINGS]
        return shown_n(int(rated["n"].sum()), self.study.policy, total=total)

    def fingerprint(self, department: str) -> str:
        """Return the fingerprint of the answers about a department, or all; that of others changes without it."""
        one = None if department == ORGANISATION else department
        return self.organisation.responses.fingerprint_of(wave=self.wave, department=one)

    def invited(self, department: str) -> int | None:
        """Return how many were asked to rate a department; None also where that would narrow the band of n."""
        invited = self.study.department(department).invited
        top = int(self.answered(department).split("–")[-1])
        return None if invited is None or invited < top else invited

    @cached_property
    def comparisons(self) -> Comparisons:
        """The departments beside the norm."""
        return Comparisons(study=self.study, organisation=self.organisation, ledger=self.ledger)

    @property
    def norm(self) -> Norm | None:
        """The norm of the study, or None."""
        return self.comparisons.norm

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
        if not self.norm_is_internal:
            return self.texts.say("benchmark.none")
        if len(self.ledger.shown(RATINGS)) < FEWEST_IN_NORM:
            return self.texts.say("benchmark.too_few_departments", needed=FEWEST_IN_NORM)
        return self.texts.say("benchmark.unavailable")

    @cached_property
    def overall(self) -> Overall:
        """What is said of all departments together: as it was released with the wave, else from all answers."""
        before = together_before(self.study, wave=self.wave)
        return reopened(before, policy=self.study.policy) if before.basis == self._basis_of_all else self._overall()

    def _overall(self) -> Overall:
        organisation = self.organisation
        try:
            about = Overall(shrunken=self._shrunken())
            blocks = self.released(organisation.block_importance, ORGANISATION)
        except NotEnoughDataError:
            return replace(about, absent="unreliable" if organisation.too_unreliable else "none")
        except RunError:
            # Another department's answers are damaged: that must not stop this one.
            return Overall(absent="unavailable")
        left_out = organisation.left_out
        gate = self.released(organisation.gate, ORGANISATION) if left_out else None
        return replace(about, blocks=blocks, gate=gate, left_out=left_out)

    @property
    def quoted(self) -> Overall:
        """What a report says of all departments together: it is then made again when that changes."""
        sys.audit(QUOTED)
        return self.overall

    @property
    def together(self) -> Together:
        """What is said of all departments together, to be written down; what damaged answers leave is not kept."""
        basis = "" if self.overall.absent == "unavailable" else self._basis_of_all
        return kept(self.overall, answers=self.organisation.responses.fingerprint, basis=basis)

    @property
    def _basis_of_all(self) -> str:
        """Fingerprint of everything that is said of all departments together."""
        hidden = sorted(self.ledger.hidden)
        settings = self.study.model_dump_json(include={"seed", "policy"})
        parts = (self.organisation.responses.fingerprint, settings, str(hidden), str(self.organisation.n_boot))
        return sha256("\0".join(parts).encode()).hexdigest()

    @property
    def no_blocks(self) -> str:
        """Why there are no blocks of the organisation as a whole."""
        if self.quoted.absent == "unreliable":
            return unreliable_sentence(self.texts)
        return self.texts.say("why.unavailable" if self.quoted.absent == "unavailable" else "why.none")

    @property
    def organisation_left_out(self) -> str:
        """Which scales the reliability gate keeps out of the drivers of the organisation as a whole, and why."""
        gate = self.quoted.gate
        return "" if gate is None else left_out_sentence(gate, self.quoted.left_out, self.labels, self.texts)

    @property
    def norm_is_internal(self) -> bool:
        """Whether the norm is the mean of this study's own departments."""
        return self.comparisons.internal

    @property
    def norm_name(self) -> str:
        """What a sentence calls the norm."""
        if self.norm_is_internal:
            return self.texts.say("summary.norm_name_departments")
        fictional = self.norm is not None and self.norm.fictional
        return self.texts.say("summary.norm_name_fictional" if fictional else "summary.norm_name")

    def comparison(self, department: str) -> Comparison | None:
        """Return the difference from the norm of one department, or None without a norm."""
        return self.comparisons.of(self.of(department))

    @cached_property
    def within_raters(self) -> Leniency | None:
        """The outcome per department among the same raters; None where too few rated several, or weights differ."""
        from icstats.raters import leniency  # noqa: PLC0415  only the overview shows it

        shown, organisation = self.comparisons.measured_and_shown, self.organisation
        if organisation.weights is not None:
            return None
        try:
            marks = leniency(
                shown[[organisation.outcome]],
                departments=organisation.ratings["department"],
                respondents=organisation.people,
            )
            return self._with_scales(marks)
        except NotEnoughDataError:
            return None

    @cached_property
    def agreement(self) -> Agreement:
        """How far the raters of a department agree on the outcome and the blocks, and how many raters that takes.

        Of the departments that may be shown: how much all differ would narrow the mean of a hidden one.

        Raises
        ------
        NotEnoughDataError
            Fewer than two departments, or no two ratings that differ.
        """
        from icstats.aggregation import icc  # noqa: PLC0415  only the overview shows it

        shown, organisation = self.comparisons.measured_and_shown, self.organisation
        codes = [organisation.outcome, *(code for code in organisation.blocks if code in organisation.scores.columns)]
        departments = organisation.ratings["department"]
        return joined([icc(shown[code], departments, name=code, clusters=organisation.people) for code in codes])

    def _shrunken(self) -> Released | None:
        """Return the outcome and blocks per department, small ones drawn to the mean."""
        from icstats.shrinkage import shrink  # noqa: PLC0415  once per wave

        if self.organisation.weights is not None:
            return None
        try:
            means = shrink(
                self.comparisons.measured_and_shown[[self.organisation.outcome, *self.organisation.blocks]],
                departments=self.organisation.ratings["department"],
                clusters=self.organisation.people,
            )
        except NotEnoughDataError:
            return None
        return self.released(self._with_scales(means), ORGANISATION)

    def _with_scales(self, result: R) -> R:
        """Return a result with the ends of the response scales, without which the door hides means of few answers."""
        questionnaire, codes = self.study.questionnaire, list(result.data["variable"].unique())
        scales = {code: questionnaire.response_scale(questionnaire.answered_items(code)[0].code) for code in codes}
        ends = {
            "minimum": result.data["variable"].map({code: float(scale.minimum) for code, scale in scales.items()}),
            "maximum": result.data["variable"].map({code: float(scale.maximum) for code, scale in scales.items()}),
        }
        return replace(result, data=result.data.assign(**ends))


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


def admit_release(study: Study, responses: Responses) -> None:
    """Write down that a wave is released, before anything of it is; see :func:`icstats.register.admit`.

    Written down with it is what stands among all differences from the norm, and what is said of all departments
    together, so that no notebook about a department has to read the answers about others.

    Raises
    ------
    RunError
        If an earlier release, subtracted from this one, would give a few ratings away.
    """
    organisation = Analysis(study=study, responses=responses, wave=study.wave)
    edition = Edition(study=study, texts=Texts(study.language), organisation=organisation)
    admit(
        study,
        responses.fingerprints(wave=study.wave),
        ledger=edition.ledger,
        change=edition.ledger_of_change,
        basis=edition.basis,
    )
    released = replace(edition)
    comparisons = released.comparisons
    write_together(study, released.together, wave=study.wave)
    if study.norms is not None and not comparisons.internal:
        write_differing(study, comparisons.differing, wave=study.wave)


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
