"""How much of what tells who somebody is was masked in labelled comments, and what else was."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from icstats.masking import MASK, masked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comments_sample import Comment

WORD = re.compile(r"[^\W_]+")
FORM = re.compile(
    r"mevrouw|mevr|mw|heer|meneer|de|dhr|mrs?|ms|drs?|ir|ing|prof|van|den|ter|el|in|op|at|\w"
    r"|toestel|kamer|room|ext|extension|ticket|personeelsnr|personeelsnummer|nr|no|id|medewerkersnummer|medewerkernr"
    r"|employee|staff|number|is|https?|www|com|linkedin|jan",
    re.IGNORECASE,
)
"""What stands before or within what is masked: titles, prefixes, initials, words for kinds of numbers."""


def found(comments: Sequence[Comment], names: Sequence[str]) -> dict[str, str]:
    """Return how many words were masked of those that had to be, and what was masked besides."""
    told = [(one, word) for one in comments for word in one.identifying]
    kept = sum(word in masked(one.text, names=names) for one, word in told)
    harmless = [one for one in comments if not one.identifying]
    changed = sum(masked(one.text, names=names) != one.text for one in harmless)
    return {
        "found": f"{len(told) - kept} of {len(told)}",
        "too much": " ".join(sorted(word for one in comments for word in besides(one, names))) or "nothing",
        "harmless comments changed": f"{changed} of {len(harmless)}",
    }


def besides(comment: Comment, names: Sequence[str]) -> set[str]:
    """Return the words that are gone and tell nothing."""
    left = set(WORD.findall(masked(comment.text, names=names).replace(MASK, " ")))
    meant = {part for word in comment.identifying for part in WORD.findall(word)}
    gone = set(WORD.findall(comment.text)) - left - meant
    return {word for word in gone if not FORM.fullmatch(word) and not word.isdigit()}
