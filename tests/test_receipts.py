"""Only what does not hold any more is made again; what was changed by hand is said and kept."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

import pytest
from small_study import SmallStudy

from icstats.batch import Terms, run, states
from icstats.receipts import RECEIPT, Receipt, read_receipt
from icstats.responses import read_responses

if TYPE_CHECKING:
    from pathlib import Path

    from icstats.summary import RunSummary


@pytest.fixture
def study(tmp_path: Path) -> SmallStudy:
    made = SmallStudy(tmp_path)
    # Its notebooks read answers, as those of a real study do.
    for notebook in made.NOTEBOOKS:
        for slug in made.SLUGS:
            made.ask(notebook, slug, mischief=READ.format(slug=slug))
    made.ask("drivers", "legal", mischief=READ.format(slug="hr"))
    made.ask("overview", "organisation", mischief=READ.format(slug="hr"))
    run(made.opened(), outputs=made.outputs)
    return made


READ = """
from icstats.responses import read_responses
from icstats.study import read_study
read_responses(read_study("params/small.yaml")).ratings(wave="2026", department="{slug}")
"""


def again(study: SmallStudy, **asked: object) -> tuple[RunSummary, set[str]]:
    """Run and return which notebooks were made."""
    before = made_at(study)
    summary = run(study.opened(), outputs=study.outputs, **asked)  # type: ignore[arg-type]
    after = made_at(study)
    return summary, {name for name in after if after[name] != before.get(name)}


def made_at(study: SmallStudy) -> dict[str, int]:
    return {
        path.relative_to(study.folder).with_suffix("").as_posix(): path.stat().st_mtime_ns
        for path in study.folder.rglob("*.ipynb")
    }


def answer_differently(study: SmallStudy, slug: str) -> None:
    """Change an answer of every customer of one department: of a few, two releases would tell."""
    file = study.root / "data" / "small.csv"
    text = file.read_text(encoding="utf-8")
    turned = re.sub(rf"^{slug},(\d)", lambda found: f"{slug},{int(found[1]) % 5 + 1}", text, flags=re.MULTILINE)
    file.write_text(turned, encoding="utf-8")


def test_answers_of_one_department_make_its_notebooks_again_and_those_that_read_it(study: SmallStudy) -> None:
    answer_differently(study, "it")
    summary, made = again(study)
    # Legal's drivers read the answers of another department, so they depend on everyone's, as the overview does.
    assert made == {"it/department_report", "it/drivers", "legal/drivers", "overview"}
    assert summary.made == 4


def test_touching_files_makes_nothing_again(study: SmallStudy) -> None:
    for path in [*study.root.rglob("*.csv"), *study.root.rglob("*.yaml"), *study.folder.rglob("*.*")]:
        os.utime(path, (1_000_000_000, 1_000_000_000))
    summary, made = again(study)
    assert (summary.made, summary.ran, made) == (0, (), set())
    assert all(not one.edited and not one.stale for one in states(study.opened(), outputs=study.outputs).departments)


def test_another_engine_makes_nothing_again_because_it_would_make_the_same(study: SmallStudy) -> None:
    assert again(study, terms=Terms(engine="kernel"))[1] == set()


@pytest.mark.parametrize(
    ("file", "old", "new", "made"),
    [
        (
            "notebooks/drivers.ipynb",
            "A line of *our own*.",
            "Another line.",
            {"hr/drivers", "it/drivers", "legal/drivers"},
        ),
        (
            "params/small.yaml",
            "{slug: it, name: {en: IT <support>",
            "{slug: it, name: {en: IT and support",
            {"it/department_report", "it/drivers", "legal/drivers", "overview"},
        ),
        ("notebooks/drivers.ipynb", '"name": "icstats"\n', '"name":   "icstats"\n', set()),
    ],
)
def test_a_change_reaches_what_follows_from_it(
    study: SmallStudy, file: str, old: str, new: str, made: set[str]
) -> None:
    path = study.root / file
    assert old in path.read_text(encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    assert again(study)[1] == made


@pytest.mark.parametrize(
    ("old", "new"), [("margin: 0.2", "margin: 0.3"), ("seed: 1", "seed: 2"), ("language: en", "language: nl")]
)
def test_a_setting_of_the_study_reaches_everything(study: SmallStudy, old: str, new: str) -> None:
    text = study.file.read_text(encoding="utf-8")
    study.file.write_text(text.replace(old, new) if old in text else f"{text}{new}\n", encoding="utf-8")
    assert len(again(study)[1]) == 7


def test_what_was_changed_by_hand_is_said_and_kept(study: SmallStudy) -> None:
    page = study.folder / "hr" / "drivers.html"
    page.write_text("mine", encoding="utf-8")
    answer_differently(study, "hr")
    told: list[str] = []
    summary, made = again(study, note=told.append)
    assert told == [
        *read_responses(study.opened()).notes,
        "Human Resources: drivers.html changed by hand; left as it is. --overwrite makes it again.",
    ]
    assert page.read_text(encoding="utf-8") == "mine"
    index = (study.folder / "index.html").read_text(encoding="utf-8")
    assert index.count("Changed by hand after it was made, so no longer what was computed: drivers.html") == 1
    assert made == {"legal/drivers", "overview"}
    assert {one.department: one.edited for one in summary.departments} == {
        "hr": ("drivers.html",),
        "it": (),
        "legal": (),
    }
    assert again(study)[1] == set()

    assert again(study, overwrite=True)[1] == {"hr/department_report", "hr/drivers"}
    assert "mine" not in page.read_text(encoding="utf-8")
    assert again(study)[1] == set()


def test_numbers_that_were_changed_by_hand_are_kept_too(study: SmallStudy) -> None:
    numbers = study.folder / "it" / "results.json"
    before = numbers.read_bytes()
    numbers.write_bytes(before.replace(b"6.8", b"9.8"))
    assert again(study)[1] == set()
    assert numbers.read_bytes() != before
    again(study, overwrite=True)
    assert numbers.read_bytes() == before


def test_a_file_that_is_gone_is_made_again(study: SmallStudy) -> None:
    before = study.files()
    (study.folder / "it" / "drivers.html").unlink()
    (study.folder / "hr" / "results.json").unlink()
    (study.folder / "index.html").unlink()
    summary, made = again(study)
    assert (summary.made, made) == (0, set())
    after = study.files()
    assert {name: after[name] for name in after if name.endswith(("html", "results.json"))} == {
        name: before[name] for name in before if name.endswith(("html", "results.json"))
    }


def test_half_a_receipt_counts_as_not_made_and_is_said(study: SmallStudy) -> None:
    receipt = study.folder / "it" / RECEIPT
    receipt.write_bytes(receipt.read_bytes()[:100])
    told: list[str] = []
    assert again(study, note=told.append)[1] == {"it/department_report", "it/drivers"}
    assert told == [
        *read_responses(study.opened()).notes,
        "IT <support>: its receipt is not whole, so it counts as not made.",
    ]
    assert read_receipt(study.folder / "nowhere") == (Receipt(), False)


def test_what_failed_is_never_skipped_and_can_be_made_alone(study: SmallStudy) -> None:
    study.ask("drivers", "it", mischief="raise KeyError('x')")
    (study.folder / "it" / "drivers.ipynb").unlink()
    assert again(study)[0].exit_code == 1
    assert again(study)[0].exit_code == 1
    study.ask("drivers", "it", mischief="")
    answer_differently(study, "hr")
    summary, made = again(study, retry=True)
    assert summary.exit_code == 0
    assert made == {"it/drivers"}
    assert again(study)[1] == {"hr/department_report", "hr/drivers", "legal/drivers", "overview"}


def test_keys_that_are_published_do_not_follow_from_answers_alone(study: SmallStudy) -> None:
    """Whoever knows all settings could else try the answers of a few people until the key fits."""
    keys = json.loads((study.folder / "it" / RECEIPT).read_text(encoding="utf-8"))["notebooks"]
    key = study.root / "data" / ".store" / "key"
    assert key.stat().st_mode & 0o077 == 0
    key.unlink()
    assert len(again(study)[1]) == 7
    renewed = json.loads((study.folder / "it" / RECEIPT).read_text(encoding="utf-8"))["notebooks"]
    assert all(keys[name]["key"] != renewed[name]["key"] for name in keys)


COUNT = """
from icstats.responses import read_responses
from icstats.study import read_study
read_responses(read_study("params/small.yaml")).counts(wave="2026", department={department})
"""


def test_who_counts_the_answers_of_all_depends_on_all(study: SmallStudy) -> None:
    study.ask("drivers", "hr", mischief=COUNT.format(department=None))
    study.ask("department_report", "hr", mischief=COUNT.format(department="'hr'"))
    for notebook in study.NOTEBOOKS:
        (study.folder / "hr" / f"{notebook}.ipynb").unlink()
    assert again(study)[1] == {"hr/department_report", "hr/drivers"}
    answer_differently(study, "it")
    assert again(study)[1] == {"hr/drivers", "it/department_report", "it/drivers", "legal/drivers", "overview"}


def test_what_was_changed_by_hand_is_looked_through_and_put_aside_where_it_tells_of_somebody(study: SmallStudy) -> None:
    page = study.folder / "hr" / "drivers.html"
    page.write_text("<p>mine</p>", encoding="utf-8")
    assert again(study)[0].exit_code == 0
    looked = (study.folder / "hr" / RECEIPT).stat().st_mtime_ns
    assert again(study)[0].exit_code == 0
    assert (study.folder / "hr" / RECEIPT).stat().st_mtime_ns == looked

    leak = '{"output_type": "stream", "text": "answer of respondent 17"}'
    page.write_text(leak, encoding="utf-8")
    summary, made = again(study)
    (failed,) = summary.failed
    assert (failed.department, made) == ("hr", set())
    assert failed.reason.startswith("drivers.html would hold the output of a failure or a print")
    assert [path.name for path in (study.folder / "hr").iterdir()] == [RECEIPT]
    (aside,) = (study.root / "data" / ".store" / "logs").glob("*drivers.html")
    assert aside.read_text(encoding="utf-8") == leak
    assert aside.stat().st_mode & 0o077 == 0
    assert again(study)[1] == {"hr/department_report", "hr/drivers"}
