"""One department's statistics, each computed once and only when a section asks for it.

The numbers are raw: whoever shows one passes it through :func:`icstats.disclosure.release`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import pandas as pd

from icstats.errors import NotEnoughDataError
from icstats.questionnaire import DRIVER_BLOCKS, Expects, in_order
from icstats.results import ORGANISATION, R, joined
from icstats.scales import driver_items, keyed, mirrored, scale_scores, score_items, two_way_imputed
from icstats.seeds import derive_seed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from icstats.asymmetry import PenaltyReward
    from icstats.benchmark import Comparison
    from icstats.describe import Summary
    from icstats.drivers import Regression
    from icstats.gaps import ExpectationGap, MirrorGap
    from icstats.gate import Gate
    from icstats.importance import Importance
    from icstats.norms import Norm
    from icstats.priorities import QuickWins
    from icstats.questionnaire import Questionnaire
    from icstats.reliability import ItemStatistics, Reliability
    from icstats.responses import Responses
    from icstats.study import Study
    from icstats.trends import WaveChange

__all__ = ["SERVICE", "Analysis"]

M = TypeVar("M", "Importance", "PenaltyReward", "Regression")

FEWEST_BLOCKS = 2
"""Reliable blocks that a driver analysis takes, where the gate left any out: one alone has all of the share."""

SERVICE = "service"
"""Name of the scale of all product, process and orientation items together."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Analysis:
    """Everything that is computed for one department, or for the organisation.

    Attributes
    ----------
    study, responses, wave
        Where the ratings come from.
    department
        Slug, or :data:`icstats.results.ORGANISATION` for all ratings together.
    n_boot
        Bootstrap replicates of the driver analysis.
    """

    study: Study
    responses: Responses
    wave: str
    department: str = ORGANISATION
    n_boot: int = 1000

    def __repr__(self) -> str:
        return f"<Analysis of {self.department}, wave {self.wave}: not released>"

    def of(self, department: str) -> Analysis:
        """Return the same analysis for another department."""
        return replace(self, department=department)

    @property
    def questionnaire(self) -> Questionnaire:
        """The questionnaire of the study."""
        return self.study.questionnaire

    @cached_property
    def ratings(self) -> pd.DataFrame:
        """One row per rating by a customer; of one department without reading the others."""
        department = None if self.department == ORGANISATION else self.department
        return self.responses.ratings(wave=self.wave, department=department)

    @cached_property
    def items(self) -> pd.DataFrame:
        """Answers with reverse items turned round."""
        return keyed(self.ratings, self.questionnaire)

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Scale and block scores."""
        return scale_scores(self.items, self.questionnaire)

    @property
    def people(self) -> pd.Series[int]:
        """Who gave each rating: ratings by one person are not independent."""
        return self.ratings["respondent"]

    @cached_property
    def weights(self) -> pd.Series[float] | None:
        """Weight of each rating, from the survey file; None where all count the same."""
        weights = self.ratings["weight"]
        return weights if weights.max() > weights.min() else None

    def _weights_of(self, rows: pd.Index[int]) -> pd.Series[float] | None:
        return None if self.weights is None else self.weights[rows]

    @cached_property
    def blocks(self) -> dict[str, list[str]]:
        """Items per driver block that this department was asked."""
        asked = None if self.department == ORGANISATION else self.department
        return {str(block): list(items) for block, items in driver_items(self.questionnaire, asked).items()}

    @cached_property
    def driver_codes(self) -> list[str]:
        """All driver items, in questionnaire order within blocks."""
        return [code for items in self.blocks.values() for code in items]

    @cached_property
    def left_out(self) -> tuple[str, ...]:
        """Scales of driver items that failed the reliability gate: no driver analysis rests on them."""
        scales = {self.questionnaire.item(code).scale for code in self.driver_codes}
        return tuple(scale for scale in self.gate.failed if scale in scales)

    @cached_property
    def reliable_blocks(self) -> dict[str, list[str]]:
        """Items per driver block without those of the scales in :attr:`left_out`: what the driver analyses rest on."""
        kept = {
            block: [code for code in codes if self.questionnaire.item(code).scale not in self.left_out]
            for block, codes in self.blocks.items()
        }
        return {block: codes for block, codes in kept.items() if codes}

    @property
    def too_unreliable(self) -> bool:
        """Whether the reliability gate leaves too few blocks for any driver analysis."""
        return bool(self.left_out) and len(self.reliable_blocks) < FEWEST_BLOCKS

    @cached_property
    def reliable_codes(self) -> list[str]:
        """The items of :attr:`reliable_blocks`."""
        return [code for items in self.reliable_blocks.values() for code in items]

    @property
    def outcome(self) -> str:
        """Code of the item that the drivers explain."""
        return self.questionnaire.outcome

    @cached_property
    def measured(self) -> pd.DataFrame:
        """The outcome, the blocks and the driver items side by side: what is described and compared."""
        blocks = [code for code in DRIVER_BLOCKS if code in self.scores.columns]
        return pd.concat([self.items[[self.outcome]], self.scores[blocks], self.items[self.driver_codes]], axis=1)

    @cached_property
    def summary(self) -> Summary:
        """Means and satisfied shares of the outcome, the blocks and the driver items."""
        from icstats.describe import summarise  # noqa: PLC0415  each notebook pays only for the rooms it uses

        scales = {code: self.questionnaire.response_scale(code) for code in [self.outcome, *self.driver_codes]}
        for block, codes in self.blocks.items():
            scales[block] = scales[codes[0]]
        composites = [block for block, codes in self.blocks.items() if len(codes) > 1]
        return summarise(
            self.measured,
            response_scales=scales,
            composites=composites,
            clusters=self.people,
            weights=self.weights,
        )

    @cached_property
    def expected(self) -> dict[str, str | None]:
        """Codes of the questions about expectations: ``minimum``, ``desired`` and ``compared``, None if not asked."""
        return {kind: self.questionnaire.expectation(kind, self.department) for kind in get_args(Expects)}

    @cached_property
    def expectation(self) -> ExpectationGap | None:
        """What customers got beside what they expected; None where they were not asked."""
        from icstats.gaps import expectation_gap  # noqa: PLC0415

        asked = [code for code in (self.outcome, *self.expected.values()) if code]
        if asked == [self.outcome]:
            return None
        return self._unweighted(
            [
                expectation_gap(
                    self.items,
                    perceived=self.outcome,
                    response_scales={code: self.questionnaire.response_scale(code) for code in asked},
                    clusters=self.people,
                    minimum=self.expected["minimum"],
                    desired=self.expected["desired"],
                    compared=self.expected["compared"],
                )
            ]
        )

    @cached_property
    def mutual(self) -> Summary | None:
        """Means of the questions about mutual understanding; None where they were not asked."""
        from icstats.describe import summarise  # noqa: PLC0415

        codes = [item.code for item in self.questionnaire.items_of(block="mutual", department=self.department)]
        scales = {code: self.questionnaire.response_scale(code) for code in codes}
        if not codes:
            return None
        return summarise(self.items[codes], response_scales=scales, clusters=self.people, weights=self.weights)

    @property
    def mirrors(self) -> dict[str, str]:
        """Question -> the question in which the department's own people say what customers will answer to it."""
        return {
            str(item.about): item.code
            for item in self.questionnaire.items_of(block="mirror", department=self.department)
            if item.about in self.driver_codes
        }

    @cached_property
    def mirror(self) -> MirrorGap | None:
        """What the department's own people thought that customers would answer; None where nobody answered."""
        from icstats.gaps import mirror_gap  # noqa: PLC0415

        mirrors = self.mirrors
        staff = self.responses.ratings(wave=self.wave, department=self.department, role="staff")
        if not mirrors or staff.empty:
            return None
        return self._unweighted(
            [
                mirror_gap(
                    self.items,
                    mirrored(staff, self.questionnaire),
                    mirrors=mirrors,
                    response_scales={code: self.questionnaire.response_scale(code) for code in mirrors},
                    clusters=self.people,
                )
            ]
        )

    def _scales(self) -> Mapping[str, list[str]]:
        """Return the common items of every scale, the whole of the service last."""
        codes = [scale.code for scale in self.questionnaire.scales]
        scales = {code: list(items) for code, items in score_items(self.questionnaire).items() if code in codes}
        return {**scales, SERVICE: self.driver_codes}

    @cached_property
    def reliability(self) -> Reliability:
        """Reliability of every scale, and of all driver items together (``service``).

        It takes no weights; where there are any, ``settings.warnings`` has ``unweighted``.
        """
        from icstats.reliability import reliability  # noqa: PLC0415

        return self._unweighted(
            [reliability(self.items[codes], name=name, clusters=self.people) for name, codes in self._scales().items()]
        )

    @cached_property
    def gate(self) -> Gate:
        """Which scales are reliable enough to be relied on."""
        from icstats.gate import reliable  # noqa: PLC0415

        return reliable(self.reliability)

    @cached_property
    def item_statistics(self) -> ItemStatistics:
        """How each item behaves within its scale.

        Raises
        ------
        NotEnoughDataError
            When no scale has two items: an item alone has no others to go along with.
        """
        from icstats.reliability import item_statistics  # noqa: PLC0415

        scales = {name: codes for name, codes in self._scales().items() if name != SERVICE and len(codes) > 1}
        if not scales:
            raise NotEnoughDataError("No scale has two items or more.", code="ICS-522")
        return self._unweighted(
            [
                item_statistics(
                    self.items[codes],
                    name=name,
                    clusters=self.people,
                    response_scales={code: self.questionnaire.response_scale(code) for code in codes},
                )
                for name, codes in scales.items()
            ]
        )

    def _unweighted(self, results: Sequence[R]) -> R:
        """Return results of a statistic that takes no weights as one, which says so where there are any."""
        result = joined(results)
        if self.weights is None:
            return result
        return replace(result, settings=replace(result.settings, warnings=(*result.settings.warnings, "unweighted")))

    @cached_property
    def ladder(self) -> str:
        """Step of the small-sample ladder: ``none``, ``blocks`` or ``all``."""
        from icstats.drivers import ladder  # noqa: PLC0415

        return ladder(len(self._usable))

    @cached_property
    def _usable(self) -> pd.DataFrame:
        """The outcome and reliable driver items of the ratings with an outcome and half of every block; holes filled.

        See :func:`two_way_imputed`.
        """
        filled = [two_way_imputed(self.items[codes]) for codes in self.reliable_blocks.values()]
        return pd.concat([self.items[[self.outcome]], *filled], axis=1).dropna()

    @cached_property
    def block_importance(self) -> Importance:
        """How much product, process and orientation each add to explaining satisfaction.

        From 100 usable ratings on every block is its set of items; from 30 to 99 it is one number, the mean of its
        items: seventeen predictors would be too many.

        Raises
        ------
        NotEnoughDataError
            Below 30 usable ratings: a department that small has no drivers of its own. Or fewer than two blocks that
            the reliability gate leaves in.
        """
        from icstats.drivers import BLOCKS_FROM  # noqa: PLC0415
        from icstats.importance import block_importance  # noqa: PLC0415

        if self.ladder == "none":
            raise NotEnoughDataError(f"Fewer than {BLOCKS_FROM} usable ratings: no drivers.", code="ICS-520")
        self._require_reliable()
        data, blocks = self._usable, dict(self.reliable_blocks)
        if self.ladder == "blocks":
            data = pd.concat(
                [data[[self.outcome]], *(data[codes].mean(axis=1).rename(block) for block, codes in blocks.items())],
                axis=1,
            )
            blocks = {block: [block] for block in blocks}
        return self._from_ratings(
            block_importance(
                data,
                outcome=self.outcome,
                blocks=blocks,
                clusters=self.people[data.index],
                weights=self._weights_of(data.index),
                n_boot=self.n_boot,
                seed=derive_seed(self.study.seed, self.department, self.wave, "block_importance"),
            )
        )

    @cached_property
    def driver_importance(self) -> Importance:
        """How much each item adds to explaining satisfaction (LMG), with interval.

        Raises
        ------
        NotEnoughDataError
            Below 100 usable ratings, or fewer than two reliable blocks.
        """
        from icstats.importance import bootstrap_importance  # noqa: PLC0415

        self._require_all()
        return self._from_ratings(
            bootstrap_importance(
                self._usable,
                outcome=self.outcome,
                drivers=self.reliable_codes,
                clusters=self.people[self._usable.index],
                weights=self._weights_of(self._usable.index),
                n_boot=self.n_boot,
                # The same samples of people as for the blocks: what both analyses say about the model is then the same.
                seed=derive_seed(self.study.seed, self.department, self.wave, "block_importance"),
            )
        )

    @cached_property
    def regression(self) -> Regression:
        """The linear model behind the driver analysis, with errors that allow for several ratings per person.

        Raises
        ------
        NotEnoughDataError
            Below 100 usable ratings, or fewer than two reliable blocks.
        """
        from icstats.drivers import regression  # noqa: PLC0415

        return self._of_all_drivers(regression)

    @cached_property
    def importance_measures(self) -> Importance:
        """The importance of each item by every measure, to see whether a conclusion hangs on the measure.

        Raises
        ------
        NotEnoughDataError
            Below 100 usable ratings, or fewer than two reliable blocks.
        """
        from icstats.measures import importance_measures  # noqa: PLC0415

        return self._of_all_drivers(importance_measures)

    @cached_property
    def halo_check(self) -> Importance:
        """The importance of each item with and without the ratings that give every item the same answer.

        Raises
        ------
        NotEnoughDataError
            Below 100 usable ratings, or fewer than two reliable blocks.
        """
        from icstats.halo import halo_check  # noqa: PLC0415

        return self._of_all_drivers(halo_check)

    @cached_property
    def penalty_reward(self) -> PenaltyReward:
        """What an unfavourable answer to each item costs and what the most favourable one earns.

        Raises
        ------
        NotEnoughDataError
            Below 100 usable ratings, or fewer than two reliable blocks.
        """
        from icstats.asymmetry import penalty_reward  # noqa: PLC0415

        scales = {code: self.questionnaire.response_scale(code) for code in self.reliable_codes}
        return self._of_all_drivers(
            penalty_reward,
            low_max={code: scale.dissatisfied for code, scale in scales.items()},
            high_min={code: scale.maximum for code, scale in scales.items()},
        )

    def _of_all_drivers(self, statistic: Callable[..., M], **settings: Any) -> M:  # noqa: ANN401  its own settings
        self._require_all()
        return self._from_ratings(
            statistic(
                self._usable,
                outcome=self.outcome,
                drivers=self.reliable_codes,
                clusters=self.people[self._usable.index],
                weights=self._weights_of(self._usable.index),
                **settings,
            )
        )

    @property
    def ease(self) -> dict[str, float] | None:
        """How easy the department finds each question to change, as a part of the easiest; None if it did not say."""
        agreements = self.study.agreements
        return None if agreements is None else agreements.ease_of(self.department)

    @cached_property
    def quick_wins(self) -> QuickWins:
        """What first: the questions with the most to gain.

        Raises
        ------
        NotEnoughDataError
            Below 100 usable ratings, or fewer than two reliable blocks.
        """
        from icstats.priorities import quick_wins  # noqa: PLC0415

        self._require_all()
        return self._unweighted(
            [
                quick_wins(
                    self._usable,
                    outcome=self.outcome,
                    blocks=self.reliable_blocks,
                    response_scales={code: self.questionnaire.response_scale(code) for code in self.reliable_codes},
                    clusters=self.people[self._usable.index],
                    ease=self.ease,
                    n_boot=self.n_boot,
                    seed=derive_seed(self.study.seed, self.department, self.wave, "quick_wins"),
                )
            ]
        )

    def _from_ratings(self, model: M) -> M:
        """Return a model whose settings tell that it was given filled answers, and of how many ratings."""
        settings = replace(model.settings, missing="two_way", n_total=len(self.ratings))
        return replace(model, settings=settings)

    def _require_all(self) -> None:
        from icstats.drivers import DRIVERS_FROM  # noqa: PLC0415

        if self.ladder != "all":
            raise NotEnoughDataError(f"Fewer than {DRIVERS_FROM} usable ratings: blocks only.", code="ICS-521")
        self._require_reliable()

    def _require_reliable(self) -> None:
        if self.too_unreliable:
            raise NotEnoughDataError(
                f"Too few reliable scales for drivers: {', '.join(self.left_out)} failed the reliability gate.",
                code="ICS-523",
            )

    @property
    def earlier_wave(self) -> str | None:
        """The wave before this one; None for the first."""
        before = [wave for wave in self.responses.waves if in_order(wave) < in_order(self.wave)]
        return max(before, key=in_order, default=None)

    def change(self, norm_change: Mapping[str, float] | None = None) -> WaveChange | None:
        """Return what changed since the wave before; None where there is no earlier wave or it has no rating.

        Parameters
        ----------
        norm_change
            By how many points the norm changed meanwhile, by code.
        """
        from icstats.trends import wave_change  # noqa: PLC0415

        if self.earlier_wave is None:
            return None
        earlier = replace(self, wave=self.earlier_wave)
        if earlier.ratings.empty or self.ratings.empty:
            return None
        scales = {code: self.questionnaire.response_scale(code) for code in [self.outcome, *self.driver_codes]}
        scales |= {block: scales[codes[0]] for block, codes in self.blocks.items()}
        return self._unweighted(
            [
                wave_change(
                    self.measured,
                    earlier.measured,
                    response_scales=scales,
                    clusters=self.people,
                    earlier_clusters=earlier.people,
                    breaks=self._reworded(self.earlier_wave),
                    norm_change=norm_change,
                )
            ]
        )

    def _reworded(self, earlier: str) -> list[str]:
        """Return the items with another wording in the earlier wave, and the scores that such an item is part of."""
        items = {
            item.code
            for item in self.questionnaire.items
            if item.since is not None and in_order(item.since) > in_order(earlier)
        }
        scores = [code for code, parts in score_items(self.questionnaire).items() if items & set(parts)]
        return [*items, *scores]

    def comparison(self, norm: Norm) -> Comparison:
        """Return the difference from the norm of everything that the norm knows and this department was asked."""
        from icstats.benchmark import compare_with_norm  # noqa: PLC0415

        known = [code for code in self.measured.columns if code in norm.values.index]
        return compare_with_norm(
            self.measured[known], norm, margin=self.study.margin, clusters=self.people, weights=self.weights
        )
