"""The organisation that file attacks are tried on: a department of ten with its head, skippers, a norm, comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import yaml
from attacks.organisation import BLOCKS, ITEMS, OUTCOME, answers
from attacks.site import both

if TYPE_CHECKING:
    from pathlib import Path

SIZES = {"a": 4, "b": 9, "c": 10, "d": 11, "e": 36, "f": 120}
HEADS = ("c", "d")
SKIPPED = {("e", "P1"): 1, ("f", "P1"): 1}
EXTRA_IN_NORM = {OUTCOME: 5, "product": 9, "process": 10}
"""How many answers a norm holds beside ours; of all other items it holds a thousand."""


def surveyed(folder: Path, *, seed: int) -> pd.DataFrame:
    """Return answers with comments and skipped items, and write a norm that holds them and some others."""
    frame = answers(SIZES, seed)
    random = np.random.default_rng(seed)
    words = [" ".join(random.choice(list("bcdfgklmnprst"), 6)) for _ in frame.index]
    number = frame.groupby("department").cumcount()
    frame["OP1"] = [f"{word.replace(' ', 'a')} in remark {place}" for place, word in zip(number, words, strict=True)]
    frame[list(ITEMS)] = frame[list(ITEMS)].astype("Int64")
    for place, item in SKIPPED:
        frame.loc[frame.index[frame["department"] == place][-1], item] = pd.NA
    _write_norm(folder, frame)
    return frame


def n_answers(frame: pd.DataFrame, code: str) -> int:
    """Return how many people answered an item, or any item of a block."""
    return int(frame[list(BLOCKS.get(code, (code,)))].notna().any(axis=1).sum())


def _write_norm(folder: Path, frame: pd.DataFrame) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "code": code,
            "minimum": 1,
            "maximum": 5,
            "n_organisations": 6,
            "n_respondents": n_answers(frame, code) + EXTRA_IN_NORM.get(code, 1000),
            "mean": round(float(frame[list(BLOCKS.get(code, (code,)))].mean(axis=1).mean()) + 0.2, 2),
            "sd_within": 0.9,
            "sd_between": 0.2,
            **dict.fromkeys(("q25", "q50", "q75"), 3.8),
        }
        for code in (*ITEMS, *BLOCKS)
    ]
    pd.DataFrame(rows).to_csv(folder / "norm.csv", index=False)
    described = {
        "name": "norm",
        "title": both("A norm"),
        "fictional": True,
        "questionnaire": "small",
        "version": "1",
        "mode": "online",
        "year": 2025,
        "population": both("Organisations"),
        "source": both("Made for this"),
        "n_organisations": 6,
        "n_respondents": 1300,
    }
    (folder / "norm.yaml").write_text(yaml.safe_dump(described), encoding="utf-8")


JOINED = {"x": 1, "w": 10}
"""Of two departments, how many people rate them in the second wave who did not in the first."""
STAYED = {"x": 19, "w": 20, "y": 60, "z": 70}


def two_waves(*, seed: int) -> pd.DataFrame:
    """Return two waves in which everybody answers the same again, and some joined."""
    sizes = {place: n + JOINED.get(place, 0) for place, n in STAYED.items()}
    frame = answers(sizes, seed)
    joined = frame.groupby("department").cumcount() >= frame["department"].map(STAYED)
    return pd.concat([frame[~joined].assign(wave="1"), frame.assign(wave="2")], ignore_index=True)


def joiners(frame: pd.DataFrame, place: str, item: str) -> list[int]:
    """Return what those answered who joined, in the order of the rows."""
    later = frame[(frame["wave"] == "2") & (frame["department"] == place)]
    return [int(answer) for answer in later[item].iloc[STAYED[place] :]]


def by_gender(*, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one survey twice: by department, and with departments broken down by gender."""
    parts = answers({"hr-women": 52, "hr-men": 8, "it-women": 40, "it-men": 45}, seed)
    return parts.assign(department=parts["department"].str.partition("-")[0]), parts
