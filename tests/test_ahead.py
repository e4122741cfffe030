"""What is made ahead comes in order, and nothing is made any more once nobody takes it."""

from __future__ import annotations

from threading import current_thread
from typing import TYPE_CHECKING

import pytest

from icstats.ahead import one_ahead

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_all_come_in_order_and_are_made_in_one_other_thread() -> None:
    makers = []

    def making() -> Iterator[int]:
        for number in range(20):
            makers.append(current_thread())
            yield number

    with one_ahead(making()) as coming:
        assert list(coming) == list(range(20))
    assert len(set(makers)) == 1
    assert current_thread() not in makers
    with one_ahead([]) as coming:
        assert list(coming) == []


def test_what_is_raised_comes_in_its_place() -> None:
    def making() -> Iterator[int]:
        yield 1
        raise KeyError

    with one_ahead(making()) as coming:
        assert next(coming) == 1
        with pytest.raises(KeyError):
            next(coming)


def test_who_stops_early_leaves_nothing_running_and_nothing_open() -> None:
    ended = []

    def making() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            ended.append(current_thread())

    with one_ahead(making()) as coming:
        assert next(coming) == 0
        assert not ended
    assert ended == [current_thread()]
