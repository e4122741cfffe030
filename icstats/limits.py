"""Numbers that decide what a reader is told, each in one place."""

from __future__ import annotations

__all__ = ["RELIABLE_FROM"]

RELIABLE_FROM = 0.7
"""Lower limit of the interval from which a scale is reliable enough for research (Nunnally 1978)."""
