"""How good the data are: what was found among the ratings and what was done with it, as far as it may be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from icstats.disclosure import shown_n
from icstats.tally import (
    AHEAD,
    BLANK,
    DONT_KNOW,
    DOUBLE,
    HASTY,
    NO_DAY,
    NOT_APPLICABLE,
    OUTSIDE,
    SPELLING,
    STRAIGHT_LINING,
    UNINVITED,
    compared_items,
)
from icstats.written import written_n

if TYPE_CHECKING:
    from collections.abc import Mapping

    from icstats.store import Contents
    from icstats.study import Study
    from icstats.texts import Texts

__all__ = ["quality_sentences"]

KINDS = (DOUBLE, UNINVITED, STRAIGHT_LINING, HASTY, NO_DAY, OUTSIDE, AHEAD, BLANK, SPELLING, NOT_APPLICABLE, DONT_KNOW)


def quality_sentences(
    contents: Contents, study: Study, *, wave: str, departments: Mapping[str, str], texts: Texts
) -> list[str]:
    """Return what was found among the ratings of a wave, one sentence per kind.

    Numbers are bands of ten, so that none can be subtracted from another; below the minimum there is no number, not of
    the organisation and not of a department.

    Parameters
    ----------
    contents
        What the store of the study holds.
    wave
        The wave that is reported.
    departments
        Slug -> name of the departments that may be shown.
    texts
        The reader's language.
    """
    fewest = study.policy.minimum_answers
    sentences = []
    for kind in KINDS:
        found = {one.department: one.n for one in contents.findings if one.kind == kind and one.wave == wave}
        total = sum(found.values())
        if total < fewest:
            continue
        questions = len(compared_items(study.questionnaire))
        numbers = {"n": _band(total, study, texts), "done": texts.say(f"quality.{_done(kind, study)}")}
        sentences.append(texts.say(f"quality.{kind}", questions=questions, **numbers))
        named = [
            texts.say("quality.of_department", name=name, n=_band(found[slug], study, texts))
            for slug, name in departments.items()
            if found.get(slug, 0) >= fewest
        ]
        if len(departments) > 1 and named:
            sentences[-1] += " " + texts.say("quality.departments", departments=texts.listing(named))
    return [*sentences, texts.say("quality.rest" if sentences else "quality.nothing", minimum=fewest)]


def _band(n: int, study: Study, texts: Texts) -> str:
    return written_n(shown_n(n, study.policy, total=True), texts)


def _done(kind: str, study: Study) -> str:
    """Return what was done with the ratings of a kind: ``kept`` or ``left_out``."""
    cleaning = study.responses.cleaning
    left_out = {
        DOUBLE: True,
        BLANK: True,
        STRAIGHT_LINING: cleaning.straight_lining == "leave_out",
        HASTY: cleaning.shortest_seconds is not None,
        NO_DAY: cleaning.outside == "leave_out",
        OUTSIDE: cleaning.outside == "leave_out",
        UNINVITED: cleaning.uninvited == "leave_out",
    }
    return "left_out" if left_out.get(kind) else "kept"
