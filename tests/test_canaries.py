"""Every text cell of the survey file is a word that is nowhere else: none may be found again outside the store."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

from small_study import SmallStudy

from icstats.batch import run
from icstats.leakscan import texts_in

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from icstats.receipts import RunSummary

CANARY = "kanarie"


def with_canaries(root: Path) -> SmallStudy:
    """Return the small study, its respondents and what they wrote turned into canaries."""
    study = SmallStudy(root)
    settings = study.file.read_text(encoding="utf-8")
    study.file.write_text(settings.replace("columns: {respondent: null}", "ignore: [note]"), encoding="utf-8")
    survey = root / "data" / "small.csv"
    header, *rows = survey.read_text(encoding="utf-8").splitlines()
    told = [f"{CANARY}key{place},{row},{CANARY} word {place} said to nobody" for place, row in enumerate(rows)]
    survey.write_text("\n".join([f"respondent,{header},note", *told]) + "\n", encoding="utf-8")
    return study


def found_again(folder: Path) -> list[str]:
    """Return the files in which a canary is, however it is packed."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if any(CANARY in text for text in texts_in(path.read_bytes()))]


def ran(study: SmallStudy, monkeypatch: pytest.MonkeyPatch, root: Path) -> RunSummary:
    """Run with a folder for temporary files of its own."""
    (root / "temporary").mkdir(exist_ok=True)
    monkeypatch.setenv("TMPDIR", str(root / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return run(study.opened(), outputs=study.outputs)


READ = "from pathlib import Path; cells = Path('data/small.csv').read_text().splitlines()[3]\n"


def test_no_canary_leaves_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After success, after a leak that was stopped, and after faults."""
    study = with_canaries(tmp_path)
    study.ask("drivers", "it", mischief=READ + "asked['html'] = f'<section><p>{cells}</p></section>'")
    study.ask("drivers", "legal", mischief=READ + "raise ValueError(cells)")
    summary = ran(study, monkeypatch, tmp_path)
    stand = {one.department: one for one in summary.departments}
    assert [(slug, stand[slug].status) for slug in study.SLUGS] == [
        ("hr", "done"),
        ("it", "failed"),
        ("legal", "failed"),
    ]
    assert stand["it"].reason.endswith("[ICS-611]")
    assert stand["it"].reason.startswith("drivers.html would hold ") or "drivers.ipynb would hold" in stand["it"].reason
    assert stand["legal"].reason.startswith("An unexpected error ended it (ValueError).")
    assert found_again(study.outputs) == []
    assert found_again(tmp_path / "temporary") == []
    assert CANARY not in repr(summary)
    assert not (study.folder / "it" / "drivers.html").exists()
    assert not (study.folder / "it" / "results.json").exists()
    kept = {path.name for path in summary.logs.iterdir() if CANARY in path.read_text(encoding="utf-8")}
    assert kept == {"small-2026-legal-drivers.log"}, "the full story of a failure is for its owner only"
