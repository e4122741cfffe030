"""A part of the departments, the same on every machine: for arrays of jobs that know only their number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from icstats.errors import ParameterError

__all__ = ["Shard", "read_shard"]

WRITTEN = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")
SUFFIX = re.compile(r"\.shard-([0-9]+)-of-([0-9]+)")


@dataclass(frozen=True, kw_only=True)
class Shard:
    """Part ``number`` of ``total``, counted from 1."""

    number: int
    total: int

    def holds(self, slug: str) -> bool:
        """Return whether a department belongs here; that depends on its slug and ``total`` alone."""
        return int(sha256(slug.encode()).hexdigest(), 16) % self.total == self.number - 1

    @property
    def suffix(self) -> str:
        """What the folder of this part ends with."""
        return f".shard-{self.number}-of-{self.total}"

    @classmethod
    def of_folder(cls, name: str) -> Shard | None:
        """Return the part that a folder is of, from its name."""
        found = SUFFIX.search(name)
        return cls(number=int(found[1]), total=int(found[2])) if found else None


def read_shard(text: str) -> Shard:
    """Return the part that ``2/5`` means.

    Raises
    ------
    ParameterError
        When there is no such part.
    """
    found = WRITTEN.fullmatch(text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise ParameterError(
            f'"{text}" is no part of the departments.',
            code="ICS-718",
            hint="for instance 2/5: the second of five parts",
        )
    return Shard(number=int(found[1]), total=int(found[2]))
