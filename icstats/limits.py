"""Numbers that decide what a reader is told, each in one place."""

from __future__ import annotations

__all__ = ["RELIABLE_FROM", "VERDICTS"]

RELIABLE_FROM = 0.7
"""Lower limit of the interval from which a scale is reliable enough for research (Nunnally 1978)."""

VERDICTS = ("clearly_above", "slightly_above", "equal", "slightly_below", "clearly_below", "uncertain")
"""What a comparison with a norm can come out as, in the order in which it is told."""
