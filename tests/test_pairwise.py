"""Moments of answers with holes are those of pandas, and of shards exactly those of the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from distributed import Client, LocalCluster
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from shared import shared_file
from small_survey import read

from icstats.errors import ParameterError
from icstats.pairwise import PairwiseMoments, merged, pairwise_moments
from icstats.shards import graph_of_moments, moments_of_files

if TYPE_CHECKING:
    from pathlib import Path

ITEMS = ["Q1", "Q2", "Q3", "Q4"]


def answers(rows: int = 400, seed: int = 3) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    values = random.integers(0, 11, size=(rows, len(ITEMS))).astype(float)
    values[random.random(values.shape) < 0.2] = np.nan
    keys = {"wave": random.choice(["2025", "2026"], rows), "department": random.choice(["hr", "it", "legal"], rows)}
    return pd.DataFrame(values, columns=ITEMS).assign(**keys)


def same(one: PairwiseMoments, other: PairwiseMoments) -> bool:
    parts = ((one.counts, other.counts), (one.sums, other.sums), (one.products, other.products))
    return (
        one.n == other.n
        and one.names == other.names
        and all((left == right).all() and left.dtype == np.int64 for left, right in parts)
    )


def test_mean_and_covariance_are_those_of_pandas() -> None:
    data = answers()[ITEMS]
    found = pairwise_moments(data)
    pd.testing.assert_series_equal(found.mean, data.mean(), rtol=1e-14)
    pd.testing.assert_frame_equal(found.covariance, data.cov(), rtol=1e-12)
    assert repr(found) == "<PairwiseMoments: 4 questions, 400 ratings, not released>"


def test_real_faculties_together_are_the_university() -> None:
    data = pd.read_csv(shared_file("data/univer_orientation_2002.csv"))
    items = ["informat", "officeho", "willingn", "compete", "global"]
    parts = [pairwise_moments(group[items]) for _, group in data.groupby("faculty")]
    assert same(merged(parts), pairwise_moments(data[items]))
    assert round(merged(parts).mean["global"], 4) == 5.7178


@settings(deadline=None)
@given(
    arrays(np.int64, st.tuples(st.integers(1, 60), st.just(3)), elements=st.integers(-1, 100)),
    st.lists(st.integers(0, 6), min_size=60, max_size=60),
    st.randoms(use_true_random=False),
)
def test_seven_random_shards_in_any_order_are_the_whole(values: np.ndarray, shard: list[int], random) -> None:  # noqa: ANN001
    data = pd.DataFrame(values, columns=["a", "b", "c"], dtype=float).replace(-1, np.nan)
    which = np.array(shard[: len(data)])
    parts = [pairwise_moments(data[which == number]) for number in range(7)]
    random.shuffle(parts)
    assert same(merged(parts), pairwise_moments(data))


@given(st.lists(st.integers(-5, 5), min_size=4, max_size=4))
def test_adding_to_the_answers_is_adding_to_the_moments(by: list[int]) -> None:
    data = answers(50)[ITEMS]
    assert same(pairwise_moments(data).shifted(by), pairwise_moments(data + by))


def test_large_answers_stay_exact_and_too_large_ones_are_refused() -> None:
    large = pd.DataFrame({"a": [2**20 + 1.0, 2**20 + 3.0], "b": [1.0, 1.0]})
    assert pairwise_moments(large).products[0, 0] == (2**20 + 1) ** 2 + (2**20 + 3) ** 2
    with pytest.raises(ParameterError, match="ICS-382"):
        pairwise_moments(pd.DataFrame({"a": [2.0**30]}))


def test_what_is_no_whole_number_or_no_match_is_refused() -> None:
    with pytest.raises(ParameterError) as error:
        pairwise_moments(pd.DataFrame({"a": [1.5], "b": [1.0], "c": [0.1]}))
    assert [problem.column for problem in error.value.problems] == ["a", "c"]
    with pytest.raises(ParameterError, match="ICS-380"):
        pairwise_moments(answers()[ITEMS]).merge(pairwise_moments(answers()[ITEMS[::-1]]))
    with pytest.raises(ParameterError, match="ICS-383"):
        merged([])


def test_nobody_is_no_number() -> None:
    data = pd.DataFrame({"a": [np.nan, 1.0], "b": [2.0, np.nan]})
    found = pairwise_moments(data)
    assert found.covariance.isna().all().all()
    assert found.mean.tolist() == [1.0, 2.0]


def shards_on_disk(data: pd.DataFrame, folder: Path, n: int) -> list[Path]:
    which = np.random.default_rng(8).integers(0, n, len(data))
    paths = []
    for number in range(n):
        path = folder / f"shard-{number}.parquet"
        kinds = dict.fromkeys(ITEMS, "Int8")
        pq.write_table(pa.Table.from_pandas(data[which == number].astype(kinds), preserve_index=False), path)
        paths.append(path)
    return paths


def test_files_give_the_moments_of_every_wave_and_department(tmp_path: Path) -> None:
    data = answers(2000)
    paths = shards_on_disk(data, tmp_path, 7)
    found = moments_of_files(paths, items=ITEMS)
    groups = {(wave, slug): rows[ITEMS] for (wave, slug), rows in data.groupby(["wave", "department"])}
    assert list(found) == sorted(groups)
    assert all(same(found[group], pairwise_moments(rows)) for group, rows in groups.items())
    backwards = moments_of_files(paths[::-1], items=ITEMS)
    assert all(same(found[group], backwards[group]) for group in found)
    assert same(merged(found.values()), pairwise_moments(data[ITEMS]))


def test_files_are_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = answers(1000)
    paths = shards_on_disk(data, tmp_path, 2)
    whole = moments_of_files(paths, items=ITEMS, by=["department"])
    monkeypatch.setattr("icstats.shards.ROWS_AT_ONCE", 37)
    monkeypatch.setattr("icstats.pairwise.ROWS_AT_ONCE", 11)
    parts = moments_of_files(paths, items=ITEMS, by=["department"])
    assert all(same(whole[group], parts[group]) for group in whole)


def test_a_file_without_a_column_or_with_texts_is_refused(tmp_path: Path) -> None:
    (path,) = shards_on_disk(answers(20), tmp_path, 1)
    with pytest.raises(ParameterError) as error:
        moments_of_files([path], items=["Q1", "Q5"], by=["afdeling"])
    assert [(one.column, one.code) for one in error.value.problems] == [("Q5", "ICS-384"), ("afdeling", "ICS-384")]
    with pytest.raises(ParameterError, match="ICS-381"):
        moments_of_files([path], items=["wave"], by=["department"])


def test_the_store_gives_the_moments_of_a_department_and_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [f"{n},{('hr', 'it')[n % 2]},{n % 5 + 1},{'' if n % 3 else n % 4 + 1},,{n % 10 + 1}" for n in range(40)]
    responses = read("\n".join(["respondent,department,PC1,PC2,PX1,SA1", *rows]))
    closed = ["PC1", "PC2", "PX1", "SA1", "IM1", "MI1"]
    for slug in ("hr", "it", None):
        ratings = responses.ratings(wave="2026", department=slug, columns=closed)
        assert same(responses.moments(wave="2026", department=slug), pairwise_moments(ratings))


def test_a_dask_graph_gives_the_same_whole_numbers_on_any_scheduler(tmp_path: Path) -> None:
    data = answers(900)
    paths = shards_on_disk(data, tmp_path, 11)
    whole = moments_of_files(paths, items=ITEMS)
    graph = graph_of_moments(paths, items=ITEMS)
    for scheduler in ("synchronous", "processes"):
        found = graph.compute(scheduler=scheduler)
        assert list(found) == list(whole)
        assert all(same(found[group], whole[group]) for group in whole)
    with pytest.raises(ParameterError, match="ICS-383"):
        graph_of_moments([], items=ITEMS)


def test_a_dask_graph_gives_the_same_whole_numbers_on_a_cluster(tmp_path: Path) -> None:
    paths = shards_on_disk(answers(900), tmp_path, 7)
    whole = moments_of_files(paths, items=ITEMS)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        client.wait_for_workers(2)
        found = client.compute(graph_of_moments(paths, items=ITEMS)).result()
    assert list(found) == list(whole)
    assert all(same(found[group], whole[group]) for group in whole)
