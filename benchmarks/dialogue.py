"""How often the dialogue pages are right: expectations, mirror, what first, change, norms, themes; and the forms.

Run from the project's folder: ``python benchmarks/dialogue.py``, or with the names of some of its parts. Each writes
its section of ``dialogue.md``.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from tables import DIALOGUE, table, write_section

from icstats.asymmetry import penalty_reward
from icstats.draws import draw_items, draw_mirror
from icstats.fielding import field_questionnaire
from icstats.fieldwork import read_fieldwork
from icstats.gaps import FEWEST_TOLD, expectation_gap, mirror_gap
from icstats.mentions import themes_of
from icstats.pooling import pool_organisations
from icstats.priorities import quick_wins
from icstats.questionnaire import read_questionnaire
from icstats.scales import driver_items
from icstats.themes import read_themes
from icstats.trends import wave_change
from icstats.worlds import Truth, build_world

if TYPE_CHECKING:
    from icstats.worlds import World

ROOT = Path(__file__).resolve().parents[1]
BANK = read_questionnaire(ROOT / "params" / "questionnaires" / "internal_customer.yaml")
BLOCKS = {str(block): items for block, items in driver_items(BANK).items()}
ITEMS = [code for codes in BLOCKS.values() for code in codes]
SCALES = {item.code: BANK.response_scale(item.code) for item in BANK.items if item.responses is not None}
MIRRORS = {str(item.about): item.code for item in BANK.items_of(block="mirror")}

TYPES = {
    "shared_view": (3.8, 0.0),
    "shared_concern": (2.3, 0.0),
    "blind_spot": (3.1, 0.9),
    "hidden_strength": (4.1, -0.9),
}
"""Level of the answers and self-image of each mirror type; items take turns."""

EQUAL = dict.fromkeys(BLOCKS, 1 / 3)
SEED = 2026


def planted_types() -> dict[str, str]:
    """Return item -> mirror type."""
    return {item: list(TYPES)[place % len(TYPES)] for place, item in enumerate(ITEMS)}


def mirror_rates(team: int, customers: int, repeats: int) -> pd.DataFrame:
    """Return how often each planted type gets which word."""
    types = planted_types()
    world = build_world(Truth(block_shares=EQUAL, levels={item: TYPES[kind][0] for item, kind in types.items()}), BANK)
    images = {item: TYPES[kind][1] for item, kind in types.items()}
    rng = np.random.default_rng(SEED + team)
    told: Counter[tuple[str, str]] = Counter()
    for _ in range(repeats):
        answers = draw_items(world, customers, questionnaire=BANK, rng=rng)
        staff = draw_mirror(world, team, items=BANK.items_of(block="mirror"), self_image=images, rng=rng)
        result = mirror_gap(answers, staff, mirrors=MIRRORS, response_scales=SCALES)
        words = result.data.drop_duplicates("variable").set_index("variable")["verdict"]
        told.update((types[item], words[item]) for item in ITEMS)
    index = pd.MultiIndex.from_tuples(told, names=["planted", "told"])
    counted = pd.DataFrame({"n": list(told.values())}, index=index).reset_index()
    table = counted.pivot_table(index="planted", columns="told", values="n", fill_value=0)
    return table.div(table.sum(axis=1), axis=0)


def wins_world(*, weak: tuple[str, ...], correlation: float = 0.55) -> World:
    """Return a world where some process questions score far below the rest, or where all are alike."""
    levels = {code: 2.4 if code in weak else 3.9 for code in ITEMS} | {"SA1": 6.8}
    by_size = {block: len(codes) / len(ITEMS) for block, codes in BLOCKS.items()}
    shares = {"product": 0.25, "process": 0.5, "orientation": 0.25} if weak else by_size
    truth = Truth(block_shares=shares, levels=levels, reliability=0.8, block_correlation=correlation)
    return build_world(truth, BANK)


def wins_rates(world: World, weak: tuple[str, ...], n: int, repeats: int) -> dict[str, float]:
    """Return how often exactly the planted three are the first, and what is said of them."""
    rng = np.random.default_rng(SEED + n)
    found: Counter[str] = Counter()
    wins = wrong = 0
    for repeat in range(repeats):
        result = quick_wins(
            draw_items(world, n, questionnaire=BANK, rng=rng),
            outcome="SA1",
            blocks=BLOCKS,
            response_scales=SCALES,
            n_boot=200,
            seed=repeat,
        )
        ranked = result.data.drop_duplicates("variable")
        won = set(ranked.loc[ranked["verdict"] == "win", "variable"])
        found.update([result.verdict, *(["top_three"] if set(ranked["variable"].head(3)) == set(weak) else [])])
        wins, wrong = wins + len(won), wrong + len(won - set(weak))
    return {name: found[name] / repeats for name in ("top_three", "clear", "some", "none")} | {
        "wins": wins / repeats,
        "wrong": wrong / repeats,
    }


def change_rates(shift: float, n: int, repeats: int, *, both: float = 0.6) -> dict[str, float]:
    """Return how the interval of a planted change covers it, and which word it gets; most people answer twice."""
    world = build_world(Truth(block_shares=EQUAL, levels=dict.fromkeys(ITEMS, 3.5) | {"SA1": 6.5}, leniency=0.3), BANK)
    rng = np.random.default_rng(SEED + n)
    told: Counter[str] = Counter()
    covered = 0
    again = round(both * n)
    for _ in range(repeats):
        mild = rng.standard_normal(2 * n - again)
        now = draw_items(world, n, questionnaire=BANK, rng=rng, mildness=mild[:n])["SA1"]
        earlier = draw_items(world, n, questionnaire=BANK, rng=rng, mildness=mild[-n:])["SA1"]
        result = wave_change(
            (now + shift).to_frame(),
            earlier.to_frame(),
            response_scales=SCALES,
            clusters=np.arange(n),
            earlier_clusters=np.arange(n - again, 2 * n - again),
        )
        row = result.data.set_index("statistic").loc["difference"]
        covered += bool(row["conf_low"] <= shift <= row["conf_high"])
        told.update([str(row["verdict"])])
    return {
        "coverage": covered / repeats,
        **{word: told[word] / repeats for word in ("up", "equal", "uncertain", "down")},
    }


def drawn_scores(mean: float, rng: np.random.Generator, *, within: float = 0.9) -> pd.DataFrame:
    """Return what 40 to 400 people of one organisation give a norm; mean and spread are drawn, not every answer."""
    n = int(rng.integers(40, 400))
    sd = within * float(rng.chisquare(n - 1) / (n - 1)) ** 0.5
    drawn = {"n": n, "n_people": n, "mean": rng.normal(mean, within / n**0.5), "sd": sd, "std_error": sd / n**0.5}
    return pd.DataFrame([drawn], index=pd.Index(["process"], name="code"))


def norm_rates(organisations: int, builds: int) -> dict[str, float]:
    """Return how often the intervals of a norm hold the planted mean, spread and quartiles of organisations."""
    rng = np.random.default_rng(SEED)
    middle, between = 3.5, 0.2
    truth = {"mean": middle, "sd_between": between, "q50": middle}
    truth |= {"q25": middle - 0.6745 * between, "q75": middle + 0.6745 * between}
    covered = dict.fromkeys(truth, 0)
    for _ in range(builds):
        scores = {str(place): drawn_scores(middle + between * rng.normal(), rng) for place in range(organisations)}
        rows = pool_organisations(scores).intervals.set_index("statistic")
        for name, value in truth.items():
            covered[name] += bool(rows.loc[name, "conf_low"] <= value <= rows.loc[name, "conf_high"])
    return {name: round(hits / builds, 3) for name, hits in covered.items()}


def expectation_rates(mark: float, n: int, repeats: int) -> dict[str, float]:
    """Return how often a mark between a minimum of 6 and a wish of 8, or outside, is placed rightly."""
    levels = {"mark": mark, "minimum": 6.0, "desired": 8.0}
    scale = BANK.response_scale("SA1")
    truth = ("above" if mark > levels["minimum"] else "below", "above" if mark > levels["desired"] else "below")
    rng = np.random.default_rng(SEED + n)
    told: Counter[str] = Counter()
    for _ in range(repeats):
        own = rng.standard_normal((n, 1)) * 0.9
        drawn = np.rint(np.array(list(levels.values())) + own + 1.2 * rng.standard_normal((n, 3)))
        ratings = pd.DataFrame(drawn.clip(scale.minimum, scale.maximum), columns=list(levels))
        found = expectation_gap(
            ratings,
            perceived="mark",
            minimum="minimum",
            desired="desired",
            response_scales=dict.fromkeys(levels, scale),
        )
        rows = found.data.set_index("statistic")["verdict"]
        said = (rows["adequacy_gap"], rows["superiority_gap"])
        told.update(["uncertain" if "uncertain" in said else "right" if said == truth else "wrong"])
    return {word: told[word] / repeats for word in ("right", "uncertain", "wrong")}


PLANTED = {"basic": (-1.5, 0.0), "performance": (-1.0, 1.0), "excitement": (0.0, 1.5), "unclear": (0.0, 0.0)}
"""Points of the mark that a low answer takes and a high answer adds, of two questions of each kind."""


def penalty_rates(n: int, repeats: int, *, together: float = 0.3) -> pd.DataFrame:
    """Return how often each kind of question gets which label; answers 1 to 5, every fifth low and every fifth high."""
    kinds = [kind for kind in PLANTED for _ in range(2)]
    names = [f"{kind}{place}" for place, kind in enumerate(kinds)]
    rng = np.random.default_rng(SEED + n)
    told: Counter[tuple[str, str]] = Counter()
    for _ in range(repeats):
        common = rng.standard_normal((n, 1))
        answers = together**0.5 * common + (1 - together) ** 0.5 * rng.standard_normal((n, len(kinds)))
        items = np.digitize(answers, [-1.28, -0.84, 0.0, 0.84]) + 1.0
        effects = np.where(items <= 2, [PLANTED[kind][0] for kind in kinds], 0.0)
        effects += np.where(items >= 5, [PLANTED[kind][1] for kind in kinds], 0.0)
        data = pd.DataFrame(items, columns=names).assign(mark=7 + effects.sum(axis=1) + rng.standard_normal(n))
        result = penalty_reward(data, outcome="mark", drivers=names, low_max=2, high_min=5).data
        labels = result[result["statistic"] == "asymmetry"].set_index("item")["verdict"]
        told.update((kind, labels[name]) for kind, name in zip(kinds, names, strict=True))
    rows = [{"planted": kind, **{word: told[kind, word] / (2 * repeats) for word in PLANTED}} for kind in PLANTED]
    return pd.DataFrame(rows).set_index("planted")


def theme_rates(half: str) -> list[dict[str, object]]:
    """Return precision and recall of the dictionary's themes over the comments of one half of the labelled sample."""
    dictionary = read_themes(ROOT / "params" / "themes" / "internal_customer.yaml")
    with (ROOT / "tests" / "comment_themes.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["half"] == half]
    found = []
    for language in ("nl", "en"):
        own = [
            (set(row["themes"].split()), set(themes_of(row["text"], dictionary)))
            for row in rows
            if row["language"] == language
        ]
        right = sum(len(labelled & told) for labelled, told in own)
        found.append(
            {
                "half": half,
                "language": language,
                "comments": len(own),
                "labels": sum(len(labelled) for labelled, _ in own),
                "precision": rate(right / sum(len(told) for _, told in own)),
                "recall": rate(right / sum(len(labelled) for labelled, _ in own)),
            }
        )
    return found


WEAK = ("PC1", "PC2", "PC5")


def rate(value: float) -> str:
    """Return a rate as it stands in a table."""
    return f"{value:.3f}".removeprefix("0")


def show_expectations(repeats: int = 1000) -> None:
    """Write how often a mark is placed rightly in, under or over the zone of tolerance."""
    places = {5.4: "under the minimum", 7.0: "within the zone", 8.6: "over the wish"}
    rows = [
        {"mark": mark, "lies": place, "ratings": n}
        | {word: rate(value) for word, value in expectation_rates(mark, n, repeats).items()}
        for mark, place in places.items()
        for n in (30, 60, 150)
    ]
    write_section(
        DIALOGUE,
        "Expectations: the sign of both gaps",
        f"{repeats} repeats; a stated minimum of 6 and a wish of 8, standard deviation 1.5, the three answers of a "
        "customer correlated .36. Right is: the sign of the adequacy gap and of the superiority gap both "
        "told, and both "
        "right, so that the mark lies rightly in, under or over the zone of tolerance.\n\n" + table(rows),
    )


def show_penalties(repeats: int = 500) -> None:
    """Write how often the labels of penalty and reward are right."""
    parts = []
    for n in (200, 400):
        rates = penalty_rates(n, repeats).map(rate).reset_index()
        parts.append(f"### {n} ratings\n\n" + table(rates.rename_axis(None).to_dict("records")))
    write_section(
        DIALOGUE,
        "Satisfiers and dissatisfiers: which label a planted question gets",
        f"{repeats} repeats; eight questions, two of each kind, answers correlated .3, 20 % low and 20 % high; a basic "
        "question takes 1.5 points when low, an exciting one adds 1.5 when high, one of performance does both with 1; "
        "residual standard deviation 1.\n\n" + "\n\n".join(parts),
    )


def show_mirror(repeats: int = 300) -> None:
    """Write which words planted mirror types get, by team size."""
    rows = []
    for team in (FEWEST_TOLD, 20, 30, 40, 60, 100):
        told = mirror_rates(team, 300, repeats)
        said = told.reindex(index=list(TYPES), columns=list(TYPES), fill_value=0.0)
        right = pd.Series(np.diag(said), index=said.index)
        rows.append(
            {"staff": team}
            | {kind.replace("_", " "): rate(value) for kind, value in right.items()}
            | {
                "cannot tell": rate(1 - said.to_numpy().sum() / len(TYPES)),
                "least right type": rate((right / said.sum(axis=1)).min()),
                "least right word": rate((right / said.sum()).min()),
            }
        )
    write_section(
        DIALOGUE,
        "Mirror: which word a planted type gets",
        f"300 customers, {repeats} repeats, every fourth question of each type (means of the underlying answers: "
        "shared view 3.8, shared concern 2.3, blind spot 3.1 with a self-image 0.9 higher, hidden strength 4.1 with "
        "one 0.9 lower). Told rightly, by type; then the part of which is said that it cannot be told; then of what is "
        "told, the part that is right: of the planted type and of the word that are wrong most often.\n\n"
        + table(rows)
        + "\n\n"
        f"Of fewer than {FEWEST_TOLD} staff nothing is told. That two views are the same takes more staff to say than "
        "that they differ: of fewer than 60 the report says more often that it cannot tell, rather than a wrong word.",
    )


def show_wins(repeats: int = 300) -> None:
    """Write how often the first three are found and what is said of them."""
    worlds = {"apart": (wins_world(weak=WEAK), WEAK), "alike": (wins_world(weak=()), ())}
    rows = []
    for name, (world, weak) in worlds.items():
        for n in (120, 400):
            found = wins_rates(world, weak, n, repeats)
            rows.append(
                {
                    "world": name,
                    "ratings": n,
                    "planted three are the first three": rate(found["top_three"]) if weak else "–",
                    "three stand out": rate(found["clear"]),
                    "some stand out": rate(found["some"]),
                    "none stands out": rate(found["none"]),
                    "wins named": f"{found['wins']:.2f}",
                    "of which wrong": f"{found['wrong']:.2f}" if weak else "–",
                }
            )
    write_section(
        DIALOGUE,
        "Quick wins: the first three",
        f"{repeats} repeats of 200 bootstrap samples. *Apart*: three of six process questions score 2.4, all "
        "others 3.9; "
        "process has half of R², reliability .8. *Alike*: equal scores, blocks weigh by their number of questions.\n\n"
        + table(rows),
    )


def show_change(repeats: int = 1000) -> None:
    """Write coverage and words of a planted change."""
    rows = [
        {"planted change": shift, "ratings per wave": n}
        | {name: rate(value) for name, value in change_rates(shift, n, repeats).items()}
        for n in (40, 150, 400)
        for shift in (0.0, 0.5)
    ]
    write_section(
        DIALOGUE,
        "Change between waves",
        f"{repeats} repeats; 60 % of the people answer both waves; one variable (the report mark), so nothing "
        "to adjust "
        "for.\n\n" + table(rows),
    )


def show_norm() -> None:
    """Write the coverage of the intervals of a norm."""
    rows = []
    for organisations, builds in ((12, 300), (60, 300), (60, 3000)):
        covered = {name: rate(value) for name, value in norm_rates(organisations, builds).items()}
        if organisations < FEWEST_FOR_QUARTILES:
            covered |= dict.fromkeys(("q25", "q75"), "no interval")
        rows.append({"organisations": organisations, "builds": builds} | covered)
    write_section(
        DIALOGUE,
        "Norm: coverage of the 95 % intervals",
        "Organisations of 40 to 400 people, spread within .9 and between .2; one standard error is .013 of "
        "300 builds and "
        ".004 of 3000. Quartiles have intervals by whole order statistics, which alone would cover .963 (the "
        "median .973); "
        "that the spread to which the means are drawn in is estimated takes a part of it. By order "
        "statistics, a quartile of "
        "12 organisations has no 95 % interval.\n\n" + table(rows),
    )


FEWEST_FOR_QUARTILES = 20


def show_themes() -> None:
    """Write precision and recall of the themes of comments."""
    write_section(
        DIALOGUE,
        "Themes of comments",
        "The labelled sample (`tests/comment_themes.csv`) holds comments made for this project, 132 written "
        "by hand and 72 "
        "put together from the phrases of the simulation. The dictionary was tuned on one half; precision "
        "and recall of its "
        "themes, over all labels of the other half, are what to expect. One author wrote both sample and "
        "dictionary, so "
        "expect less of your own comments.\n\n" + table([*theme_rates("test"), *theme_rates("tune")]),
    )


def show_forms() -> None:
    """Write what pyxform says of the forms, and what goes into them."""
    from pyxform.xls2xform import convert  # noqa: PLC0415  only this part needs it

    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        field_questionnaire(read_fieldwork(ROOT / "params" / "fieldwork" / "example.yaml"), folder)
        for form in ("xlsform", "xlsform-staff"):
            made = convert(folder / f"{form}.xlsx", validate=False)
            rows.append(
                {
                    "form": f"{form}.xlsx",
                    "pyxform": "accepted",
                    "warnings": len(made.warnings),
                    "questions": made.xform.count("<bind "),
                    "languages": made.xform.count("<translation "),
                }
            )
        for form in ("limesurvey", "limesurvey-staff"):
            with (folder / f"{form}.txt").open(encoding="utf-8", newline="") as stream:
                kinds = Counter((row["class"], row["language"]) for row in csv.DictReader(stream, delimiter="\t"))
            rows.append(
                {
                    "form": f"{form}.txt",
                    "pyxform": "–",
                    "warnings": "–",
                    "questions": kinds["Q", "nl"] + kinds["SQ", "nl"],
                    "languages": len({language for kind, language in kinds if kind == "Q"}),
                }
            )
    write_section(
        DIALOGUE,
        "The forms",
        "The example fieldwork as XLSForm, through pyxform, and as LimeSurvey structure. That their exports "
        "are read back as "
        "they were answered, of customers and of staff, is tested: `python -m pytest tests/test_fielding.py`.\n\n"
        + table(rows),
    )


if __name__ == "__main__":
    shows = {
        "forms": show_forms,
        "expectations": show_expectations,
        "mirror": show_mirror,
        "penalties": show_penalties,
        "wins": show_wins,
        "change": show_change,
        "norm": show_norm,
        "themes": show_themes,
    }
    for name in sys.argv[1:] or shows:
        shows[name]()
