"""What comes one after the other, the next of it being made while the one before is used."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["one_ahead"]

Made = TypeVar("Made")


def one_ahead(found: Iterable[Made]) -> Iterator[Made]:
    """Yield the same in the same order, the next one made in a thread of its own meanwhile.

    At most one is waiting, so that memory stays bounded. What is raised while one is made is raised in its place.
    """
    making = iter(found)

    def one() -> list[Made]:
        return list(islice(making, 1))

    with ThreadPoolExecutor(1) as beside:
        coming = beside.submit(one)
        while made := coming.result():
            coming = beside.submit(one)
            yield from made
