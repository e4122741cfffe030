"""Seeds that depend on what is computed, never on when or by which worker."""

from __future__ import annotations

from hashlib import blake2b

__all__ = ["derive_seed"]


def derive_seed(seed: int, *names: str) -> int:
    """Return the seed of one named computation.

    Parameters
    ----------
    seed
        Seed of the study.
    names
        What is computed, from wide to narrow: department, statistic.

    Returns
    -------
    int
        Between 0 and 2**63 - 1; the same for the same arguments on every machine.
    """
    text = "\x1f".join((str(seed), *names))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 1
