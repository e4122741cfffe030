"""Lindendelta Water Authority: a fictional organisation, its people and its twelve staff departments.

Nothing here is about a real organisation or a real person.
"""

from __future__ import annotations

from dataclasses import dataclass

from icstats.organisation import Attribute, PlantedDepartment, Workforce
from icstats.questionnaire import DRIVER_BLOCKS, Text
from icstats.worlds import Truth

__all__ = ["EXAMPLE_DEPARTMENTS", "USUAL_LEVELS", "WAVES", "WORKFORCE", "ExampleDepartment"]

WAVES = ("2025", "2026")

WORKFORCE = Workforce(
    employees=900,
    answering=0.84,
    attributes=(
        Attribute(
            name="unit",
            shares={
                "Flood defences": 0.22,
                "Water systems": 0.26,
                "Waste water": 0.24,
                "Permits and inspection": 0.16,
                "Projects": 0.12,
            },
            mildness={"Projects": -0.25, "Waste water": 0.1, "Staff departments": 0.2},
            of_staff="Staff departments",
        ),
        Attribute(
            name="tenure",
            shares={"under 3 years": 0.24, "3 to 10 years": 0.41, "over 10 years": 0.35},
            mildness={"under 3 years": 0.25, "over 10 years": -0.15},
        ),
        Attribute(name="location", shares={"Head office": 0.58, "East works": 0.23, "West works": 0.19}),
    ),
)

USUAL_LEVELS = {
    "PD1": 0.05,
    "PD2": -0.15,
    "PD3": 0.1,
    "PD4": 0.0,
    "PC1": -0.05,
    "PC2": 0.0,
    "PC3": 0.3,
    "PC4": -0.2,
    "PC5": -0.2,
    "PC6": 0.15,
    "CO1": 0.2,
    "CO2": -0.1,
    "CO3": 0.3,
    "CO4": 0.15,
    "CO5": -0.05,
    "CO6": -0.35,
    "CO7": -0.15,
}
"""How much easier than its block each question is, everywhere."""

EMPHASIS = {"PD1": 1.05, "PD4": 0.9, "PC2": 1.08, "PC3": 0.85, "CO4": 1.05, "CO6": 0.85}
"""Some questions say more about their block than others."""

EQUAL = (1 / 3, 1 / 3, 1 / 3)
PRODUCT = (0.56, 0.22, 0.22)
PROCESS = (0.22, 0.56, 0.22)
ORIENTATION = (0.22, 0.22, 0.56)


@dataclass(frozen=True, kw_only=True)
class ExampleDepartment:
    """One staff department of the example.

    Attributes
    ----------
    slug, name
        Its name in files and in words.
    team, mirrors
        How many people work there, and how many of them fill in the mirror.
    invited
        How many customers are asked to rate it in the last wave.
    raters
        How many do, per wave.
    levels
        Means of the underlying answers: product, process, orientation, report mark.
    shares
        Planted shares of product, process and orientation in the explained satisfaction.
    earlier
        How much higher the answers were in the first wave, in scale points.
    self_image
        How much higher than the truth its own people think that customers answer, in scale points.
    """

    slug: str
    name: Text
    team: int
    mirrors: int
    invited: int
    raters: tuple[int, int]
    levels: tuple[float, float, float, float]
    shares: tuple[float, float, float] = EQUAL
    earlier: float = 0.0
    self_image: float = 0.3

    @property
    def planted(self) -> PlantedDepartment:
        """The truth about it."""
        blocks = dict(zip(DRIVER_BLOCKS, self.levels[:3], strict=True))
        prefixes = dict(zip(("PD", "PC", "CO"), self.levels[:3], strict=True))
        levels = {code: prefixes[code[:2]] + ease for code, ease in USUAL_LEVELS.items()}
        mark = self.levels[3]
        satisfied = sum(blocks.values()) / len(blocks)
        levels |= {
            "SA1": mark,
            "SA2": satisfied + 0.1,
            "SA3": satisfied - 0.2,
            "EX1": 3 + (mark - 6.9) / 2,
            "EX2": 6.2,
            "EX3": self.levels[1],
            "MU1": 3.3,
            "MU2": self.levels[2] - 0.4,
        }
        truth = Truth(
            block_shares=dict(zip(DRIVER_BLOCKS, self.shares, strict=True)),
            block_correlation=0.55,
            r_squared=0.6,
            reliability={"product": 0.82, "process": 0.86, "orientation": 0.89},
            levels=levels,
            emphasis=EMPHASIS,
            halo=0.04,
            leniency=0.06,
            missing=0.012,
            straight_liners=0.03,
        )
        return PlantedDepartment(
            slug=self.slug,
            truth=truth,
            raters=dict(zip(WAVES, self.raters, strict=True)),
            change={WAVES[0]: self.earlier},
            team=self.team,
            mirrors=self.mirrors,
            self_image=self.self_image,
        )


EXAMPLE_DEPARTMENTS = (
    ExampleDepartment(
        slug="it",
        name=Text(en="IT", nl="ICT"),
        team=38,
        mirrors=27,
        invited=862,
        raters=(655, 700),
        levels=(3.2, 3.3, 3.75, 6.3),
        shares=PRODUCT,
        earlier=-0.1,
        self_image=0.45,
    ),
    ExampleDepartment(
        slug="facilities",
        name=Text(en="Facilities", nl="Facilitair Bedrijf"),
        team=31,
        mirrors=18,
        invited=840,
        raters=(590, 604),
        levels=(3.75, 3.15, 3.85, 6.8),
        shares=PROCESS,
        self_image=0.2,
    ),
    ExampleDepartment(
        slug="hr",
        name=Text(en="HR", nl="HR"),
        team=24,
        mirrors=17,
        invited=790,
        raters=(498, 512),
        levels=(3.6, 3.4, 3.5, 6.8),
        shares=ORIENTATION,
        earlier=0.15,
        self_image=0.5,
    ),
    ExampleDepartment(
        slug="payroll",
        name=Text(en="Payroll", nl="Salarisadministratie"),
        team=9,
        mirrors=6,
        invited=640,
        raters=(350, 371),
        levels=(4.1, 3.9, 4.05, 7.6),
        shares=PRODUCT,
    ),
    ExampleDepartment(
        slug="finance",
        name=Text(en="Finance", nl="Financiën"),
        team=22,
        mirrors=15,
        invited=455,
        raters=(262, 268),
        levels=(3.6, 3.4, 3.75, 6.9),
        shares=EQUAL,
        self_image=0.1,
    ),
    ExampleDepartment(
        slug="communications",
        name=Text(en="Communications", nl="Communicatie"),
        team=14,
        mirrors=10,
        invited=270,
        raters=(171, 164),
        levels=(3.8, 3.5, 4.0, 7.2),
        shares=ORIENTATION,
        earlier=-0.15,
    ),
    ExampleDepartment(
        slug="training",
        name=Text(en="Training and development", nl="Opleiding en ontwikkeling"),
        team=9,
        mirrors=5,
        invited=230,
        raters=(108, 126),
        levels=(3.9, 3.65, 4.0, 7.3),
        shares=EQUAL,
    ),
    ExampleDepartment(
        slug="procurement",
        name=Text(en="Procurement", nl="Inkoop"),
        team=8,
        mirrors=6,
        invited=150,
        raters=(92, 83),
        levels=(3.4, 2.95, 3.55, 6.2),
        shares=PROCESS,
        self_image=0.4,
    ),
    ExampleDepartment(
        slug="legal-affairs",
        name=Text(en="Legal affairs", nl="Juridische zaken"),
        team=7,
        mirrors=4,
        invited=60,
        raters=(39, 28),
        levels=(3.85, 3.3, 3.65, 7.0),
        shares=PRODUCT,
    ),
    ExampleDepartment(
        slug="archive",
        name=Text(en="Archive", nl="Archief"),
        team=4,
        mirrors=3,
        invited=25,
        raters=(14, 9),
        levels=(3.7, 3.6, 4.1, 7.1),
    ),
    ExampleDepartment(
        slug="internal-audit",
        name=Text(en="Internal audit", nl="Interne audit"),
        team=3,
        mirrors=2,
        invited=20,
        raters=(12, 8),
        levels=(3.6, 3.5, 3.6, 6.8),
    ),
    ExampleDepartment(
        slug="library",
        name=Text(en="Library", nl="Bibliotheek"),
        team=2,
        mirrors=1,
        invited=11,
        raters=(6, 4),
        levels=(3.9, 3.8, 4.2, 7.5),
    ),
)
"""From most to fewest raters. In the last wave three have fewer than 10, one 10 to 29, one 30 to 99.

Three small ones are hidden together without a larger one: none of them is more than half of what is hidden.
"""
