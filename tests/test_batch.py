"""A batch writes whole files only, names what failed and why, and leaves nothing of it behind."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from small_study import SmallStudy, hidden, number, numbers_of

from icstats import errands, plan, production
from icstats.batch import Step, Terms, run, run_folder, states
from icstats.collation import merged_rows, shows_a_number
from icstats.errors import ParameterError, RunError
from icstats.plan import check
from icstats.terminal import show_summary
from icstats.workers import Finished

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Self

    from icstats.summary import RunSummary

PRIVATE = "answer of respondent 17"


class Ran:
    """A study, what its run said and what it wrote."""

    def __init__(self, study: SmallStudy) -> None:
        self.study = study
        self.steps: list[Step] = []
        self.summary: RunSummary = run(study.opened(), outputs=study.outputs, progress=self.steps.append)
        self.files = study.files()

    def text(self, name: str) -> str:
        return self.files[f"small/2026/{name}"].decode()

    def json(self, name: str) -> Any:  # noqa: ANN401  any JSON
        return json.loads(self.text(name))


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    study = SmallStudy(tmp_path_factory.mktemp("good"))
    for notebook in study.NOTEBOOKS:
        study.ask(notebook, "legal", rows=hidden(numbers_of("legal")))
    return Ran(study)


def test_everything_is_written_where_it_was_promised(good: Ran) -> None:
    pages = [f"{name}.{kind}" for name in ("department_report", "drivers") for kind in ("html", "ipynb")]
    expected = {f"{slug}/{name}" for slug in ("hr", "it", "legal") for name in (*pages, "receipt.json", "results.json")}
    expected |= {"index.html", "overview.html", "overview.ipynb", "receipt.json", "results.json", "run.json"}
    expected |= {"results.xlsx"}
    assert set(good.files) == {f"small/2026/{name}" for name in expected}


def test_the_summary_says_how_every_department_stands(good: Ran) -> None:
    assert good.summary.exit_code == 0
    assert good.summary.failed == ()
    assert {one.department: one.status for one in good.summary.departments} == {
        "hr": "done",
        "it": "done",
        "legal": "suppressed",
    }
    assert good.summary.overview.status == "done"
    assert good.summary.ran == ("organisation", "hr", "it", "legal")


def test_progress_begins_and_ends_every_notebook_once(good: Ran) -> None:
    begun = [(step.department, step.notebook) for step in good.steps if step.status == "begun"]
    done = [(step.department, step.notebook) for step in good.steps if step.status == "done"]
    assert sorted(begun) == sorted(done)
    assert len(set(done)) == len(done) == 7
    assert [step.ended for step in good.steps if step.status == "done"] == [1, 2, 3, 4, 5, 6, 7]
    assert {step.total for step in good.steps} == {7}


def test_notebooks_keep_their_source_tags_and_sections_and_nothing_else(good: Ran) -> None:
    stored = nbformat.reads(good.text("hr/drivers.ipynb"), as_version=4)
    nbformat.validate(stored)
    assert stored.metadata == {
        "kernelspec": {"display_name": "icstats", "language": "python", "name": "icstats"},
        "language_info": {"name": "python"},
    }
    for cell in stored.cells:
        assert set(cell.metadata) <= {"tags"}
        for output in cell.get("outputs", ()):
            assert output.metadata == {}
            assert output.data["text/html"].startswith("<section>")
    template_ids = [cell.id for cell in nbformat.read(good.study.root / "notebooks" / "drivers.ipynb", 4).cells]
    assert [cell.id for cell in stored.cells if cell.id != "injected-parameters"] == template_ids
    assert "in the stream" not in str([cell.get("outputs") for cell in stored.cells])


def test_the_summary_says_how_many_outputs_were_left_out_of_which_notebooks(
    good: Ran, capsys: pytest.CaptureFixture[str]
) -> None:
    show_summary(good.study.opened(), good.summary)
    said = [line for line in capsys.readouterr().out.splitlines() if "left out" in line]
    left_out = "outputs that are no section of a report were left out"
    assert said == [
        f"department_report: {left_out} (6, of Human Resources, IT <support>, Legal).",
        f"drivers: {left_out} (6, of Human Resources, IT <support>, Legal).",
        f"overview: {left_out} (2, of Small & Sons).",
    ]


def test_nothing_that_is_written_knows_this_machine(good: Ran) -> None:
    for name, content in good.files.items():
        assert str(good.study.root).encode() not in content, name
    assert '\\"params/small.yaml\\"' in good.text("hr/drivers.ipynb")


def test_pages_lead_to_their_siblings_and_to_the_index(good: Ran) -> None:
    page = good.text("it/drivers.html")
    assert "<title>Drivers · IT &lt;support&gt; · wave 2026</title>" in page
    for link in ("../index.html", "department_report.html", "drivers.html"):
        assert f'href="{link}"' in page
    assert 'href="index.html"' in good.text("overview.html")
    assert "drivers in en, 2026" in page


def test_results_are_the_numbers_of_all_notebooks_each_once_and_sorted(good: Ran) -> None:
    rows = good.json("hr/results.json")["rows"]
    assert rows == merged_rows(numbers_of("hr"))
    keys = [(row["department"], row["kind"], row["variable"], row["statistic"]) for row in rows]
    assert keys == sorted(set(keys))
    assert good.json("results.json")["rows"] == merged_rows(numbers_of("organisation"))


def test_the_receipt_says_what_was_run_on_what(good: Ran) -> None:
    receipt = good.json("run.json")
    assert list(receipt) == [
        "study",
        "wave",
        "language",
        "seed",
        "norm",
        "inputs",
        "versions",
        "departments",
        "overview",
        "finished",
    ]
    assert receipt["departments"]["legal"] == {
        "status": "suppressed",
        "reason": "",
        "notebooks": {name: {"status": "done", "reason": ""} for name in ("department_report", "drivers")},
        "edited": [],
    }
    assert set(receipt["inputs"]) == {"responses", "study", "templates"}
    assert {len(receipt["inputs"][name]) for name in ("responses", "study")} == {64}


def test_a_run_of_what_is_up_to_date_makes_nothing_and_starts_no_process(
    good: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(production, "Workers", None)
    again = run(good.study.opened(), outputs=good.study.outputs)
    assert (again.ran, again.made, again.exit_code) == ((), 0, 0)
    assert [one.status for one in again.departments] == ["done", "done", "suppressed"]
    assert good.study.files() == good.files


def test_a_run_of_one_department_leaves_the_others_alone_and_gives_the_same_bytes(good: Ran) -> None:
    for path in (good.study.folder / "hr").glob("d*"):
        path.unlink()
    again = run(good.study.opened(), outputs=good.study.outputs, departments=["hr"], terms=Terms(workers=1))
    assert (again.ran, again.made) == (("hr",), 2)
    assert {one.department: one.status for one in again.departments} == {
        "hr": "done",
        "it": "done",
        "legal": "suppressed",
    }
    after = good.study.files()
    assert set(after) == set(good.files)
    differing = {name for name in after if after[name] != good.files[name]}
    assert differing - {"small/2026/run.json"} <= {"small/2026/hr/receipt.json"}  # the times of the files are in it


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A run in which everything goes wrong that can, over the files of an earlier run."""
    study = SmallStudy(tmp_path_factory.mktemp("broken"))
    for slug in study.SLUGS:
        (study.folder / slug).mkdir(parents=True)
        for name in (
            "department_report.html",
            "department_report.ipynb",
            "drivers.html",
            "drivers.ipynb",
            "results.json",
        ):
            (study.folder / slug / name).write_text("of an earlier run", encoding="utf-8")
    (study.folder / "index.html").write_text("of an earlier run", encoding="utf-8")
    own = "from icstats.errors import NotEnoughDataError; raise NotEnoughDataError(f'Too few in {os.getcwd()}/x.csv.')"
    study.ask("department_report", "hr", mischief=own)
    study.ask("drivers", "hr", mischief=f"raise ValueError({PRIVATE!r})")
    study.ask("department_report", "it", mischief="os.kill(os.getpid(), signal.SIGKILL)")
    study.ask("drivers", "it", html="<section><script>1</script></section>")
    study.ask("drivers", "legal", rows=[number("legal", "Summary", "SA1", "mean", 9.9)])
    study.ask("overview", "organisation", mischief="os._exit(3)")
    return Ran(study)


def reasons(ran: Ran) -> dict[tuple[str, str], str]:
    return {
        (subject.department, one.notebook): one.reason
        for subject in (*ran.summary.departments, ran.summary.overview)
        for one in subject.notebooks
        if one.status == "failed"
    }


UNEXPECTED = (
    "An unexpected error ended it (%s). Hint: run it once more; the full story is in the private logs [ICS-730]"
)


def test_every_failure_has_its_own_reason(broken: Ran) -> None:
    contradiction = "Two sections show a different conf_high for legal / Summary / SA1 / mean. [ICS-712]"
    assert reasons(broken) == {
        ("hr", "department_report"): "Too few in x.csv. [ICS-500]",
        ("hr", "drivers"): UNEXPECTED % "ValueError",
        ("it", "department_report"): (
            "The process that made it ended (signal SIGKILL). "
            "Hint: was there enough memory? fewer workers need less [ICS-711]"
        ),
        ("it", "drivers"): (
            "The page was not written: it would hold <script>. "
            "Hint: a page shows report sections only, and refers to nothing outside itself [ICS-720]"
        ),
        ("legal", "department_report"): contradiction.replace("conf_high", "estimate"),
        ("legal", "drivers"): contradiction.replace("conf_high", "estimate"),
        ("organisation", "overview"): (
            "The process that made it ended (exit code 3). "
            "Hint: was there enough memory? fewer workers need less [ICS-711]"
        ),
    }
    assert broken.summary.exit_code == 1
    assert [one.department for one in broken.summary.failed] == ["hr", "it", "legal", "organisation"]


def test_nothing_of_what_failed_is_left_and_nothing_of_an_earlier_run(broken: Ran) -> None:
    receipts = {f"small/2026/{folder}receipt.json" for folder in ("", "hr/", "it/", "legal/")}
    assert set(broken.files) == {"small/2026/index.html", "small/2026/run.json", *receipts}
    assert b"of an earlier run" not in broken.files["small/2026/index.html"]


def test_the_full_story_is_in_a_private_log_and_nowhere_else(broken: Ran) -> None:
    logs = broken.summary.logs
    assert PRIVATE in (logs / "small-2026-hr-drivers.log").read_text(encoding="utf-8")
    assert [name for name, content in broken.files.items() if PRIVATE.encode() in content] == []
    assert logs.is_relative_to(broken.study.opened().store_folder)
    assert logs.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in logs.iterdir())


def test_what_is_mended_is_made_and_what_was_not_asked_for_keeps_its_reason(broken: Ran) -> None:
    study = broken.study
    for notebook in study.NOTEBOOKS:
        study.ask(notebook, "hr", mischief="")
    study.ask("overview", "organisation", mischief="")
    summary = run(study.opened(), outputs=study.outputs, departments=["hr"])
    assert summary.exit_code == 0
    stand = {one.department: (one.status, one.reason) for one in summary.departments}
    assert stand["hr"] == ("done", "")
    assert stand["it"][0] == "failed"
    assert "SIGKILL" in stand["it"][1]
    assert not (summary.logs / "small-2026-hr-drivers.log").exists()


def test_one_notebook_that_failed_leaves_its_sibling_without_a_link_to_it(tmp_path: Path) -> None:
    study = SmallStudy(tmp_path)
    study.ask("drivers", "hr", mischief="raise KeyError('x')")
    summary = run(study.opened(), outputs=study.outputs, departments=["hr"], language="nl")
    folder = run_folder(study.opened(), study.outputs, language="nl")
    assert folder == study.folder.with_name("2026.nl")
    assert sorted(path.name for path in (folder / "hr").iterdir()) == [
        "department_report.html",
        "department_report.ipynb",
        "receipt.json",
    ]
    page = (folder / "hr" / "department_report.html").read_text(encoding="utf-8")
    assert 'href="drivers.html"' not in page
    assert '<html lang="nl">' in page
    assert "department_report in nl, 2026" in page
    assert {one.department: one.status for one in summary.departments} == {
        "hr": "failed",
        "it": "not_run",
        "legal": "not_run",
    }


def test_two_languages_lie_side_by_side_and_lead_to_each_other(tmp_path: Path) -> None:
    study = SmallStudy(tmp_path)
    for language in ("en", "nl"):
        run(study.opened(), outputs=study.outputs, departments=["hr"], language=language)
    english, dutch = ((study.folder.with_name(name) / "index.html").read_text("utf-8") for name in ("2026", "2026.nl"))
    assert '<a href="../2026.nl/index.html" hreflang="nl" lang="nl">In het Nederlands</a>' in english
    assert '<a href="../2026/index.html" hreflang="en" lang="en">In English</a>' in dutch
    assert states(study.opened(), outputs=study.outputs, language="nl").departments[0].status == "done"


def test_every_page_leads_to_itself_in_the_other_language_and_still_counts_as_made(tmp_path: Path) -> None:
    study = SmallStudy(tmp_path)
    for language in ("en", "nl"):
        run(study.opened(), outputs=study.outputs, language=language)
    dutch = study.folder.with_name("2026.nl")
    for folder, other, name in ((study.folder, "2026.nl", "nl"), (dutch, "2026", "en")):
        pages = [path for path in folder.rglob("*.html") if path.name != "index.html"]
        assert len(pages) == 7
        for page in pages:
            text = page.read_text("utf-8")
            up = "../" if page.parent == folder else "../../"
            address = f"{up}{other}/{page.relative_to(folder).as_posix()}"
            assert text.count('<li class="language">') == 1
            assert f'href="{address}" hreflang="{name}" lang="{name}"' in text
            assert (page.parent / address).is_file()
    for language in ("en", "nl"):
        summary = run(study.opened(), outputs=study.outputs, language=language)
        assert summary.made == 0
        assert [one.edited for one in summary.departments] == [(), (), ()]


def test_a_page_changed_by_hand_gets_no_link_to_another_language(tmp_path: Path) -> None:
    study = SmallStudy(tmp_path)
    run(study.opened(), outputs=study.outputs)
    edited = study.folder / "hr" / "drivers.html"
    edited.write_text(edited.read_text("utf-8").replace("<h2>", "<h2>My "), "utf-8")
    before = edited.read_bytes()
    run(study.opened(), outputs=study.outputs, language="nl")
    assert edited.read_bytes() == before
    assert 'class="language"' in (study.folder / "it" / "drivers.html").read_text("utf-8")


def test_pages_of_a_suppressed_department_lead_to_its_report_only(good: Ran) -> None:
    for name in ("legal/department_report.html", "legal/drivers.html"):
        assert 'href="department_report.html"' in good.text(name)
        assert 'href="drivers.html"' not in good.text(name)


class Here:
    """Performs tasks in this very process, where a test can pretend things; there is only one it may perform."""

    def __init__(self, perform: Callable[[Any], Any], **_: object) -> None:
        assert getattr(perform, "func", None) is errands._prepared, "no notebook may be started"
        self._perform = perform

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def give(self, task: Any) -> None:  # noqa: ANN401  any task
        self._finished = [Finished(task=task, answer=self._perform(task))]

    def finished(self) -> list[Finished[Any, Any]]:
        return self._finished


@pytest.fixture
def untouched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallStudy:
    """A study of which no notebook may start."""
    monkeypatch.setattr(errands, "Workers", Here)
    monkeypatch.setattr(production, "Workers", Here)
    return SmallStudy(tmp_path)


def refused(study: SmallStudy, **asked: Any) -> str:  # noqa: ANN401  arguments of run
    before = sorted(study.root.rglob("*"))
    with pytest.raises(RunError) as from_run:
        run(study.opened(), outputs=study.outputs, **asked, terms=Terms(engine="kernel"))
    with pytest.raises(RunError) as from_check:
        check(study.opened(), **asked, engine="kernel")
    assert sorted(study.root.rglob("*")) == before
    assert str(from_run.value) == str(from_check.value)
    return str(from_run.value)


def test_all_that_is_wrong_is_said_at_once_before_anything_is_written_or_started(
    untouched: SmallStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    (untouched.root / "data" / "small.csv").write_text(
        "department,PD1,PC1,SA1\nhr,1,1,11\nhr,1,1,1\n", encoding="utf-8"
    )
    (untouched.root / "notebooks" / "drivers.ipynb").unlink()
    study = untouched.file.read_text(encoding="utf-8")
    untouched.file.write_text(study + "norms: ../data/norm.csv\n", encoding="utf-8")
    (untouched.root / "data" / "norm.csv").write_text("code\n", encoding="utf-8")
    (untouched.root / "data" / "norm.yaml").write_text("name: norm\n", encoding="utf-8")
    monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", no_kernel)
    message = refused(untouched, departments=["legl"])
    for part in (
        'small.yaml: There is no department "legl" in this study. Hint: did you mean "legal"? [ICS-705]',
        "No template drivers.ipynb in a folder notebooks beside or above the study.",
        "Hint: run icstats in its own folder, or copy its notebooks folder next to params [ICS-702]",
        'There is no Jupyter kernel called "icstats" here.',
        "Hint: python -m ipykernel install --sys-prefix --name icstats --display-name icstats [ICS-701]",
        "norm.yaml",
        'small.csv, row 2, column "SA1"',
    ):
        assert part in message


def write_norm(folder: Path, name: str, year: int) -> None:
    header = "code,minimum,maximum,n_organisations,n_respondents,mean,sd_within,sd_between,q25,q50,q75\n"
    (folder / f"{name}.csv").write_text(f"{header}PC1,1,5,20,900,3.5,0.9,,,,\n", encoding="utf-8")
    text = "{en: All, nl: Alle}"
    (folder / f"{name}.yaml").write_text(
        f"name: {name}\ntitle: {text}\nyear: {year}\npopulation: {text}\nsource: {text}\nmode: online\n"
        "fictional: true\nquestionnaire: small\nversion: '1'\nn_organisations: 20\nn_respondents: 900\n",
        encoding="utf-8",
    )


@pytest.mark.parametrize("year", [2025, 2026])
def test_an_earlier_norm_that_is_not_earlier_is_refused(untouched: SmallStudy, year: int) -> None:
    data = untouched.root / "data"
    write_norm(data, "now", 2025)
    write_norm(data, "before", year)
    study = untouched.file.read_text(encoding="utf-8")
    untouched.file.write_text(study + "norms: ../data/now.csv\nearlier_norms: ../data/before.csv\n", encoding="utf-8")
    assert refused(untouched).endswith(
        f'small.yaml, "earlier_norms": this norm is of {year}, that of this wave of 2025; allowed: an earlier year. '
        "Hint: norms is that of this wave, earlier_norms that of the wave before: are they the other way round? "
        "[ICS-709]"
    )
    write_norm(data, "before", 2024)
    assert check(untouched.opened()).plan.norm == {"name": "now", "fictional": True}


def no_kernel(_: KernelSpecManager, name: str) -> None:
    raise NoSuchKernel(name)


def test_a_missing_kernel_is_told_once_not_once_per_department(
    untouched: SmallStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", no_kernel)
    assert refused(untouched).count("kernel") == 2


def test_a_kernel_of_a_python_that_is_gone_is_told(untouched: SmallStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = untouched.root / "gone" / "python"
    monkeypatch.setattr(plan, "KERNEL", "icstats")
    monkeypatch.setattr(
        KernelSpecManager, "get_kernel_spec", lambda *_: type("Spec", (), {"argv": [str(gone), "-m", "ipykernel"]})
    )
    assert refused(untouched) == (
        'The Jupyter kernel "icstats" belongs to a Python that is no longer there. '
        "Hint: python -m ipykernel install --sys-prefix --name icstats --display-name icstats [ICS-701]"
    )


def test_a_department_that_resembles_none_is_answered_with_all(untouched: SmallStudy) -> None:
    assert refused(untouched, departments=["zzzzzz"]) == (
        'small.yaml: There is no department "zzzzzz" in this study. Hint: the departments are hr, it, legal [ICS-705]'
    )


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"terms": Terms(workers=0)}, "There must be at least 1 worker, not 0. [ICS-703]"),
        ({"language": "de"}, 'There are no reports in language "de"; allowed: en, nl. [ICS-704]'),
    ],
)
def test_arguments_that_cannot_be(untouched: SmallStudy, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError) as refusal:
        run(untouched.opened(), outputs=untouched.outputs, **asked)
    assert str(refusal.value) == message
    assert not untouched.outputs.exists()


def test_a_store_that_cannot_be_made_is_refused_by_a_check_and_by_a_run(
    untouched: SmallStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(untouched.root)
    (untouched.root / "afile").touch()
    study = untouched.opened().model_copy(update={"store": untouched.root / "afile"})
    message = (
        "afile: the answers cannot be written here: not a directory. "
        "Hint: give another folder as store in the study file [ICS-731]"
    )
    for refused in (check, partial(run, outputs=untouched.outputs)):
        with pytest.raises(RunError) as refusal:
            refused(study)
        assert str(refusal.value) == message


@pytest.mark.parametrize("outputs", ["afile", "afile/sub/deeper"])
def test_a_folder_for_reports_that_cannot_be_made_is_refused_before_anything_is_written(
    untouched: SmallStudy, monkeypatch: pytest.MonkeyPatch, outputs: str
) -> None:
    monkeypatch.chdir(untouched.root)
    (untouched.root / "afile").touch()
    before = sorted(untouched.root.rglob("*"))
    with pytest.raises(RunError) as refusal:
        run(untouched.opened(), outputs=untouched.root / outputs)
    assert str(refusal.value) == (
        f"{outputs}/small/2026: the reports cannot be written here: not a directory. "
        "Hint: give another folder with --outputs [ICS-731]"
    )
    assert sorted(untouched.root.rglob("*")) == before


def test_check_says_what_would_be_run_with_numbers_as_they_may_be_shown(untouched: SmallStudy) -> None:
    rows = ["department,PD1,PC1,SA1", *["hr,1,2,3"] * 120, *["it,1,2,3"] * 44, *["legal,1,2,3"] * 7]
    (untouched.root / "data" / "small.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    checked = check(untouched.opened())
    assert checked.plan.departments == ("hr", "it", "legal")
    assert checked.plan.notebooks == ("department_report", "drivers")
    # Legal is too small; IT alone could be subtracted from the total, so it is hidden with it.
    assert checked.answered == {"hr": "120", "it": "", "legal": ""}
    assert not (untouched.root / "data" / ".store").exists()


def test_check_tells_of_ratings_that_are_of_another_wave(untouched: SmallStudy) -> None:
    study = untouched.file.read_text(encoding="utf-8").replace("{respondent: null}", "{respondent: null, wave: wave}")
    untouched.file.write_text(study, encoding="utf-8")
    rows = ["department,wave,PD1,PC1,SA1", *["hr,2026,1,2,3"] * 30, *["it,2025,1,2,3"] * 24, "legal,Jan,1,2,3"]
    (untouched.root / "data" / "small.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    assert check(untouched.opened()).notes[-3:] == (
        "wave 2025 is not reported: 20–29 ratings",
        "wave Jan is not reported: fewer than 11 ratings",
        "nobody rated it, legal in wave 2026: is its code right?",
    )


ROWS = st.lists(
    st.builds(
        lambda variable, kind, estimate: number("hr", kind, variable, "mean", estimate),
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["Summary", "Comparison"]),
        st.sampled_from([1.0, 2.0]),
    )
)


@given(ROWS, st.randoms())
def test_merging_depends_neither_on_order_nor_on_repetition(rows: list[dict[str, Any]], random: Any) -> None:  # noqa: ANN401  hypothesis' own
    distinct = {(row["kind"], row["variable"]): row for row in rows}
    merged = merged_rows(distinct.values())
    shuffled = [*distinct.values(), *distinct.values()]
    random.shuffle(shuffled)
    assert merged_rows(shuffled) == merged
    assert len(merged) == len(distinct)


def test_a_number_shown_with_more_columns_in_one_place_keeps_them_all() -> None:
    plain, more = number("hr", "Comparison", "PC1", "difference", 0.2), {"p_adjusted": 0.03}
    for rows in ([plain, {**plain, **more}], [{**plain, **more}, plain]):
        assert merged_rows(rows) == [{**plain, **more}]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"estimate": 6.9}, "estimate"),
        ({"n": "130"}, "n"),
        ({"mark": "hidden"}, "mark"),
        ({"conf_low": 6.0}, "conf_low"),
    ],
)
def test_two_values_for_one_thing_are_refused(change: dict[str, Any], named: str) -> None:
    shown = number("hr", "Summary", "SA1", "mean", 6.8, conf_low=6.1)
    with pytest.raises(RunError) as refusal:
        merged_rows([shown, {**shown, **change}])
    assert str(refusal.value) == f"Two sections show a different {named} for hr / Summary / SA1 / mean. [ICS-712]"


def test_one_model_may_be_judged_by_block_and_by_question() -> None:
    model = number("hr", "Importance", "model", "r_squared", 0.6)
    merged = [{**model, "verdict": ""}]
    assert merged_rows([{**model, "verdict": "process"}, {**model, "verdict": "PC2"}]) == merged
    assert merged_rows([{**model, "verdict": "PC2"}, {**model, "verdict": "process"}]) == merged


def test_what_counts_as_a_shown_number() -> None:
    assert shows_a_number(numbers_of("hr"), "hr")
    assert shows_a_number(numbers_of("hr"), "organisation")
    assert not shows_a_number(numbers_of("organisation"), "hr")
    assert not shows_a_number(hidden(numbers_of("hr")), "hr")
    assert not shows_a_number([], "hr")
