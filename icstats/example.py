"""The example study: the survey of a fictional water authority, and a fictional norm to compare it with.

The files under ``params`` and ``data`` are made by :func:`write_example`; to change the example, change this room or
:mod:`icstats.lindendelta`, and write them anew with ``icstats simulate``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from icstats.lindendelta import EXAMPLE_DEPARTMENTS, USUAL_LEVELS, WAVES, WORKFORCE
from icstats.questionnaire import DRIVER_BLOCKS
from icstats.simulate import Cells, simulate_study

if TYPE_CHECKING:
    from pathlib import Path

    from icstats.questionnaire import Questionnaire
    from icstats.simulate import SimulatedStudy

__all__ = ["example_norm", "example_study", "write_example"]

SEED = 8
"""With this seed each large department's answers lie close to what is planted for it."""

CELLS = Cells(
    not_applicable_rate={"PD3": 0.04, "PD4": 0.05, "CO5": 0.02},
    dont_know_rate={"PC4": 0.02, "CO2": 0.02, "CO5": 0.03, "CO6": 0.08, "CO7": 0.03, "MU2": 0.03},
)

NORM_LEVELS = {"product": 3.58, "process": 3.38, "orientation": 3.74}
ITEM_SPREADS = {"product": 0.95, "process": 1.01, "orientation": 0.93}
BLOCK_SPREADS = {"product": 0.73, "process": 0.74, "orientation": 0.72}
BETWEEN = 0.19
"""Standard deviation between organisations of a mean on five points."""
NORM_OTHERS = {
    "SA1": (6.85, 1.42, 0.31),
    "SA2": (3.65, 0.97, 0.2),
    "SA3": (3.41, 1.0, 0.21),
    "satisfaction": (3.53, 0.87, 0.2),
}
"""Mean, standard deviation within and between organisations."""
N_ORGANISATIONS, N_RESPONDENTS = 42, 18640
RISEN = {"product": 0.02, "process": 0.06, "orientation": 0.0}
RISEN |= {"SA1": 0.05, "SA2": 0.03, "SA3": 0.01, "satisfaction": 0.02}
"""By how much the norm of the later wave lies above that of the earlier one."""
QUARTILE = 0.6745
"""The middle half of a normal distribution lies within so many standard deviations from its mean."""


def example_study(questionnaire: Questionnaire) -> SimulatedStudy:
    """Return the survey of the example organisation, two waves.

    Parameters
    ----------
    questionnaire
        The item bank for internal customers.
    """
    return simulate_study(
        [department.planted for department in EXAMPLE_DEPARTMENTS],
        questionnaire=questionnaire,
        workforce=WORKFORCE,
        cells=CELLS,
        seed=SEED,
    )


def example_norm(questionnaire: Questionnaire, *, earlier: bool = False) -> pd.DataFrame:
    """Return the fictional norm: one row per driver item, block, satisfaction question and the report mark.

    Parameters
    ----------
    questionnaire
        The item bank for internal customers.
    earlier
        Whether it is that of the wave before.
    """
    risen = RISEN if earlier else dict.fromkeys(RISEN, 0.0)
    figures: dict[str, tuple[float, float, float]] = {}
    scales = {}
    for block in DRIVER_BLOCKS:
        items = [item for item in questionnaire.items_of(block=block) if item.core]
        for item in items:
            mean = NORM_LEVELS[block] + USUAL_LEVELS[item.code] - risen[block]
            figures[item.code] = (mean, ITEM_SPREADS[block], BETWEEN * 1.15)
            scales[item.code] = questionnaire.response_scale(item.code)
        figures[block] = (NORM_LEVELS[block] - risen[block], BLOCK_SPREADS[block], BETWEEN)
        scales[block] = scales[items[0].code]
    for code, (mean, within, between) in NORM_OTHERS.items():
        figures[code] = (mean - risen[code], within, between)
        scales[code] = questionnaire.response_scale("SA1" if code == "SA1" else "SA2")
    rows = [
        {
            "code": code,
            "minimum": scales[code].minimum,
            "maximum": scales[code].maximum,
            "n_organisations": N_ORGANISATIONS,
            "n_respondents": N_RESPONDENTS,
            "mean": f"{mean:.2f}",
            "sd_within": f"{within:.2f}",
            "sd_between": f"{between:.2f}",
            "q25": f"{mean - QUARTILE * between:.2f}",
            "q50": f"{mean:.2f}",
            "q75": f"{mean + QUARTILE * between:.2f}",
        }
        for code, (mean, within, between) in figures.items()
    ]
    return pd.DataFrame(rows)


def write_example(root: Path, *, questionnaire: Questionnaire) -> tuple[Path, ...]:
    """Write the example's files: study, survey file, norm. Files that exist are overwritten.

    Parameters
    ----------
    root
        Folder with (or for) ``params`` and ``data``.
    questionnaire
        The item bank for internal customers, ``params/questionnaires/internal_customer.yaml``.

    Returns
    -------
    tuple of Path
        The written files.
    """
    contents = {
        "params/example.yaml": _study_text(),
        "data/example/responses.csv": example_study(questionnaire).frame.to_csv(index=False, lineterminator="\n"),
        "data/norms/example.csv": example_norm(questionnaire).to_csv(index=False, lineterminator="\n"),
        "data/norms/example.yaml": _norm_text(questionnaire),
        "data/norms/example-earlier.csv": example_norm(questionnaire, earlier=True).to_csv(
            index=False, lineterminator="\n"
        ),
        "data/norms/example-earlier.yaml": _norm_text(questionnaire, earlier=True),
    }
    written = []
    for name, text in contents.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        written.append(path)
    return tuple(written)


def _study_text() -> str:
    departments = "\n".join(
        f"  - {{slug: {department.slug}, name: {{en: {department.name.en}, nl: {department.name.nl}}}, "
        f"invited: {department.invited}, team_size: {department.team}}}"
        for department in EXAMPLE_DEPARTMENTS
    )
    return STUDY.format(
        departments=departments,
        attributes=", ".join(attribute.name for attribute in WORKFORCE.attributes),
        not_applicable=CELLS.not_applicable,
        dont_know=CELLS.dont_know,
        wave=WAVES[-1],
        seed=SEED,
    )


def _norm_text(questionnaire: Questionnaire, *, earlier: bool = False) -> str:
    return NORM.format(
        name="example-earlier" if earlier else "example",
        year=2024 if earlier else 2025,
        questionnaire=questionnaire.name,
        version=questionnaire.version,
        n_organisations=N_ORGANISATIONS,
        n_respondents=N_RESPONDENTS,
    )


STUDY = """\
# The example study: a fictional organisation. Copy it to start your own (or: icstats new my-survey).
# Paths are relative to this file. An unknown setting is an error.
name: example
title: {{en: Internal customer survey 2026, nl: Onderzoek onder interne klanten 2026}}
organisation: {{en: Lindendelta Water Authority (fictional), nl: Waterschap Lindendelta (fictief)}}
wave: '{wave}'              # the wave that is reported; the file also holds 2025
language: en              # en or nl; icstats run --language overrules it
seed: {seed}                   # all random numbers follow from it

responses:
  file: ../data/example/responses.csv
  layout: stacked         # one row per rating: one person about one department
  columns:                # how the file calls the columns that are not questions
    respondent: respondent
    department: department
    wave: wave
    role: role            # customer, or staff: the department's own people fill in the mirror
  attributes: [{attributes}]
  not_applicable: [{not_applicable}]
  dont_know: [{dont_know}]

questionnaire: questionnaires/internal_customer.yaml
norms: ../data/norms/example.csv     # fictional, and every report says so
earlier_norms: ../data/norms/example-earlier.csv  # that of the wave before: did customers' answers change more than it?
margin: 0.2               # smaller differences (in standard deviations) have no practical weight
policy: policy.yaml       # what may be shown
selection: selections/example.yaml   # which questions were chosen, by whom and why
themes: themes/internal_customer.yaml  # the words that tell what comments are about
agreements: agreements/example.yaml  # how easy departments find each question to change, and who does what

# invited: how many customers were asked to rate it; team_size: how many people work there.
departments:
{departments}
"""

NORM = """\
# A made-up norm for the example study. It says nothing about any real organisation.
name: {name}
title: {{en: Fictional example norm, nl: Fictieve voorbeeldnorm}}
fictional: true
questionnaire: {questionnaire}
version: '{version}'
mode: online
year: {year}
population:
  en: Made-up semi-public organisations with 300 to 3000 employees
  nl: Verzonnen semipublieke organisaties met 300 tot 3000 medewerkers
source:
  en: Made up for the example study of icstats
  nl: Verzonnen voor de voorbeeldstudie van icstats
n_organisations: {n_organisations}
n_respondents: {n_respondents}
"""
