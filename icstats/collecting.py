"""The answers of customers and those of staff, exported by one platform in two files, become one survey file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from icstats.errors import ParameterError
from icstats.fielding import BOTH, PLATFORMS, ROLE, STAFF
from icstats.intake import read_table
from icstats.surveyfile import Columns, ResponsesFile

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["collect_exports"]

RESPONDENTS = {"xlsform": "respondent", "limesurvey": "id"}


def collect_exports(folder: Path) -> tuple[Path, ...]:
    """Put the export for staff beside that for customers, in a file that the study ``<platform>-both.yaml`` reads.

    Parameters
    ----------
    folder
        What :func:`icstats.fielding.field_questionnaire` made, with ``xlsform.csv`` and ``xlsform-staff.csv``, or
        ``limesurvey.csv`` and ``limesurvey-staff.csv``.

    Returns
    -------
    tuple of Path
        ``<platform>-both.csv``: all columns of both, a column ``role``, and respondents whose numbers do not meet. An
        earlier one is replaced.

    Raises
    ------
    ParameterError
        There are no two exports of one platform.
    SurveyFileError
        One of them cannot be read.
    """
    there = [
        name for name in PLATFORMS if (folder / f"{name}.csv").is_file() and (folder / f"{name}{STAFF}.csv").is_file()
    ]
    if not there:
        raise ParameterError(
            f"{folder.name} has no export for customers with one for staff beside it.",
            code="ICS-345",
            hint="save them as xlsform.csv and xlsform-staff.csv, or limesurvey.csv and limesurvey-staff.csv",
        )
    return tuple(_collected(folder, platform) for platform in there)


def _collected(folder: Path, platform: str) -> Path:
    who = RESPONDENTS[platform]
    customers, staff = (
        read_table(ResponsesFile(file=folder / f"{platform}{ending}.csv", columns=Columns(respondent=who))).frame
        for ending in ("", STAFF)
    )
    for frame, role in ((customers, "customer"), (staff, "staff")):
        frame[who] = f"{role} " + frame[who]
        frame[ROLE] = role
    both = pd.concat([customers, staff])
    target = folder / f"{platform}{BOTH}.csv"
    both.fillna("").to_csv(target, index=False, encoding="utf-8", lineterminator="\n")
    return target
