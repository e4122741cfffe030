"""Scores of organisations that were published: beside the median published with them, and as a norm."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd

from icstats.documents import did_you_mean, file_nearby, parse, read_document, shown_path
from icstats.errors import NormError, Problem
from icstats.norms import COLUMNS, NormDescription

__all__ = ["Published", "read_published", "write_published_norm"]

DECIMALS = 2
UNREADABLE_SCORES, NO_SUCH_PLACE, NO_SCORE = range(434, 437)


@dataclass(frozen=True, kw_only=True)
class Published:
    """Published scores of organisations, beside the median that was published with them.

    Attributes
    ----------
    scores
        Organisation -> score, in the unit of the table; organisations without a score are left out.
    published
        The published median.
    """

    scores: pd.Series[float]
    published: float

    @property
    def median(self) -> float:
        """Median of the organisations."""
        return float(self.scores.median())

    @property
    def quartiles(self) -> tuple[float, float]:
        """Lower and upper quartile of the organisations."""
        return float(self.scores.quantile(0.25)), float(self.scores.quantile(0.75))

    @property
    def sd_between(self) -> float:
        """Standard deviation of the organisations' scores, chance included."""
        return float(self.scores.std())


def read_published(path: Path | str, *, score: str, organisation: str, published: str, group: str) -> Published:
    """Read a table of published scores, one row per organisation and one with the published median.

    Parameters
    ----------
    path
        CSV with a header, UTF-8.
    score
        Column with the scores, as numbers or percentages (63%).
    organisation
        Column with the names.
    published
        Name in that column of the row with the published median.
    group
        Column that tells rows about all organisations together apart: those of the group of ``published`` are not
        organisations.

    Raises
    ------
    NormError
        The file cannot be read; a column or the row is not there; a score is no number, or an organisation stands there
        twice: all at once as far as can be.
    """
    file = Path(path)
    table = _table(file)
    asked = {"score": score, "organisation": organisation, "group": group}
    lost = [name for name in dict.fromkeys(asked.values()) if name not in table.columns]
    named = table[organisation].str.strip() if organisation in table.columns else pd.Series(dtype=str)
    rows = named.index[named == published.strip()].tolist()
    problems = [_lost(file, name, list(table.columns)) for name in lost]
    if organisation not in lost and len(rows) != 1:
        problems.append(
            Problem(
                code=f"ICS-{NO_SUCH_PLACE}",
                file=shown_path(file),
                column=organisation,
                rows=tuple(row + 2 for row in rows),
                message=f'"{published}" stands in {len(rows)} rows; one of them holds the published score.',
                hint="" if rows else did_you_mean(published, named.tolist()),
            )
        )
    if problems:
        raise NormError(problems)
    numbers = pd.to_numeric(table[score].str.strip().str.removesuffix("%"), errors="coerce")
    given = table[score].str.strip() != ""
    given.loc[rows] = True  # the published score is never missing
    problems = []
    is_percentage = table[score].str.strip().str.endswith("%")
    for wrong, message in (
        (given & ~np.isfinite(numbers), "holds scores that are no numbers."),
        (is_percentage & np.isfinite(numbers) & ~numbers.between(0, 100), "holds percentages outside 0 to 100."),
    ):
        if wrong.any():
            problems.append(_wrong(file, score, tuple(int(row) + 2 for row in table.index[wrong]), message))
    apart = table[group] == table.loc[rows[0], group]
    twice = table.index[~apart & named.mask(apart).duplicated(keep=False)]
    if len(twice):
        problems.append(_wrong(file, organisation, tuple(int(row) + 2 for row in twice), "names organisations twice."))
    if problems:
        raise NormError(problems)
    scores = pd.Series(numbers[~apart].to_numpy(dtype=float), index=named[~apart]).dropna()
    return Published(scores=scores, published=float(numbers[rows[0]]))


def write_published_norm(
    found: Published, description: Path, *, code: str, minimum: int, maximum: int, file: Path | str
) -> Path:
    """Write published scores as a row of a norm.

    Parameters
    ----------
    found
        From :func:`read_published`.
    description
        ``<name>.yaml`` of the norm, see :class:`icstats.norms.NormDescription`: it says what the table does not, such
        as how many people are behind it. The row goes into ``<name>.csv`` beside it; another row of that code makes
        way for it, all other rows stay.
    code
        Item, scale or block of the questionnaire that was scored.
    minimum, maximum
        Ends of the response scale that the scores are on.
    file
        The table, for messages.

    Returns
    -------
    Path
        The values: ``mean`` of the organisations' scores, their ``sd_between`` and quartiles. ``sd_within`` is empty,
        as such a table says nothing of the spread of people.

    Raises
    ------
    NormError
        The description cannot be read, or a score lies outside the scale.
    """
    about = parse(read_document(description, error=NormError), NormDescription)
    outside = found.scores[~found.scores.between(minimum, maximum)]
    if len(outside):
        message = f"{len(outside)} scores lie outside the scale from {minimum} to {maximum}."
        raise NormError(Problem(code=f"ICS-{NO_SCORE}", file=shown_path(Path(file)), message=message))
    low, high = found.quartiles
    numbers = {
        "mean": found.scores.mean(),
        "sd_between": found.sd_between,
        "q25": low,
        "q50": found.median,
        "q75": high,
    }
    row = {
        "code": code,
        "minimum": str(minimum),
        "maximum": str(maximum),
        "n_organisations": str(len(found.scores)),
        "n_respondents": str(about.n_respondents),
        **{name: "" if np.isnan(value) else f"{value:.{DECIMALS}f}" for name, value in numbers.items()},
    }
    target = description.with_suffix(".csv")
    known = _table(target) if target.exists() else pd.DataFrame(columns=["code"])
    rows = known[known["code"] != code].to_dict("records")
    text = StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows([{str(name): text for name, text in one.items()} for one in rows])
    writer.writerow(row)
    target.write_text(text.getvalue(), encoding="utf-8", newline="\n")
    return target


def _table(file: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except OSError as failure:
        lost = isinstance(failure, FileNotFoundError)
        message = "there is no such file." if lost else f"the file cannot be read: {failure.strerror}."
        hint = file_nearby(file) if lost else ""
    except UnicodeDecodeError:
        message, hint = "the text is not UTF-8.", 'save it as "CSV UTF-8"'
    except ValueError as failure:
        message, hint = f"this is not CSV: {failure}.", ""
    raise NormError(Problem(code=f"ICS-{UNREADABLE_SCORES}", file=shown_path(file), message=message, hint=hint))


def _lost(file: Path, name: str, known: list[str]) -> Problem:
    return Problem(
        code=f"ICS-{NO_SUCH_PLACE}",
        file=shown_path(file),
        column=name,
        message="is not in the table.",
        hint=did_you_mean(name, known),
    )


def _wrong(file: Path, column: str, rows: tuple[int, ...], message: str) -> Problem:
    return Problem(code=f"ICS-{NO_SCORE}", file=shown_path(file), column=column, rows=rows, message=message)
