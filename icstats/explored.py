"""What was changed at the researcher's desk, written as a study that the batch can run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from icstats.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from icstats.study import Study

__all__ = ["write_explored"]

WIDEST_LINE = 4096


def write_explored(study: Study, *, name: str, dropped: Collection[str], moved: Mapping[str, str]) -> Path:
    """Write a study and its questionnaire beside those of ``study``, and return the path of the study.

    Parameters
    ----------
    study
        What was explored.
    name
        Name of the new study and of its questionnaire.
    dropped
        Codes of items that are left out, with the items about them; their columns are ignored.
    moved
        Item -> its other block; it leaves its scale.

    Raises
    ------
    ParameterError
        If there is such a file already: nothing is overwritten.
    """
    yaml = _yaml()
    settings = yaml.load(study.file.read_text(encoding="utf-8"))
    source = (study.file.parent / str(settings["questionnaire"])).resolve()
    questions = yaml.load(source.read_text(encoding="utf-8"))
    study_file, questions_file = study.file.with_name(f"{name}.yaml"), source.with_name(f"{name}.yaml")
    there = [path.name for path in (study_file, questions_file) if path.exists()]
    if there:
        raise ParameterError(f"{there[0]} exists already; it is left as it is.", code="ICS-706", hint="another name")

    gone = {str(item["code"]) for item in questions["items"] if {item["code"], item.get("about")} & set(dropped)}
    questions["name"] = name.replace("-", "_")
    questions["items"] = [_moved(item, moved) for item in questions["items"] if item["code"] not in gone]
    settings["name"] = name
    settings["questionnaire"] = _relative(questions_file, study_file.parent)
    for about_other_questions in ("norms", "earlier_norms", "agreements", "selection"):
        settings.pop(about_other_questions, None)
    columns = [column for code in sorted(gone) for column in _columns(study, settings["responses"], code)]
    if columns:
        settings["responses"]["ignore"] = [*settings["responses"].get("ignore", ()), *columns]
    for path, content in ((questions_file, questions), (study_file, settings)):
        with path.open("w", encoding="utf-8", newline="\n") as file:
            yaml.dump(content, file)
    return study_file


def _moved(item: dict[str, Any], moved: Mapping[str, str]) -> dict[str, Any]:
    if item["code"] in moved:
        item["block"] = moved[item["code"]]
        item.pop("scale", None)
    return item


def _columns(study: Study, responses: dict[str, Any], code: str) -> list[str]:
    """Return the columns of the survey file that held an item."""
    named = responses.get("items", {}).pop(code, code)
    if study.responses.layout != "wide":
        return [str(named)]
    return [f"{one.code or one.slug}{study.responses.joint}{named}" for one in study.departments]


def _relative(path: Path, folder: Path) -> str:
    import os  # noqa: PLC0415  pathlib learns to walk up in a later Python

    return os.path.relpath(path, folder).replace(os.sep, "/")


def _yaml() -> Any:  # noqa: ANN401  ruamel has no type for it
    from ruamel.yaml import YAML  # noqa: PLC0415  with it comes nothing that a report needs

    yaml = YAML()
    yaml.width, yaml.preserve_quotes = WIDEST_LINE, True
    return yaml
