"""The command ``icstats``: check a study, run it, say how it stands, make a new one.

Nothing is imported that a command does not need: ``icstats --help`` answers at once.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from icstats import __version__
from icstats.terminal import (
    print_json,
    refusals,
    say,
    show_codebook,
    show_frame,
    show_plan,
    show_states,
    show_summary,
    show_table,
    shown_progress,
    stopping,
)

if TYPE_CHECKING:
    from icstats.study import Study

ITEM_BANK = Path("questionnaires") / "internal_customer.yaml"
STUDY_SUFFIXES = (".yaml", ".yml", "")
STUDY_FILE = click.argument("study", type=click.Path(path_type=Path))
OUTPUTS = click.option(
    "--outputs",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("outputs"),
    show_default=True,
    help="Folder for everything that is made.",
)
LANGUAGE = click.option("--language", help="Language of the reports; else the study's own.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="icstats")
def main() -> None:
    """Make reports for every staff department, from a survey of its internal customers."""


@main.command()
@STUDY_FILE
@click.option("--department", "departments", multiple=True, metavar="SLUG", help="Only this one; may be repeated.")
@click.option("--workers", type=click.IntRange(min=1), default=2, show_default=True, help="Notebooks at the same time.")
@LANGUAGE
@OUTPUTS
@click.option(
    "--engine",
    type=click.Choice(["fork", "kernel", "dask"]),
    help="In copies of a process that has everything imported, in Jupyter kernels or on a Dask cluster; else what this "
    "system can do.",
)
@click.option("--scheduler", metavar="ADDRESS", help="Scheduler of the Dask cluster, for --engine dask.")
@click.option(
    "--timeout",
    "seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=600.0,
    show_default=True,
    help="Seconds that one notebook may take.",
)
@click.option(
    "--memory", type=click.IntRange(min=100), help="Megabytes that one notebook may take on top of the libraries."
)
@click.option("--overwrite", is_flag=True, help="Make again what was changed by hand.")
@click.option("--retry-failed", "retry", is_flag=True, help="Make only what was begun and did not end well.")
@click.option("--shard", metavar="I/N", help="Make only part I of N; put the parts together with icstats merge.")
def run(study: Path, departments: tuple[str, ...], language: str | None, outputs: Path, **asked: Any) -> None:  # noqa: ANN401  options
    """Make the reports of STUDY that are not up to date: departments' pages, overview and index.

    What is done and still holds is not done again, what failed or was interrupted is. Ends with 0 when all went well,
    1 when a department failed or the run had to stop, 2 when the input is wrong (then nothing is written) and 130
    when it was stopped.
    """
    with refusals(), stopping():
        from icstats.batch import Terms  # noqa: PLC0415  only this command pays for it
        from icstats.batch import run as run_batch  # noqa: PLC0415
        from icstats.engine import default_engine  # noqa: PLC0415
        from icstats.parts import read_shard  # noqa: PLC0415

        opened = _opened(study)
        with shown_progress(opened, language or opened.language) as progress:
            summary = run_batch(
                opened,
                departments=departments or None,
                language=language,
                outputs=outputs,
                terms=Terms(
                    workers=asked["workers"],
                    engine=asked["engine"] or default_engine(),
                    scheduler=asked["scheduler"],
                    seconds=asked["seconds"],
                    memory=asked["memory"],
                ),
                overwrite=asked["overwrite"],
                retry=asked["retry"],
                shard=read_shard(asked["shard"]) if asked["shard"] else None,
                progress=progress,
                note=say,
            )
        show_summary(opened, summary)
        sys.exit(summary.exit_code)


@main.command()
@STUDY_FILE
@LANGUAGE
@OUTPUTS
def status(study: Path, language: str | None, outputs: Path) -> None:
    """Say how the reports of STUDY stand: done, failed and why, out of date, or changed by hand."""
    with refusals():
        from icstats.batch import states  # noqa: PLC0415  only this command pays for it

        opened = _opened(study)
        show_states(opened, states(opened, language=language, outputs=outputs))


@main.command()
@STUDY_FILE
@LANGUAGE
@OUTPUTS
def pdf(study: Path, language: str | None, outputs: Path) -> None:
    """Print the released reports of STUDY as PDFs: one per department, and the overview.

    They lie beside the reports, and the next run that releases others removes them.
    """
    with refusals(), stopping():
        from icstats.printed import write_pdfs  # noqa: PLC0415  only this command pays for it

        for path in write_pdfs(_opened(study), language=language, outputs=outputs, note=say):
            click.echo(path)


@main.command()
@STUDY_FILE
@LANGUAGE
@OUTPUTS
def merge(study: Path, language: str | None, outputs: Path) -> None:
    """Put the parts of STUDY together that were made with --shard, and release them as one."""
    with refusals():
        from icstats.merging import merge as merge_shards  # noqa: PLC0415  only this command pays for it

        opened = _opened(study)
        summary = merge_shards(opened, language=language, outputs=outputs, note=say)
        show_summary(opened, summary)
        sys.exit(summary.exit_code)


@main.command()
@STUDY_FILE
@click.option("--department", "departments", multiple=True, metavar="SLUG", help="Only this one; may be repeated.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How it is said.")
@click.option(
    "--draft", type=click.Path(path_type=Path, dir_okay=False), help="New file for the questionnaire of a survey file."
)
def check(study: Path, departments: tuple[str, ...], form: str, draft: Path | None) -> None:
    """Say what is wrong with STUDY and what would be run; nothing is written or started.

    STUDY may also be a survey file: then the questions in it are listed, and a questionnaire to edit is drafted.
    """
    with refusals(as_json=form == "json"):
        if study.suffix.lower() not in STUDY_SUFFIXES:
            _check_survey_file(study, draft, as_json=form == "json")
            return
        from icstats.plan import check as check_plan  # noqa: PLC0415

        checked = check_plan(_opened(study), departments=departments or None)
        if form == "json":
            print_json({"problems": [], "answered": dict(checked.answered), "notes": list(checked.notes)})
        else:
            show_plan(checked)


def _check_survey_file(file: Path, draft: Path | None, *, as_json: bool) -> None:
    from icstats.codebook import draft_questionnaire, read_codebook  # noqa: PLC0415
    from icstats.errors import ParameterError  # noqa: PLC0415

    if draft is not None and draft.exists():
        message = f"{draft} exists already; it is left as it is."
        raise ParameterError(message, code="ICS-706", hint="choose another name")
    codebook = read_codebook(file.resolve())
    if as_json:
        print_json({"problems": [], **asdict(codebook)})
    else:
        show_codebook(codebook)
    drafted = draft_questionnaire(codebook)
    if not drafted:
        click.echo("No closed question of three answers or more was found: there is nothing to draft.", err=as_json)
    elif draft is not None:
        draft.write_text(drafted, encoding="utf-8", newline="\n")
        click.echo(f"Drafted {draft}.", err=as_json)
    elif not as_json:
        click.echo(f"\nA questionnaire to edit (--draft FILE writes it):\n\n{drafted}", nl=False)


@main.command()
@click.argument("name")
def new(name: str) -> None:
    """Make a study to fill in: params/NAME.yaml, with the item bank beside it where that is not there yet."""
    with refusals():
        from icstats.errors import ParameterError  # noqa: PLC0415
        from icstats.template import study_template  # noqa: PLC0415

        target = Path("params") / f"{name}.yaml"
        text = study_template(name)
        if target.exists():
            raise ParameterError(
                f"{target.as_posix()} exists already; it is left as it is.", code="ICS-706", hint="choose another name"
            )
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
        bank = Path("params") / ITEM_BANK
        ours = Path(__file__).resolve().parents[1] / bank
        if ours.is_file() and not bank.exists():
            bank.parent.mkdir(exist_ok=True)
            bank.write_bytes(ours.read_bytes())
            click.echo(f"Made {bank.as_posix()}, the questions to choose from.")
        click.echo(f"Made {target.as_posix()}. Fill it in, then: icstats check {target.as_posix()}")


@main.command()
@STUDY_FILE
def comments(study: Path) -> None:
    """Write what customers of STUDY wrote, masked, into private sheets: say yes there to what may be shown."""
    with refusals():
        from icstats.comments import write_sheets  # noqa: PLC0415  only this command pays for it
        from icstats.edition import open_edition  # noqa: PLC0415

        edition = open_edition(_opened(study).file)
        responses = edition.organisation.responses
        sheets = write_sheets(edition.study, responses, wave=edition.wave, ledger=edition.ledger)
        for sheet in sheets:
            click.echo(f"{sheet.path}: {sheet.n_shown} of {sheet.n} are shown")
        if not sheets:
            click.echo("There is nothing to read: no comments, or too few customers.")


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def simulate(folder: Path) -> None:
    """Write the simulated example study into FOLDER, which has params/questionnaires."""
    with refusals():
        from icstats.example import write_example  # noqa: PLC0415
        from icstats.questionnaire import read_questionnaire  # noqa: PLC0415

        bank = read_questionnaire(folder / "params" / ITEM_BANK)
        for path in write_example(folder, questionnaire=bank):
            click.echo(path)


@main.group()
def norms() -> None:
    """Make norms: from many organisations' surveys, or from published scores."""


@norms.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("data/norms"),
    show_default=True,
    help="Folder for the norm.",
)
def build(recipe: Path, into: Path) -> None:
    """Pool the surveys that RECIPE lists into a norm: its values, its description and where it comes from."""
    with refusals():
        from icstats.recipe import build_norm, write_norm  # noqa: PLC0415

        built = build_norm(recipe)
        for path in write_norm(built, into):
            click.echo(path)
        for code, reason in built.left_out.items():
            click.echo(f"{code} is not in the norm: {reason}.")


@norms.command("import")
@click.argument("scores", type=click.Path(path_type=Path))
@click.option("--score", required=True, help="Column with the organisations' scores.")
@click.option("--organisation", default="Organisation", show_default=True, help="Column with their names.")
@click.option(
    "--published", required=True, help="Row with the published median; rows of its group are no organisation."
)
@click.option("--group", default="Departmental Group", show_default=True, help="Column that tells such rows apart.")
@click.option(
    "--into", type=click.Path(path_type=Path), help="Description of a norm (.yaml); the scores become a row of it."
)
@click.option("--code", help="Item, scale or block that was scored; with --into.")
@click.option("--scale", type=(int, int), default=(0, 100), show_default=True, help="Ends of the scale of the scores.")
def import_scores(
    *,
    scores: Path,
    score: str,
    organisation: str,
    published: str,
    group: str,
    into: Path | None,
    code: str | None,
    scale: tuple[int, int],
) -> None:
    """Compare the organisations of a table of published SCORES with the median that was published with it.

    With --into they become a row of a norm as well.
    """
    if (into is None) != (code is None):
        raise click.UsageError("--into and --code go together: which norm, and which of its codes.")
    with refusals():
        from icstats.published import read_published, write_published_norm  # noqa: PLC0415

        found = read_published(scores, score=score, organisation=organisation, published=published, group=group)
        rows = [(str(name), f"{value:g}", f"{value - found.published:+g}") for name, value in found.scores.items()]
        show_table(("organisation", score, "against the published median"), rows)
        click.echo(
            f"{len(rows)} organisations: median {found.median:g}, published {found.published:g}; quartiles "
            f"{found.quartiles[0]:g} and {found.quartiles[1]:g}; standard deviation {found.sd_between:.1f}."
        )
        if into is not None and code is not None:
            low, high = scale
            click.echo(write_published_norm(found, into, code=code, minimum=low, maximum=high, file=scores))


@main.group()
def questionnaire() -> None:
    """Choose the questions together, and put them to the customers."""


@questionnaire.command()
@click.argument("fieldwork", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def choose(fieldwork: Path, folder: Path) -> None:
    """Make a workbook per department in FOLDER, in which its staff rate the questions they may add.

    A workbook that is there already is left as it is.
    """
    with refusals():
        from icstats.choosing import write_sheets  # noqa: PLC0415
        from icstats.fieldwork import read_fieldwork  # noqa: PLC0415

        for path in write_sheets(read_fieldwork(fieldwork), folder):
            click.echo(path)


@questionnaire.command()
@click.argument("fieldwork", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
def propose(fieldwork: Path, folder: Path) -> None:
    """Read the workbooks in FOLDER back: the questions of every department, the reasons, and what they will give."""
    with refusals():
        from icstats.choosing import (  # noqa: PLC0415
            chosen_questionnaire,
            pilot,
            planned_sizes,
            propose,
            read_sheets,
            remarks,
            write_proposal,
        )
        from icstats.fieldwork import read_fieldwork  # noqa: PLC0415
        from icstats.texts import Texts  # noqa: PLC0415

        read = read_fieldwork(fieldwork)
        sheets = read_sheets(read, folder)
        selection = propose(read, sheets)
        for written in write_proposal(read, selection, folder):
            click.echo(written)
        for remark in remarks(read, sheets, Texts("en")):
            click.echo(remark)
        show_table(
            ("department", "question", "decision"), [(c.department, c.item, c.reason) for c in selection.choices]
        )
        show_frame(pilot(read, chosen_questionnaire(read, selection), seed=read.seed))
        if any(one.invited for one in read.departments):
            show_frame(planned_sizes(read))


@questionnaire.command()
@click.argument("fieldwork", type=click.Path(path_type=Path))
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder; else one called as the fieldwork, beside FIELDWORK.",
)
def field(fieldwork: Path, into: Path | None) -> None:
    """Make the forms that FIELDWORK describes: XLSForm, LimeSurvey, paper, and the studies that read them back."""
    with refusals():
        from icstats.fielding import field_questionnaire  # noqa: PLC0415
        from icstats.fieldwork import read_fieldwork  # noqa: PLC0415

        read = read_fieldwork(fieldwork)
        for path in field_questionnaire(read, into or fieldwork.parent / read.name):
            click.echo(path)


@questionnaire.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
def collect(folder: Path) -> None:
    """Put what staff answered (the mirror) beside what customers answered: the exports in FOLDER become one file."""
    with refusals():
        from icstats.collecting import collect_exports  # noqa: PLC0415

        for path in collect_exports(folder):
            click.echo(path)


@main.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--study",
    type=click.Path(path_type=Path),
    default=Path("params/example.yaml"),
    show_default=True,
    help="The study that is opened.",
)
@click.option("--department", default="", metavar="SLUG", help="The department that is opened; else the first.")
@click.option("--notebook", default="explore", show_default=True, help="The notebook that is opened.")
@LANGUAGE
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def lab(study: Path, department: str, notebook: str, language: str | None, options: tuple[str, ...]) -> None:
    """Open JupyterLab on a notebook of STUDY, the very one that the batch runs, or on the researcher's desk.

    A parameterised copy is laid in the folder lab; one that is there already is opened as it is. OPTIONS are
    JupyterLab's own.
    """
    with refusals():
        from icstats.desk import lay_out  # noqa: PLC0415  only this command pays for it

        laid = lay_out(_opened(study), notebook=notebook, department=department, language=language or "")
        say(f"Opening {laid}.")
        # Its folder is the root, so that the notebook finds the study; the file browser opens there too.
        command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={laid.parents[1]}"]
        sys.exit(subprocess.call([*command, *options, str(laid)]))  # noqa: S603  the user's own options


def _opened(path: Path) -> Study:
    from icstats.study import read_study  # noqa: PLC0415

    return read_study(path)


if __name__ == "__main__":
    main()
