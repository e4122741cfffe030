"""How many people joined or left between two waves, behind every number that could be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from icstats.scales import valid_answers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from icstats.questionnaire import Questionnaire

__all__ = ["moved"]


def moved(now: pd.DataFrame, earlier: Iterable[pd.DataFrame], questionnaire: Questionnaire) -> pd.DataFrame:
    """Count the people who stand behind a number of one of two waves and not behind that of both.

    Somebody who answers the same again adds the same to both waves: the sum of one minus that of the other is then the
    answers of those who joined minus the answers of those who left. A reader who knows all but one of those finds the
    last.

    Parameters
    ----------
    now
        Ratings frame of the later wave, customers and staff together.
    earlier
        Ratings frames of the waves before; respondents have the same numbers in all.
    questionnaire
        Says what could be shown.

    Returns
    -------
    DataFrame
        Departments x variables of :func:`icstats.scales.valid_counts`: the smallest number that is not 0 over the
        earlier waves, 0 where there is none. A wave that nobody answered in a department is no wave of it.
    """
    answered = _answered(now, questionnaire)
    counts = pd.DataFrame(0, index=answered.index.unique("department"), columns=answered.columns)
    for frame in earlier:
        changed = _changed(answered, _answered(frame, questionnaire)).reindex(counts.index, fill_value=0)
        counts = changed.where((counts == 0) | ((changed > 0) & (changed < counts)), counts)
    return counts


def _answered(ratings: pd.DataFrame, questionnaire: Questionnaire) -> pd.DataFrame:
    """Return whether each person answered, by department and person."""
    keys = [ratings["department"].astype(str).to_numpy(), ratings["respondent"].to_numpy()]
    return valid_answers(ratings, questionnaire).groupby(keys).any().rename_axis(["department", "respondent"])


def _changed(now: pd.DataFrame, earlier: pd.DataFrame) -> pd.DataFrame:
    everybody = now.index.union(earlier.index)
    here, there = (frame.reindex(everybody, fill_value=False) for frame in (now, earlier))
    by_department = (here ^ there).groupby(level="department").sum()
    asked_before = there.groupby(level="department").any()
    return by_department.where(asked_before, 0)
