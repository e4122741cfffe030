"""What is concluded from moments is what the rows give: reliability, importance, and a norm."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shared import shared_file

import icstats
from icstats.errors import NotEnoughDataError, ParameterError
from icstats.pairwise import merged, pairwise_moments
from icstats.pooling import organisation_scores, pool_organisations
from icstats.shards import complete_moments_of_files
from icstats.summed import coefficients_of_moments, scores_of_moments

LEAD = [f"LEAD{number:02d}" for number in range(1, 12)]


def units() -> pd.DataFrame:
    return pd.read_csv(shared_file("data/lq2002_items_49_units.csv"))


def test_alpha_and_omega_of_a_real_scale_from_the_moments_of_its_units() -> None:
    """Alpha .9022: measured with pingouin; omega: our own estimate from the rows."""
    data = units()
    whole = merged(pairwise_moments(rows[LEAD]) for _, rows in data.groupby("COMPID"))
    found = coefficients_of_moments(whole, items=LEAD)
    assert list(found.index) == ["alpha", "alpha_standardised", "omega_total"]
    assert found["n"].tolist() == [2042] * 3
    assert round(found.loc["alpha", "estimate"], 4) == 0.9022
    omega = icstats.omega_total(data[LEAD].astype(float)).data.set_index("coefficient")["estimate"]["omega_total"]
    assert found.loc["omega_total", "estimate"] == pytest.approx(omega, rel=1e-9)


def test_with_holes_it_is_the_pairwise_coefficient_and_reverse_items_are_turned() -> None:
    random = np.random.default_rng(5)
    level = random.normal(size=300)
    values = np.clip(np.rint(3 + level[:, None] + random.normal(size=(300, 4))), 1, 5)
    data = pd.DataFrame(values, columns=list("abcd")).mask(random.random((300, 4)) < 0.1)
    rows = icstats.cronbach_alpha(data, missing="pairwise", standardised=True).data.set_index("coefficient")
    turned = data.assign(b=6 - data["b"])
    found = coefficients_of_moments(pairwise_moments(turned), items=list("abcd"), reverse=["b"])
    for coefficient in ("alpha", "alpha_standardised"):
        assert found.loc[coefficient, "estimate"] == pytest.approx(rows.loc[coefficient, "estimate"], rel=1e-12)
        assert found.loc[coefficient, "n"] == rows.loc[coefficient, "n"]


def test_what_cannot_be_known_is_refused() -> None:
    moments = pairwise_moments(pd.DataFrame({"a": [1, 2, 3], "b": [2, 2, 2], "c": [1, np.nan, 3]}))
    with pytest.raises(ParameterError) as error:
        coefficients_of_moments(moments, items=["a", "x"])
    assert str(error.value) == '"x": the moments do not hold this item. [ICS-389]'
    with pytest.raises(ParameterError, match=r"at least 2 items are needed, each named once. \[ICS-389\]"):
        coefficients_of_moments(moments, items=["a", "a"])
    with pytest.raises(NotEnoughDataError, match=r"^2 ratings answer both items of a pair; at least 3 are needed"):
        coefficients_of_moments(moments, items=["a", "c"])
    with pytest.raises(NotEnoughDataError, match=r"^all answers to b are the same. \[ICS-388\]"):
        coefficients_of_moments(moments, items=["a", "b"])


def test_a_norm_of_moments_is_the_norm_of_the_rows() -> None:
    random = np.random.default_rng(6)
    organisations = {
        f"o{number}": pd.DataFrame(random.integers(1, 6, size=(40 + number, 3)), columns=list("abc")).mask(
            random.random((40 + number, 3)) < 0.1
        )
        for number in range(12)
    }
    of_rows = pool_organisations({name: organisation_scores(rows) for name, rows in organisations.items()})
    of_moments = pool_organisations(
        {name: scores_of_moments(pairwise_moments(rows)) for name, rows in organisations.items()}
    )
    pd.testing.assert_frame_equal(of_moments.values, of_rows.values, rtol=1e-12)
    pd.testing.assert_frame_equal(of_moments.intervals, of_rows.intervals, rtol=1e-12)


def test_importance_from_files_is_that_of_their_complete_rows(tmp_path) -> None:  # noqa: ANN001
    data = pd.read_csv(shared_file("data/univer_orientation_2002.csv"))
    drivers, holes = ["informat", "officeho", "willingn", "compete"], np.random.default_rng(7)
    answers = data[[*drivers, "global"]].astype("Int8").mask(holes.random((len(data), 5)) < 0.02)
    paths = []
    for number in range(3):
        paths.append(tmp_path / f"{number}.parquet")
        part = answers[number::3].assign(faculty=data["faculty"][number::3].astype(str))
        pq.write_table(pa.Table.from_pandas(part, preserve_index=False), paths[-1])
    by_faculty = complete_moments_of_files(paths, items=[*drivers, "global"], by=["faculty"])
    groups = iter(by_faculty.values())
    whole = next(groups)
    for group in groups:
        whole = whole.merge(group)
    of_rows = icstats.lmg(answers.astype(float), outcome="global", drivers=drivers).data
    of_files = icstats.lmg(whole, outcome="global", drivers=drivers).data
    assert whole.n == len(answers.dropna())
    assert of_files["estimate"].to_numpy() == pytest.approx(of_rows["estimate"].to_numpy(), rel=1e-9)
