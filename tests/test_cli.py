"""The command: what it says, what it ends with, and what it leaves alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner, Result
from small_study import SmallStudy

from icstats.__main__ import main

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("babel", "jinja2", "jupyter_client", "matplotlib", "nbconvert", "nbformat", "numpy", "pandas", "papermill")
HEAVY = (*HEAVY, "psutil", "pyarrow", "pydantic", "rich", "ruamel", "scipy", "seaborn", "statsmodels", "zmq")

HOW_READ = 'columns are separated by "," (found)\nno column says who answered: every row counts as another person\n'


@pytest.fixture
def study(tmp_path: Path) -> SmallStudy:
    return SmallStudy(tmp_path)


def icstats(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "icstats", *(str(argument) for argument in arguments)]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["status", "--help"], ["--version"]])
def test_help_answers_at_once_because_nothing_is_loaded_for_it(arguments: list[str]) -> None:
    program = (
        "import sys\n"
        "from icstats.__main__ import main\n"
        f"main({arguments!r}, standalone_mode=False)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_command_says_what_it_does() -> None:
    listed = icstats("--help").output
    assert set(main.commands) == {
        "check",
        "comments",
        "lab",
        "merge",
        "new",
        "norms",
        "pdf",
        "questionnaire",
        "run",
        "simulate",
        "status",
    }
    for name, one in main.commands.items():
        assert name in listed
        assert one.help
        assert all(option.help for option in one.params if option.param_type_name == "option")


def test_check_says_what_would_be_run_and_writes_nothing(study: SmallStudy) -> None:
    before = sorted(study.root.rglob("*"))
    result = icstats("check", study.file)
    assert result.exit_code == 0
    assert result.stderr == ""
    assert result.stdout.splitlines() == [
        "department\tanswered by\tnotebooks",
        "Human Resources\t40–49\tdepartment_report, drivers",
        "IT <support>\t40–49\tdepartment_report, drivers",
        "Legal\t40–49\tdepartment_report, drivers",
        'columns are separated by "," (found)',
        "no column says who answered: every row counts as another person",
        "Study small, wave 2026, norm: none.",
        "Nothing is wrong. A run makes 7 notebooks.",
    ]
    assert sorted(study.root.rglob("*")) == before


@pytest.mark.parametrize("verb", ["check", "run"])
def test_wrong_input_is_told_one_line_per_problem_with_exit_code_2(study: SmallStudy, verb: str) -> None:
    before = sorted(study.root.rglob("*"))
    outputs = ["--outputs", study.outputs] if verb == "run" else []
    result = icstats(verb, study.file, "--department", "hrr", "--department", "itt", *outputs)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        'small.yaml: There is no department "hrr" in this study. Hint: did you mean "hr"? [ICS-705]',
        'small.yaml: There is no department "itt" in this study. Hint: did you mean "it"? [ICS-705]',
    ]
    assert sorted(study.root.rglob("*")) == before


def test_a_study_that_cannot_be_read_ends_with_2(tmp_path: Path) -> None:
    result = icstats("check", tmp_path / "nothing.yaml")
    assert result.exit_code == 2
    assert "nothing.yaml" in result.stderr
    assert "Traceback" not in result.output


def test_an_option_that_is_no_option_ends_with_2(study: SmallStudy) -> None:
    assert icstats("run", study.file, "--language", "de").exit_code == 2
    assert icstats("run", study.file, "--workers", "0").exit_code == 2
    assert not study.outputs.exists()


def test_problems_are_laid_out_for_a_person_at_a_terminal(
    study: SmallStudy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "dumb")  # words without colours
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with pytest.raises(SystemExit) as ended:
        main(["check", str(study.file), "--department", "hrr"], standalone_mode=False)
    assert ended.value.code == 2
    assert [line.rstrip() for line in capsys.readouterr().err.splitlines()] == [
        "small.yaml  ICS-705",
        '  There is no department "hrr" in this study.',
        '  Hint: did you mean "hr"?',
        "1 problem; nothing was written.",
    ]


def test_a_run_ends_with_the_path_of_the_index_and_names_what_failed(study: SmallStudy) -> None:
    study.ask("drivers", "it", mischief="raise KeyError('an answer')")
    done = subprocess.run(
        command("run", study.file, "--outputs", study.outputs, "--language", "nl"),
        capture_output=True,
        text=True,
        check=False,
        cwd=study.root,
        env=environment(),
    )
    assert done.returncode == 1
    assert done.stderr == HOW_READ
    *lines, last = done.stdout.splitlines()
    index = study.folder.with_name("2026.nl") / "index.html"
    assert last == str(index)
    assert "ICT <support>: drivers failed" in [line.partition(" ")[2] for line in lines]
    reason = "An unexpected error ended it (KeyError). Hint: run it once more; the full story is in the private logs"
    assert f"ICT <support>\tfailed\t{reason} [ICS-730]" in lines
    assert "Personeelszaken\tdone" in lines
    assert (
        f"Failed: ICT <support>. The full story, which may hold answers, is in {study.root}/data/.store/logs." in lines
    )
    assert "an answer" not in done.stdout
    assert 'lang="nl"' in index.read_text(encoding="utf-8")

    study.ask("drivers", "it", mischief="")
    one = ("--language", "nl", "--department", "it", "--workers", "1")
    mended = icstats("run", study.file, "--outputs", study.outputs, *one)
    assert mended.exit_code == 0
    assert mended.stdout.splitlines()[-1] == str(index)


def test_a_run_loads_neither_pandas_nor_zmq_in_the_process_that_waits(study: SmallStudy) -> None:
    program = (
        "import sys\n"
        "from icstats.__main__ import main\n"
        f"arguments = ['run', {str(study.file)!r}, '--outputs', {str(study.outputs)!r}, '--department', 'hr']\n"
        "for _ in 'made', 'up to date':\n"
        "    try:\n"
        "        main(arguments, standalone_mode=False)\n"
        "    except SystemExit as end:\n"
        "        print(end.code)\n"
        "print([name for name in ('IPython', 'matplotlib', 'nbformat', 'pandas', 'papermill', 'scipy', 'zmq')"
        " if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=study.root, env=environment()
    )
    *lines, last = done.stdout.splitlines()
    assert lines.count("0") == 2
    assert "Everything is up to date; nothing was made." in lines
    assert last == "[]"


def test_status_says_how_everything_stands_and_writes_nothing(study: SmallStudy) -> None:
    study.ask("drivers", "it", mischief="raise KeyError('an answer')")
    assert icstats("run", study.file, "--outputs", study.outputs, "--department", "hr", "--department", "it").exit_code
    page = study.folder / "hr" / "drivers.html"
    page.write_text(page.read_text(encoding="utf-8") + "<!-- mine -->", encoding="utf-8")
    before = study.files()
    result = icstats("status", study.file, "--outputs", study.outputs)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "department\tstatus\treason",
        "Human Resources\tchanged by hand\tdrivers.html",
        (
            "IT <support>\tfailed\tAn unexpected error ended it (KeyError). "
            "Hint: run it once more; the full story is in the private logs [ICS-730]"
        ),
        "Legal\tnot_run",
        "Small & Sons\tdone",
    ]
    assert study.files() == before

    template = study.root / "notebooks" / "overview.ipynb"
    template.write_text(template.read_text(encoding="utf-8").replace("our own", "ours"), encoding="utf-8")
    assert "Small & Sons\tout of date\toverview" in icstats("status", study.file, "--outputs", study.outputs).stdout


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("engine", ["fork", "kernel"])
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_stopped_run_ends_with_130_and_leaves_no_process_and_the_earlier_release(
    study: SmallStudy, name: str, engine: str
) -> None:
    study.folder.mkdir(parents=True)
    (study.folder / "index.html").write_text("of an earlier run", encoding="utf-8")
    mark = study.root / "kernel-{}"
    hang = f"Path({str(mark)!r}.format(os.getpid())).touch(); import time; time.sleep(600)"
    for notebook, department in (("overview", "organisation"), ("department_report", "hr")):
        study.ask(notebook, department, mischief=hang)
    running = subprocess.Popen(
        command("run", study.file, "--outputs", study.outputs, "--engine", engine),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=study.root,
        env=environment(),
    )
    with running:
        at_work: list[int] = []
        while len(at_work) < 2 and running.poll() is None:
            time.sleep(0.1)
            at_work = [int(path.name.partition("-")[2]) for path in study.root.glob("kernel-*")]
        processes = psutil.Process(running.pid).children(recursive=True)
        running.send_signal(signal.Signals[name])
        out, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert err == HOW_READ + "Stopped. What was released before is as it was; the next run goes on from here.\n"
    assert {process.pid for process in processes} >= set(at_work)
    _, alive = psutil.wait_procs(processes, timeout=60)
    assert alive == []
    assert study.files().keys() - {"small/.2026.making/receipt.json", "small/.2026.making/hr/receipt.json"} == {
        "small/2026/index.html"
    }
    assert (study.folder / "index.html").read_text(encoding="utf-8") == "of an earlier run"
    assert out == ""

    for notebook, department in (("overview", "organisation"), ("department_report", "hr")):
        study.ask(notebook, department, mischief="")
    assert "Human Resources\tinterrupted" in icstats("status", study.file, "--outputs", study.outputs).stdout
    assert icstats("run", study.file, "--outputs", study.outputs, "--engine", engine).exit_code == 0


def test_parts_are_made_and_put_together(study: SmallStudy) -> None:
    outputs = ["--outputs", study.outputs]
    assert icstats("run", study.file, *outputs, "--shard", "3/2").exit_code == 2
    for part in ("1/2", "2/2"):
        made = icstats("run", study.file, *outputs, "--shard", part)
        assert made.exit_code == 0, made.output
    together = icstats("merge", study.file, *outputs)
    assert together.exit_code == 0, together.output
    assert together.stdout.splitlines()[-1] == str(study.folder / "index.html")
    assert [path.name for path in study.folder.parent.iterdir()] == ["2026"]


def test_new_makes_a_study_that_can_be_read_and_never_overwrites(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = icstats("new", "my-survey")
    assert made.exit_code == 0
    assert made.stdout == (
        "Made params/questionnaires/internal_customer.yaml, the questions to choose from.\n"
        "Made params/my-survey.yaml. Fill it in, then: icstats check params/my-survey.yaml\n"
    )
    study = tmp_path / "params" / "my-survey.yaml"
    assert "name: my-survey" in study.read_text(encoding="utf-8")
    checked = icstats("check", study)
    assert checked.exit_code == 2
    assert checked.stderr == (
        'params/my-survey.yaml, line 17, character 3, "responses.file": there is no file data/my-survey.csv. '
        "Hint: there is no folder data [ICS-321]\n"
    )
    bank = tmp_path / "params" / "questionnaires" / "internal_customer.yaml"
    bank.write_text("my own", encoding="utf-8")
    assert icstats("new", "another").stdout.count("Made") == 1
    assert bank.read_text(encoding="utf-8") == "my own"

    study.write_text("mine", encoding="utf-8")
    again = icstats("new", "my-survey")
    assert again.exit_code == 2
    assert again.stderr == (
        "params/my-survey.yaml exists already; it is left as it is. Hint: choose another name [ICS-706]\n"
    )
    assert study.read_text(encoding="utf-8") == "mine"


def test_new_refuses_a_name_that_is_no_name_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = icstats("new", "../elsewhere")
    assert result.exit_code == 2
    assert "[ICS-332]" in result.stderr
    assert list(tmp_path.rglob("*")) == []


def test_simulate_writes_the_example_that_is_in_the_repository(tmp_path: Path) -> None:
    bank = tmp_path / "params" / "questionnaires" / "internal_customer.yaml"
    bank.parent.mkdir(parents=True)
    bank.write_bytes((ROOT / "params" / "questionnaires" / "internal_customer.yaml").read_bytes())
    result = icstats("simulate", tmp_path)
    assert result.exit_code == 0, result.output
    written = [Path(line).relative_to(tmp_path) for line in result.stdout.splitlines()]
    assert Path("data/example/responses.csv") in written
    for path in written:
        if path.parts[0] == "data":
            assert (tmp_path / path).read_bytes() == (ROOT / path).read_bytes(), path


def test_lab_opens_the_notebook_that_was_asked_for_with_our_own_python(
    study: SmallStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(subprocess, "call", lambda arguments: started.append(arguments) or 0)
    asked = ("--study", study.file, "--department", "it", "--notebook", "drivers", "--no-browser")
    assert icstats("lab", *asked).exit_code == 0
    opened = study.root / "lab" / "small-it-drivers.ipynb"
    root = f"--ServerApp.root_dir={study.root}"
    assert started == [[sys.executable, "-m", "jupyterlab", root, "--no-browser", str(opened)]]
    assert opened.is_file()
