"""What can go wrong, in one small tree.

Every error says what was found, what is allowed and how to mend it, and carries the facts as fields, so that a
batch can list them, a terminal can lay them out and another process can receive them. No message ever holds the
text of a respondent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "DisclosureError",
    "HaltedError",
    "ICStatsError",
    "NormError",
    "NotEnoughDataError",
    "ParameterError",
    "Problem",
    "QuestionnaireError",
    "RunError",
    "SurveyFileError",
]

ROWS_LISTED = 10


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong with one input.

    Attributes
    ----------
    code
        Stable name of the kind of problem, ``ICS-104``.
    message
        What was found and what is allowed, in one sentence without the file name.
    file
        Name of the file as the user wrote it, or empty.
    rows
        Rows as the user sees them in their editor: the header is row 1.
    line, line_column
        Place in a text file such as YAML, counted from 1.
    column
        Name of the column or setting.
    hint
        What to do about it.
    """

    code: str
    message: str
    file: str = ""
    rows: tuple[int, ...] = ()
    line: int | None = None
    line_column: int | None = None
    column: str = ""
    hint: str = ""

    @property
    def place(self) -> str:
        """Where it is: file, row or line, column."""
        parts = [self.file] if self.file else []
        if self.rows:
            parts.append(f"row {self.rows[0]}")
        if self.line is not None:
            parts.append(f"line {self.line}" + (f", character {self.line_column}" if self.line_column else ""))
        if self.column:
            parts.append(f'column "{self.column}"' if self.rows else f'"{self.column}"')
        return ", ".join(parts)

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}" if self.place else self.message
        text += "" if text.endswith((".", "?", "!")) else "."
        if self.hint:
            text += f" Hint: {self.hint}"
        return f"{text} [{self.code}]{self._other_rows}"

    @property
    def as_listed(self) -> dict[str, object]:
        """The facts as plain data; of the rows the first ten and their number."""
        return {
            "code": self.code,
            "file": self.file,
            "rows": list(self.rows[:ROWS_LISTED]),
            "n_rows": len(self.rows),
            "line": self.line,
            "character": self.line_column,
            "column": self.column,
            "message": self.message,
            "hint": self.hint,
        }

    @property
    def _other_rows(self) -> str:
        others = self.rows[1:]
        if not others:
            return ""
        listed = ", ".join(str(row) for row in others[: ROWS_LISTED - 1])
        unlisted = len(others) - (ROWS_LISTED - 1)
        tail = f" and {unlisted} more" if unlisted > 0 else ""
        return f" (also row{'s' if len(others) > 1 else ''} {listed}{tail})"


class ICStatsError(Exception):
    """Base of everything icstats refuses; holds all problems found, not only the first.

    Parameters
    ----------
    problems
        One or more problems, or a single sentence for an error that has no place in a file.
    code
        Code used when a single sentence is given.
    hint
        Hint used when a single sentence is given.
    """

    default_code = "ICS-000"

    def __init__(self, problems: str | Problem | Sequence[Problem], *, code: str = "", hint: str = "") -> None:
        if isinstance(problems, str):
            problems = Problem(code=code or self.default_code, message=problems, hint=hint)
        if isinstance(problems, Problem):
            problems = (problems,)
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)

    def __reduce__(self) -> tuple[type[ICStatsError], tuple[tuple[Problem, ...]]]:
        return (type(self), (self.problems,))


class SurveyFileError(ICStatsError):
    """The survey file cannot be read, or holds what the questionnaire does not allow."""

    default_code = "ICS-100"


class QuestionnaireError(ICStatsError):
    """The questionnaire is unreadable or contradicts itself."""

    default_code = "ICS-200"


class ParameterError(ICStatsError):
    """A study, a policy or an argument is not what is allowed."""

    default_code = "ICS-300"


class NormError(ICStatsError):
    """A norm cannot be read, or may not be compared with this questionnaire."""

    default_code = "ICS-400"


class NotEnoughDataError(ICStatsError):
    """There are too few answers for this statistic."""

    default_code = "ICS-500"


class DisclosureError(ICStatsError):
    """Something would be shown that may not be shown."""

    default_code = "ICS-600"


class RunError(ICStatsError):
    """A batch cannot start or cannot finish."""

    default_code = "ICS-700"


class HaltedError(RunError):
    """A run had to stop before its end; what was released before is untouched."""
