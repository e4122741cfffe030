"""What the command says: progress, tables, refusals; laid out for a person at a terminal, plain for anything else."""

from __future__ import annotations

import json
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pandas as pd

    from icstats.batch import Step
    from icstats.codebook import Codebook
    from icstats.errors import Problem
    from icstats.plan import Checked
    from icstats.study import Study
    from icstats.summary import RunSummary, SubjectReport

__all__ = [
    "print_json",
    "refusals",
    "say",
    "show_codebook",
    "show_frame",
    "show_plan",
    "show_states",
    "show_summary",
    "show_table",
    "shown_progress",
    "stopping",
]

HALTED = 1
BAD_INPUT = 2
STOPPED = 130

WHY_HIDDEN = "too few answers, or it would give such a department away"
WHY_STATUS = {"suppressed": WHY_HIDDEN}
WIDEST_QUESTION = 60
MOST_NAMED = 3


def say(sentence: str) -> None:
    """Print a sentence beside the results."""
    click.echo(sentence, err=True)


@contextmanager
def refusals(*, as_json: bool = False) -> Iterator[None]:
    """Lay out what is wrong with the input, and end with the exit code for that."""
    from icstats.errors import HaltedError, ICStatsError  # noqa: PLC0415

    try:
        yield
    except HaltedError as error:
        say(str(error))
        sys.exit(HALTED)
    except ICStatsError as error:
        if as_json:
            print_json({"problems": [problem.as_listed for problem in error.problems]})
        else:
            _show_problems(error.problems)
        sys.exit(BAD_INPUT)


def print_json(content: object) -> None:
    """Print for a program that reads it."""
    click.echo(json.dumps(content, ensure_ascii=False, indent=1))


@contextmanager
def stopping() -> Iterator[None]:
    """End with the exit code for that when stopped, by Ctrl-C or by the system."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        say("Stopped. What was released before is as it was; the next run goes on from here.")
        sys.exit(STOPPED)
    finally:
        signal.signal(signal.SIGTERM, before)


def _show_problems(problems: Sequence[Problem]) -> None:
    """Print each problem: laid out for a person at a terminal, one line each for anything else."""
    if not sys.stderr.isatty():
        for problem in problems:
            click.echo(str(problem), err=True)
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.padding import Padding  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(stderr=True)
    for problem in problems:
        console.print(Text.assemble((problem.place or "icstats", "bold"), (f"  {problem.code}", "dim")))
        console.print(Padding(Text(problem.message), (0, 2)))
        if problem.rows[1:]:
            console.print(Padding(Text(f"rows {', '.join(map(str, problem.rows))}", style="dim"), (0, 2)))
        if problem.hint:
            console.print(Padding(Text.assemble(("Hint: ", "green"), problem.hint), (0, 2)))
    console.print(f"{len(problems)} problem{'s' if len(problems) > 1 else ''}; nothing was written.", style="bold red")


@contextmanager
def shown_progress(study: Study, language: str) -> Iterator[Callable[[Step], None]]:
    """Show how far a run is: a bar at a terminal, a line per notebook elsewhere."""
    names = _names(study, language)
    if not sys.stdout.isatty():
        yield lambda step: _print_step(step, names)
        return
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    so_far = (SpinnerColumn(), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    columns = (*so_far, TextColumn("{task.description}"))
    with Progress(*columns, transient=True) as bar:
        task = bar.add_task("starting", total=None)
        at_work: dict[tuple[str, str], str] = {}

        def show(step: Step) -> None:
            at_work.pop((step.department, step.notebook), None)
            if step.status == "begun":
                at_work[step.department, step.notebook] = names[step.department]
            if step.status == "failed":
                bar.console.print(f"{names[step.department]}: {step.notebook} failed", style="red", markup=False)
            named = ", ".join(dict.fromkeys(at_work.values()))
            bar.update(task, completed=step.ended, total=step.total, description=named.replace("[", r"\["))

        yield show


def _print_step(step: Step, names: dict[str, str]) -> None:
    if step.status != "begun":
        click.echo(f"{step.ended}/{step.total} {names[step.department]}: {step.notebook} {step.status}")


def _names(study: Study, language: str) -> dict[str, str]:
    from icstats.study import ORGANISATION  # noqa: PLC0415  with it comes pydantic

    departments = {one.slug: one.name[language] for one in study.departments}
    return {ORGANISATION: study.organisation[language], **departments}


def show_plan(checked: Checked) -> None:
    """Print what a run would do."""
    plan = checked.plan
    study = plan.study
    show_table(
        ("department", "answered by", "notebooks"),
        [
            (
                study.department(slug).name[study.language],
                checked.answered[slug] or f"not shown: {WHY_HIDDEN}",
                ", ".join(plan.notebooks),
            )
            for slug in plan.departments
        ],
    )
    for note in checked.notes:
        click.echo(note)
    norm = "the mean of these departments" if study.norms == "departments" else Path(str(study.norms)).name
    click.echo(f"Study {study.name}, wave {study.wave}, norm: {norm if study.norms else 'none'}.")
    click.echo(f"Nothing is wrong. A run makes {len(plan.departments) * len(plan.notebooks) + 1} notebooks.")


def show_codebook(codebook: Codebook) -> None:
    """Print the questions of a survey file."""
    show_table(
        ("column", "question", "answers", "n"),
        [
            (
                one.column[:WIDEST_QUESTION],
                "" if one.text == one.column else one.text[:WIDEST_QUESTION],
                one.answers,
                f"{one.n:,}" + (f" + {one.n_missing:,} missing" if one.n_missing else ""),
            )
            for one in codebook.questions
        ],
    )
    for note in codebook.notes:
        click.echo(note)
    click.echo(
        f"{codebook.file}: {codebook.n:,} rows by {len(codebook.questions)} columns; it seems {codebook.layout}."
    )


def show_summary(study: Study, summary: RunSummary) -> None:
    """Print what came of a run, with the reasons of what failed, and where it is."""
    names = _names(study, summary.language)
    if summary.ran:
        subjects = [one for one in (*summary.departments, summary.overview) if one.department in summary.ran]
        show_table(
            ("department", "status", "reason"),
            [(names[one.department], one.status, one.reason or WHY_STATUS.get(one.status, "")) for one in subjects],
        )
        for sentence in _left_out(subjects, names):
            click.echo(sentence)
    else:
        click.echo("Everything is up to date; nothing was made.")
    if summary.failed:
        failed = ", ".join(names[one.department] for one in summary.failed)
        click.echo(f"Failed: {failed}. The full story, which may hold answers, is in {summary.logs}.")
    index = summary.folder / "index.html"
    click.echo(index if index.is_file() else summary.folder)


def _left_out(subjects: Sequence[SubjectReport], names: Mapping[str, str]) -> Iterator[str]:
    """Say of which notebooks outputs were left out, and how many: what an author prints, no reader sees."""
    found: dict[str, dict[str, int]] = {}
    for subject in subjects:
        for entry in subject.notebooks:
            if entry.left_out:
                found.setdefault(entry.notebook, {})[names[subject.department]] = entry.left_out
    for notebook, counts in found.items():
        of = ", ".join(counts) if len(counts) <= MOST_NAMED else f"{len(counts)} departments"
        yield f"{notebook}: outputs that are no section of a report were left out ({sum(counts.values())}, of {of})."


def show_states(study: Study, summary: RunSummary) -> None:
    """Print how every department stands."""
    names = _names(study, summary.language)
    show_table(
        ("department", "status", "reason"),
        [(names[one.department], *_state(one)) for one in (*summary.departments, summary.overview)],
    )


def _state(subject: SubjectReport) -> tuple[str, str]:
    """Return how a department stands, and what there is to say about it."""
    if subject.edited:
        return "changed by hand", ", ".join(subject.edited)
    if subject.status in ("done", "suppressed") and subject.stale:
        return "out of date", ", ".join(subject.stale)
    return subject.status, subject.reason or WHY_STATUS.get(subject.status, "")


def show_table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print a table: drawn at a terminal, separated by tabs elsewhere."""
    if not sys.stdout.isatty():
        for row in (headings, *rows):
            click.echo("\t".join(row).rstrip())
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    drawn = Table(*headings, box=None, pad_edge=False)
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    Console().print(drawn)


def show_frame(frame: pd.DataFrame) -> None:
    """Print a frame as a table."""
    rows = [tuple(_plainly(value) for value in row) for row in frame.to_numpy().tolist()]
    show_table(tuple(map(str, frame.columns)), rows)


def _plainly(value: object) -> str:
    return f"{value:.2f}".removesuffix(".00") if isinstance(value, float) else str(value)
