"""Small results made by hand, with the columns that the statistics promise: what doors, tables and figures are
tried on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from icstats.results import Result, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True, repr=False)
class Summary(Result):
    pass


@dataclass(frozen=True, kw_only=True, repr=False)
class Comparison(Result):
    pass


@dataclass(frozen=True, kw_only=True, repr=False)
class Reliability(Result):
    keys: ClassVar[tuple[str, str]] = ("scale", "coefficient")


@dataclass(frozen=True, kw_only=True, repr=False)
class Importance(Result):
    keys: ClassVar[tuple[str, str]] = ("driver", "measure")

    verdict: str


def settings(**changes: object) -> Settings:
    return replace(Settings(method="mean", interval="t"), **changes)  # type: ignore[arg-type]


def frames(rows: Sequence[Row]) -> tuple[pd.DataFrame, pd.DataFrame]:
    data = pd.DataFrame(list(rows))
    for name in ("std_error", "conf_low", "conf_high", "p_value"):
        if name not in data:
            data[name] = float("nan")
    if "n_people" not in data:
        data["n_people"] = data["n"]
    return data, data[["n", "n_people"]].copy()


def mean_row(variable: str, mean: float, n: int, *, low: int = 1, high: int = 5, half: float = 0.234) -> Row:
    return {
        "variable": variable,
        "statistic": "mean",
        "estimate": mean,
        "std_error": half / 2,
        "conf_low": mean - half,
        "conf_high": mean + half,
        "n": n,
        "unit": "points",
        "minimum": low,
        "maximum": high,
    }


def share_row(variable: str, statistic: str, share: float, n: int) -> Row:
    row = mean_row(variable, share, n, low=0, high=1, half=0.0456)
    return {**row, "statistic": statistic, "unit": "share"}


def summary(rows: Sequence[Row], **changes: object) -> Summary:
    data, people = frames(rows)
    return Summary(data=data, people=people, settings=settings(**changes))


def summary_of(means: Mapping[str, float], *, n: int = 214, high: int = 5) -> Summary:
    rows = []
    for variable, mean in means.items():
        part = (mean - 1) / (high - 1)
        rows += [
            mean_row(variable, mean, n, high=high, half=1.9 / n**0.5),
            share_row(variable, "satisfied", 0.05 + 0.8 * part, n),
            share_row(variable, "dissatisfied", 0.5 * (1 - part) ** 2 + 0.01, n),
        ]
    return summary(rows)


def comparison_rows(
    variable: str, mean: float, norm: float, verdict: str, n: int, *, half: float = 0.15, margin: float = 0.17
) -> list[Row]:
    shared = {"variable": variable, "n": n, "unit": "points", "minimum": 1, "maximum": 5, "verdict": verdict}
    shared |= {"std_error": half / 2}
    difference = mean - norm
    return [
        {**shared, "statistic": "mean", "estimate": mean, "conf_low": mean - half, "conf_high": mean + half},
        {**shared, "statistic": "norm", "estimate": norm},
        {
            **shared,
            "statistic": "difference",
            "estimate": difference,
            "conf_low": difference - half,
            "conf_high": difference + half,
            "p_value": 0.012345,
            "p_adjusted": 0.0345678,
            "margin": margin,
        },
    ]


def comparison(rows: Sequence[Row]) -> Comparison:
    data, people = frames(rows)
    return Comparison(data=data, people=people, settings=settings())


def importance(
    shares: Mapping[str, tuple[float, float, float]],
    *,
    verdict: str,
    measure: str = "shapley_share",
    n: int = 180,
    r_squared: float = 0.6123456,
) -> Importance:
    rows: list[Row] = [
        {
            "driver": driver,
            "measure": measure,
            "estimate": share,
            "conf_low": low,
            "conf_high": high,
            "n": n,
            "unit": "share",
        }
        for driver, (share, low, high) in shares.items()
    ]
    rows.append({"driver": "model", "measure": "r_squared", "estimate": r_squared, "n": n, "unit": "coefficient"})
    data, people = frames(rows)
    return Importance(data=data, people=people, settings=settings(method="shapley", n_boot=1000), verdict=verdict)


def reliability(rows: Sequence[tuple[str, str, float, float, float, int]]) -> Reliability:
    data, people = frames(
        [
            {
                "scale": scale,
                "coefficient": coefficient,
                "estimate": estimate,
                "conf_low": low,
                "conf_high": high,
                "n": n,
                "unit": "coefficient",
                "n_items": 4,
            }
            for scale, coefficient, estimate, low, high, n in rows
        ]
    )
    return Reliability(data=data, people=people, settings=settings(method="alpha", interval="adf"))


def counts(cells: Mapping[str, Mapping[str, int]]) -> pd.DataFrame:
    """Return the counts of department -> variable -> n as the store keeps them."""
    return pd.DataFrame(
        [
            {"department": department, "variable": variable, "n": n}
            for department, row in cells.items()
            for variable, n in row.items()
        ]
    )
