"""What comes one after the other, the next of it being made while the one before is used."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["one_ahead"]

Made = TypeVar("Made")


@contextmanager
def one_ahead(found: Iterable[Made]) -> Iterator[Iterator[Made]]:
    """Give the same in the same order, the next one made in a thread of its own meanwhile.

    At most one is waiting, so that memory stays bounded. What is raised while one is made is raised in its place.
    Afterwards nothing is made any more, also when not all were taken: files and databases can be closed.
    """
    making = iter(found)

    def one() -> list[Made]:
        return list(islice(making, 1))

    def each() -> Iterator[Made]:
        coming = beside.submit(one)
        while made := coming.result():
            coming = beside.submit(one)
            yield from made

    try:
        with ThreadPoolExecutor(1) as beside:
            yield each()
    finally:
        if isinstance(making, Generator):
            making.close()
