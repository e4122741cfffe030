"""SipHash-2-4 of many texts at once: numbers by which rows are known again, and that nobody can make without the key.

Aumasson & Bernstein (2012), "SipHash: a fast short-input PRF". One text after the other, hashing would take longer
than all other work on a large survey file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["KEY_BYTES", "cells_of", "siphash"]

KEY_BYTES = 16
WORD = 8
ROWS_AT_ONCE = 16_384
"""So many stay in the nearest memory from the first round to the last."""
START = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
END = np.uint64(0xFF)
ROUNDS, LAST_ROUNDS = 2, 4


def siphash(before: NDArray[np.uint8], texts: pa.Array, *, key: bytes) -> NDArray[np.int64]:
    """Return a number per row, the same for the same bytes.

    Parameters
    ----------
    before
        Bytes of each row, the same number of all, ahead of its text.
    texts
        The text or bytes of each row.
    key
        16 bytes.
    """
    starts, lengths, data = _places(texts)
    numbers = np.empty(len(texts), dtype=np.uint64)
    # The bytes of a row are filled up to whole words, of which the last byte says how many there were.
    n_words = (before.shape[1] + lengths) // WORD + 1
    for n, rows in _of_one_size(n_words):
        cells = _cells(data, starts[rows], lengths[rows], n * WORD - before.shape[1])
        filled = np.hstack([before[rows], cells])
        filled[:, -1] = before.shape[1] + lengths[rows]
        numbers[rows] = _of_words(np.ascontiguousarray(filled.view("<u8").T), key)
    return numbers.view(np.int64)


def cells_of(texts: pa.Array, width: int) -> NDArray[np.uint8]:
    """Return the bytes of texts that are no longer than ``width``, with zeros behind them."""
    starts, lengths, data = _places(texts)
    return _cells(data, starts, lengths, width)


def _places(texts: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.int64], bytes]:
    """Return where each text starts, how long it is, and all of them one after the other."""
    texts = texts.cast(pa.large_binary())
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    held = b"" if data is None else bytes(memoryview(data)[ends[0] : ends[-1]])
    return ends[:-1] - ends[0], np.diff(ends), held


def _cells(data: bytes, starts: NDArray[np.int64], lengths: NDArray[np.int64], width: int) -> NDArray[np.uint8]:
    # Every place of the data is seen as the start of so many bytes, of which those of a text are copied at once.
    windows: NDArray[Any] = np.ndarray(len(data) + 1, dtype=f"V{width}", buffer=data + bytes(width), strides=(1,))
    cells = windows[starts].view(np.uint8).reshape(-1, width)
    shortest = int(lengths.min(initial=width))
    cells[:, shortest:] *= np.arange(shortest, width) < lengths[:, None]
    return cells


def _of_one_size(n_words: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Yield the rows of the same number of words, some at once."""
    for start in range(0, len(n_words), ROWS_AT_ONCE):
        some = n_words[start : start + ROWS_AT_ONCE]
        for n in np.flatnonzero(np.bincount(some)).tolist():
            yield n, np.flatnonzero(some == n) + start


def _of_words(words: NDArray[np.uint64], key: bytes) -> NDArray[np.uint64]:
    """Return the number of each column of words."""
    halves = np.frombuffer(key, dtype="<u8")
    state = [np.full(words.shape[1], np.uint64(begin) ^ halves[place % 2]) for place, begin in enumerate(START)]
    turned = np.empty_like(state[0])
    for word in words:
        state[3] ^= word
        for _ in range(ROUNDS):
            _round(state, turned)
        state[0] ^= word
    state[2] ^= END
    for _ in range(LAST_ROUNDS):
        _round(state, turned)
    numbers: NDArray[np.uint64] = state[0] ^ state[1] ^ state[2] ^ state[3]
    return numbers


def _round(state: list[NDArray[np.uint64]], turned: NDArray[np.uint64]) -> None:
    a, b, c, d = state
    _mix(a, b, 13, turned)
    _turn(a, 32, turned)
    _mix(c, d, 16, turned)
    _mix(a, d, 21, turned)
    _mix(c, b, 17, turned)
    _turn(c, 32, turned)


def _mix(one: NDArray[np.uint64], other: NDArray[np.uint64], by: int, turned: NDArray[np.uint64]) -> None:
    one += other
    _turn(other, by, turned)
    other ^= one


def _turn(words: NDArray[np.uint64], by: int, turned: NDArray[np.uint64]) -> None:
    """Turn the bits of words to the left, in place."""
    np.right_shift(words, np.uint64(64 - by), out=turned)
    np.left_shift(words, np.uint64(by), out=words)
    words |= turned
