"""Surveys with a planted truth: ratings of one department, or the survey of a whole organisation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from icstats.draws import draw_items, draw_mirror, draw_picks
from icstats.organisation import choose_raters, hire
from icstats.phrases import write_comment
from icstats.seeds import derive_seed
from icstats.worlds import Truth, build_world

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from icstats.organisation import PlantedDepartment, Workforce
    from icstats.phrases import Tone
    from icstats.questionnaire import Block, Item, Questionnaire
    from icstats.worlds import World

__all__ = ["Cells", "SimulatedStudy", "long_form", "simulate_ratings", "simulate_study", "wide_form"]

HEADER_ROWS = 1


def simulate_ratings(
    n: int,
    *,
    questionnaire: Questionnaire,
    block_shares: Mapping[Block, float],
    block_correlation: float = 0.6,
    r_squared: float = 0.6,
    reliability: float | Mapping[Block, float] = 0.85,
    levels: Mapping[str, float] | None = None,
    emphasis: Mapping[str, float] | None = None,
    missing: float = 0.0,
    ceiling: float = 0.0,
    halo: float = 0.0,
    straight_liners: float = 0.0,
    department: str = "",
    wave: str = "1",
    seed: int,
) -> pd.DataFrame:
    """Draw ratings of one department from a world with a planted truth, every rating by another person.

    Parameters
    ----------
    n
        Number of ratings.
    questionnaire
        Which items there are; its outcome is what the blocks explain.
    block_shares
        Block -> its Shapley share of the explained variance, together 1.
    block_correlation, r_squared, reliability, levels, emphasis, missing, ceiling, halo, straight_liners
        See :class:`icstats.worlds.Truth`.
    department, wave
        Written in the columns of that name; items of other departments are not asked.
    seed
        The same seed gives the same ratings.

    Returns
    -------
    pd.DataFrame
        One row per rating: ``respondent, department, wave, role, weight``, every closed item (float, missing is NaN,
        reverse items not yet turned round), every open item (str), ``file_row``.

    Raises
    ------
    ParameterError
        No world has these properties.

    Notes
    -----
    To draw often from one world, build it once: :func:`icstats.worlds.build_world`, then
    :func:`icstats.draws.draw_items`.
    """
    truth = Truth(
        block_shares=block_shares,
        block_correlation=block_correlation,
        r_squared=r_squared,
        reliability=reliability,
        levels=levels or {},
        emphasis=emphasis or {},
        ceiling=ceiling,
        halo=halo,
        missing=missing,
        straight_liners=straight_liners,
    )
    world = build_world(truth, questionnaire, department=department)
    answers = draw_items(world, n, questionnaire=questionnaire, rng=np.random.default_rng(seed))
    closed = {item.code: answers.get(item.code, np.nan) for item in questionnaire.items if item.responses is not None}
    open_items = {item.code: "" for item in questionnaire.items if item.responses is None}
    return pd.DataFrame(
        {
            "respondent": np.arange(1, n + 1),
            "department": department,
            "wave": wave,
            "role": "customer",
            "weight": 1.0,
            **closed,
            **open_items,
            "file_row": np.arange(HEADER_ROWS + 1, HEADER_ROWS + 1 + n),
        }
    )


@dataclass(frozen=True, kw_only=True)
class Cells:
    """What stands in the cells of the survey file where there is no answer, and how often.

    Attributes
    ----------
    not_applicable, dont_know
        The texts. A question that was skipped is an empty cell; how often is planted per department.
    not_applicable_rate, dont_know_rate
        Item code -> share of the answers to this item.
    unpicked
        Share of customers that skips picking the most important points.
    comments
        Share of customers that answers an open question.
    """

    not_applicable: str = "n.v.t."
    dont_know: str = "weet niet"
    not_applicable_rate: Mapping[str, float] = field(default_factory=dict)
    dont_know_rate: Mapping[str, float] = field(default_factory=dict)
    unpicked: float = 0.1
    comments: float = 0.12


@dataclass(frozen=True, kw_only=True, repr=False)
class SimulatedStudy:
    """A survey file, and the truth behind it.

    Attributes
    ----------
    frame
        The file as text, stacked: ``respondent, wave, department, role``, the attributes, one column per item.
    worlds
        (wave, department) -> the world that its ratings come from.
    attributes
        Names of the attribute columns.
    """

    frame: pd.DataFrame
    worlds: Mapping[tuple[str, str], World]
    attributes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<SimulatedStudy: {len(self.frame)} ratings>"


def simulate_study(
    departments: Sequence[PlantedDepartment],
    *,
    questionnaire: Questionnaire,
    workforce: Workforce,
    cells: Cells,
    seed: int,
) -> SimulatedStudy:
    """Draw the survey of a whole organisation: who rates what, and how, in every wave.

    Parameters
    ----------
    departments
        With the truth about each, and the number of raters per wave.
    questionnaire
        Every item of it is answered: by customers, or (block ``mirror``) by the department's own staff.
    workforce
        Who can answer.
    cells
        What stands in the cells without an answer, and how often.
    seed
        The same seed gives the same survey, byte for byte. Each department and wave has its own random numbers.

    Returns
    -------
    SimulatedStudy
        Ratings in order of wave, role, respondent and department. Staff fill in the mirror under another number than
        the one under which they rate other departments.

    Raises
    ------
    ParameterError
        Fewer people answer than should rate a department, or a planted world does not exist.
    """
    people = hire(departments, workforce, seed=seed)
    attributes = tuple(attribute.name for attribute in workforce.attributes)
    parts: list[pd.DataFrame] = []
    worlds: dict[tuple[str, str], World] = {}
    for wave in dict.fromkeys(wave for department in departments for wave in department.raters):
        raters = choose_raters(people, departments, workforce, wave=wave, seed=seed)
        for department in departments:
            world = _world(department, wave, questionnaire)
            rng = np.random.default_rng(derive_seed(seed, "answers", department.slug, wave))
            customers = raters[department.slug]
            answers = _customers_answers(world, customers, questionnaire, cells, rng)
            parts.append(_as_rows(customers, customers["respondent"], attributes, answers, role="customer"))
            staff = people[people["home"] == department.slug].head(department.mirrors)
            mirror = _staffs_answers(world, len(staff), questionnaire, department, rng)
            parts.append(_as_rows(staff, staff["colleague"], attributes, mirror, role="staff"))
            parts[-2:] = [part.assign(wave=wave, department=department.slug) for part in parts[-2:]]
            worlds[wave, department.slug] = world
    columns = ["respondent", "wave", "department", "role", *attributes, *(item.code for item in questionnaire.items)]
    frame = pd.concat(parts).sort_values(["wave", "role", "respondent", "department"], ignore_index=True)
    frame = frame.reindex(columns=columns).astype(object).fillna("").astype(str)
    return SimulatedStudy(frame=frame, worlds=worlds, attributes=attributes)


def wide_form(study: SimulatedStudy, *, joint: str = "__") -> pd.DataFrame:
    """Return the same survey with one row per respondent, wave and role, and a column per department and item.

    Parameters
    ----------
    study
        From :func:`simulate_study`.
    joint
        Text between department and item in a column's name.
    """
    keys = _keys(study)
    long = long_form(study)
    long["column"] = long["department"] + joint + long["item"]
    columns = [
        f"{department}{joint}{item}"
        for department in dict.fromkeys(department for _, department in study.worlds)
        for item in _items(study)
    ]
    wide = long.pivot_table(index=keys, columns="column", values="answer", aggfunc="first")
    answered = [column for column in columns if column in wide.columns]
    return wide[answered].fillna("").reset_index().rename_axis(columns=None)


def long_form(study: SimulatedStudy) -> pd.DataFrame:
    """Return the same survey with one row per answer; questions without an answer have no row.

    Parameters
    ----------
    study
        From :func:`simulate_study`.
    """
    keys = [*_keys(study), "department"]
    long = study.frame.melt(id_vars=keys, value_vars=_items(study), var_name="item", value_name="answer")
    return long[long["answer"] != ""].reset_index(drop=True)


def _keys(study: SimulatedStudy) -> list[str]:
    """Return the columns that say who answered."""
    return ["respondent", "wave", "role", *study.attributes]


def _items(study: SimulatedStudy) -> list[str]:
    """Return the columns that hold answers."""
    return [column for column in study.frame.columns if column not in {*_keys(study), "department"}]


def _world(department: PlantedDepartment, wave: str, questionnaire: Questionnaire) -> World:
    """Return the department's world in a wave: the same truth at other levels."""
    change = department.change.get(wave, 0.0)
    levels = {code: level + change for code, level in department.truth.levels.items()}
    return build_world(replace(department.truth, levels=levels), questionnaire, department=department.slug)


def _as_rows(
    people: pd.DataFrame, respondent: pd.Series[int], attributes: Sequence[str], answers: pd.DataFrame, *, role: str
) -> pd.DataFrame:
    """Put who answered before the answers."""
    known = people[list(attributes)].reset_index(drop=True)
    known.insert(0, "respondent", respondent.to_numpy())
    return pd.concat([known.assign(role=role), answers], axis=1)


def _customers_answers(
    world: World, customers: pd.DataFrame, questionnaire: Questionnaire, cells: Cells, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the cells of all customers of one department."""
    n = len(customers)
    answers = draw_items(world, n, questionnaire=questionnaire, rng=rng, mildness=customers["mildness"].to_numpy())
    filled = _as_cells(answers)
    for code in filled.columns:
        chance = rng.random(n)
        not_applicable = cells.not_applicable_rate.get(code, 0.0)
        dont_know = not_applicable + cells.dont_know_rate.get(code, 0.0)
        filled.loc[chance < dont_know, code] = cells.dont_know
        filled.loc[chance < not_applicable, code] = cells.not_applicable
    picks = questionnaire.items_of(block="importance", department=world.department)
    picked = _as_cells(draw_picks(world, n, items=picks, rng=rng))
    picked[rng.random(n) < cells.unpicked] = ""
    asked = questionnaire.items_of(block="open", department=world.department)
    comments = _comments(world, customers, answers, items=asked, rate=cells.comments, rng=rng)
    return pd.concat([filled, picked, comments], axis=1)


def _staffs_answers(
    world: World, n: int, questionnaire: Questionnaire, department: PlantedDepartment, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the cells of the department's own staff."""
    items = questionnaire.items_of(block="mirror", department=department.slug)
    return _as_cells(draw_mirror(world, n, items=items, self_image=department.self_image, rng=rng))


def _as_cells(answers: pd.DataFrame) -> pd.DataFrame:
    """Return answers as whole numbers in text, a missing one as an empty cell."""
    return answers.astype("Int64").astype("string").fillna("").astype(object)


def _comments(
    world: World,
    customers: pd.DataFrame,
    answers: pd.DataFrame,
    *,
    items: Sequence[Item],
    rate: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return comments: praise (first open item) of the block this customer rates best, a wish about the worst."""
    blocks = list(world.blocks)
    means = np.column_stack([answers[list(codes)].mean(axis=1).fillna(0.0) for codes in world.blocks.values()])
    written = {}
    for position, item in enumerate(items):
        tone: Tone = "praise" if position == 0 else "wish"
        about = means.argmax(axis=1) if tone == "praise" else means.argmin(axis=1)
        writes = rng.random(len(customers)) < rate
        written[item.code] = [
            write_comment(rng, language=language, tone=tone, block=blocks[block]) if wrote else ""
            for language, block, wrote in zip(customers["language"], about, writes, strict=True)
        ]
    return pd.DataFrame(written, dtype=object)
