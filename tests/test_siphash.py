"""Numbers of many texts are those of SipHash-2-4, whatever is hashed beside them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icstats.siphash import KEY_BYTES, cells_of, siphash

KEY = bytes(range(KEY_BYTES))
PUBLISHED = {
    0: "310e0edd47db6f72", 1: "fd67dc93c539f874", 7: "37d1018bf50002ab", 8: "6224939a79f5f593",
    15: "e545be4961ca29a1", 16: "db9bc2577fcc2a3f", 63: "724506eb4c328a95",
}  # fmt: skip
"""Length of the bytes 0, 1, 2, ... -> their number, from the authors' reference implementation."""


def number_of(text: bytes, before: bytes = b"", *, key: bytes = KEY) -> int:
    cells = np.frombuffer(before, dtype=np.uint8).reshape(1, -1)
    return int(siphash(cells, pa.array([text], pa.binary()), key=key)[0])


@pytest.mark.parametrize("n", PUBLISHED)
def test_numbers_are_those_that_the_authors_published(n: int) -> None:
    assert number_of(bytes(range(n))) == int.from_bytes(bytes.fromhex(PUBLISHED[n]), "little", signed=True)


@given(st.lists(st.binary(max_size=40), min_size=1), st.integers(0, 20))
def test_a_row_has_one_number_whatever_stands_beside_it(texts: list[bytes], n_before: int) -> None:
    before = np.arange(len(texts) * n_before, dtype=np.uint8).reshape(len(texts), n_before)
    together = siphash(before, pa.array([b"other", *texts], pa.binary()).slice(1), key=KEY)
    assert together.tolist() == [number_of(bytes(row) + text) for row, text in zip(before, texts, strict=True)]
    assert number_of(texts[0], bytes(before[0])) == together[0]


def test_another_key_gives_other_numbers_and_no_row_none() -> None:
    assert number_of(b"p1") != number_of(b"p1", key=KEY[::-1])
    assert siphash(np.zeros((0, 3), dtype=np.uint8), pa.array([], pa.string()), key=KEY).size == 0


def test_cells_are_the_bytes_of_texts_with_zeros_behind_them() -> None:
    cells = cells_of(pa.array(["é", "", "abc"]), 4)
    assert [bytes(row) for row in cells] == ["é".encode() + b"\0\0", bytes(4), b"abc\0"]
