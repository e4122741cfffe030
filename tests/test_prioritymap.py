"""The importance-performance map: every name is written in a place of its own, beside its dot, within the picture."""

from __future__ import annotations

import made
import numpy as np
import pytest

from icstats.canvas import WIDTH
from icstats.disclosure import RATINGS, open_ledger, release
from icstats.nameplaces import name_places
from icstats.prioritymap import HEIGHT, _Map, _points, importance_performance_map
from icstats.study import Policy
from icstats.texts import Texts

NAMES = (
    "Past bij wat ik nodig heb", "In één keer goed", "Bruikbaar advies", "Systemen en hulpmiddelen werken",
    "Snelle reactie", "Komt afspraken na", "Ik weet bij wie ik moet zijn", "Heldere, lichte procedures",
    "Houdt mij op de hoogte", "Duidelijk wat van mij nodig is", "Luisteren goed", "Verplaatsen zich in mij",
    "Zijn deskundig", "Doen moeite", "Kijken verder dan de standaard", "Mogen zelf beslissen", "Denken vooruit",
)  # fmt: skip
CODES = [f"Q{place}" for place in range(len(NAMES))]
LABELS = dict(zip(CODES, NAMES, strict=True))
N = 400


def drawn_map(shares: list[float], means: list[float]) -> _Map:
    codes = CODES[: len(shares)]
    weights = [
        {**made.share_row(code, "importance", share, N), "conf_low": max(share - 0.03, 0), "conf_high": share + 0.03}
        for code, share in zip(codes, shares, strict=True)
    ]
    scores = [made.mean_row(code, mean, N, half=0.1) for code, mean in zip(codes, means, strict=True)]
    ledger = open_ledger(made.counts({"hr": {RATINGS: N}}), policy=Policy()).at("hr")
    wins, summary = (release(made.summary(rows), policy=Policy(), ledger=ledger) for rows in (weights, scores))
    points = _points(wins, summary, LABELS, {"process": codes})
    assert len(points) == len(codes)
    return _Map(points=tuple(points), wins=wins, summary=summary, texts=Texts("nl"))


def places_in(picture: _Map) -> np.ndarray:
    return name_places(picture.frame, np.array(picture.dots), [point.name for point in picture.points])


def shared(one: np.ndarray, other: np.ndarray) -> float:
    width, height = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    return float(max(width, 0) * max(height, 0))


@pytest.mark.parametrize("seed", range(12))
def test_no_name_covers_another_where_most_questions_weigh_little(seed: int) -> None:
    """Shares and means come rounded, so several questions stand on one point or one line."""
    rng = np.random.default_rng(seed)
    shares = [*rng.choice([0.02, 0.03, 0.04, 0.05], 13), *rng.choice([0.12, 0.13, 0.14], 4)]
    picture = drawn_map([float(one) for one in shares], [float(one) for one in rng.integers(30, 41, 17) / 10])
    places = places_in(picture)
    covered = [shared(one, other) for at, one in enumerate(places) for other in places[:at]]
    assert max(covered) == 0
    assert not any(left < x < right and top < y < foot for left, top, right, foot in places for x, y in picture.dots)


@pytest.mark.parametrize("count", [1, 2, 17])
def test_names_stay_within_the_picture_also_where_all_questions_are_alike(count: int) -> None:
    places = places_in(drawn_map([1 / count] * count, [3.5] * count))
    assert (places[:, 0] >= 0).all()
    assert (places[:, 2] <= WIDTH).all()
    assert (places[:, 1] >= 0).all()
    assert (places[:, 3] <= HEIGHT).all()


def test_the_words_say_what_weighs_more_and_scores_less() -> None:
    picture = drawn_map([0.2, 0.5, 0.3], [4.0, 3.0, 3.9])
    figure = importance_performance_map(
        picture.wins, picture.summary, texts=Texts("en"), labels=LABELS, blocks={"process": CODES[:3]}
    )
    assert "weighing more than an equal share: In één keer goed (mean 3.0, share 50%)." in figure.alt
    assert "(3.6)" in figure.caption
    assert "(33%)" in figure.caption
