"""A simulated organisation: who works there, and who uses and rates which staff department."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from icstats.errors import ParameterError
from icstats.seeds import derive_seed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from icstats.worlds import Truth

    Floats = NDArray[np.float64]

__all__ = ["Attribute", "PlantedDepartment", "Workforce", "choose_raters", "hire"]


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """One thing that is known of every employee.

    Attributes
    ----------
    name
        Column in the survey file.
    shares
        Value -> share of the employees.
    mildness
        Value -> how much milder these people are, in standard deviations of mildness; 0 where not given.
    of_staff
        Value of all who work in a staff department; empty where they are as everyone.
    """

    name: str
    shares: Mapping[str, float]
    mildness: Mapping[str, float] = field(default_factory=dict)
    of_staff: str = ""


@dataclass(frozen=True, kw_only=True)
class Workforce:
    """The employees, all of them possible customers of every department but their own.

    Attributes
    ----------
    employees
        How many there are, people of the staff departments included.
    answering
        Share that answers in a wave.
    loyalty
        From 0 to 1: how far it is the same people who answer in every wave, and the same departments that they use.
    attributes
        What is known of them.
    dutch
        Share that comments in Dutch; the others do so in English.
    """

    employees: int
    answering: float = 0.85
    loyalty: float = 0.8
    attributes: tuple[Attribute, ...] = ()
    dutch: float = 0.6


@dataclass(frozen=True, kw_only=True)
class PlantedDepartment:
    """One staff department and the truth about it.

    Attributes
    ----------
    slug
        Its name in the survey file.
    truth
        How its customers answer in the last wave.
    raters
        Wave -> number of customers that rate it.
    change
        Wave -> how much higher the levels were than in the last wave, in scale points; 0 where not given.
    team
        Number of people who work there.
    mirrors
        How many of them fill in the mirror, in every wave.
    self_image
        How much higher than the truth they think that their customers answer, in scale points.
    """

    slug: str
    truth: Truth
    raters: Mapping[str, int]
    change: Mapping[str, float] = field(default_factory=dict)
    team: int = 0
    mirrors: int = 0
    self_image: float = 0.3


def hire(departments: Sequence[PlantedDepartment], workforce: Workforce, *, seed: int) -> pd.DataFrame:
    """Return everyone who works there.

    Parameters
    ----------
    departments
        Their teams are part of the workforce.
    workforce
        How many people, and what is known of them.
    seed
        Seed of the study.

    Returns
    -------
    pd.DataFrame
        One row per employee: ``respondent`` (number as a customer, without meaning), ``colleague`` (number under which
        the mirror is filled in), ``home`` (slug of the own department or empty), ``language``, ``mildness`` (mean 0,
        standard deviation 1), and one column per attribute.
    """
    n = workforce.employees
    teams = [department.slug for department in departments for _ in range(department.team)]
    if len(teams) > n:
        raise ParameterError(
            f"The staff departments have {len(teams)} people together; there are {n} employees.", code="ICS-375"
        )
    rng = np.random.default_rng(derive_seed(seed, "people"))
    numbers = 1000 + rng.permutation(4 * n)[: 2 * n]
    people = pd.DataFrame(
        {
            "respondent": numbers[:n],
            "colleague": numbers[n:],
            "home": teams + [""] * (n - len(teams)),
            "language": np.where(rng.random(n) < workforce.dutch, "nl", "en"),
        }
    )
    mildness = rng.standard_normal(n)
    for attribute in workforce.attributes:
        values = rng.choice(list(attribute.shares), size=n, p=list(attribute.shares.values()))
        if attribute.of_staff:
            values = np.where(people["home"] == "", values, attribute.of_staff)
        people[attribute.name] = values
        mildness += [attribute.mildness.get(str(value), 0.0) for value in values]
    people["mildness"] = (mildness - mildness.mean()) / mildness.std()
    return people


def choose_raters(
    people: pd.DataFrame,
    departments: Sequence[PlantedDepartment],
    workforce: Workforce,
    *,
    wave: str,
    seed: int,
) -> dict[str, pd.DataFrame]:
    """Return who rates which department in a wave.

    Parameters
    ----------
    people
        From :func:`hire`.
    departments, workforce
        As given to :func:`hire`.
    wave
        One of the waves in ``raters``.
    seed
        Seed of the study.

    Returns
    -------
    dict
        Slug -> rows of ``people``; nobody rates the own department.

    Raises
    ------
    ParameterError
        Fewer people answer than should rate a department.
    """
    inclined = _mixed(len(people), workforce.loyalty, seed, "answering", wave)
    present = np.argsort(-inclined)[: round(workforce.answering * len(people))]
    raters = {}
    for department in departments:
        use = _mixed(len(people), workforce.loyalty, seed, "use", department.slug, wave)
        able = present[people["home"].to_numpy()[present] != department.slug]
        wanted = department.raters[wave]
        if wanted > len(able):
            raise ParameterError(
                f"{wanted} people should rate {department.slug} in wave {wave}; {len(able)} can.",
                code="ICS-375",
                hint="Lower the number of raters, or let more employees answer.",
            )
        raters[department.slug] = people.iloc[np.sort(able[np.argsort(-use[able])][:wanted])]
    return raters


def _mixed(n: int, loyalty: float, seed: int, *names: str) -> Floats:
    """Return an inclination per person that is partly the same in every wave; the last name is the wave."""
    lasting = np.random.default_rng(derive_seed(seed, *names[:-1])).standard_normal(n)
    passing = np.random.default_rng(derive_seed(seed, *names)).standard_normal(n)
    mixed: Floats = np.sqrt(loyalty) * lasting + np.sqrt(1 - loyalty) * passing
    return mixed
