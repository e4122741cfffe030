"""What is said of all departments together is released once, and the same whether it is read or made anew."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from conftest import ROOT

from icstats.decisions import Together, folder_of, write_together
from icstats.edition import Edition, open_edition
from icstats.errors import RunError
from icstats.overall import Overall, kept, reopened
from icstats.responses import Responses

if TYPE_CHECKING:
    from icstats.released import Released


@pytest.fixture(scope="module")
def edition(tmp_path_factory: pytest.TempPathFactory) -> Edition:
    """The example, with a store of its own; nothing is released yet."""
    opened = open_edition(ROOT / "params" / "example.yaml")
    study = opened.study.model_copy(update={"store": tmp_path_factory.mktemp("store")})
    organisation = replace(opened.organisation, study=study)
    return replace(opened, study=study, organisation=organisation)


def the_same(one: Released | None, other: Released | None) -> bool:
    if one is None or other is None:
        return one is other
    pd.testing.assert_frame_equal(
        one.rows.sort_values(["department", "variable", "statistic"], ignore_index=True),
        other.rows.sort_values(["department", "variable", "statistic"], ignore_index=True),
    )
    return (one.kind, one.settings, one.verdict, one.notes) == (other.kind, other.settings, other.verdict, other.notes)


def test_what_is_written_down_is_read_as_it_was(edition: Edition) -> None:
    made = edition.overall
    written = json.loads(json.dumps(edition.together._asdict()))
    read = reopened(Together(**written), policy=edition.study.policy)
    assert made.blocks is not None
    assert made.shrunken is not None
    assert the_same(read.blocks, made.blocks)
    assert the_same(read.gate, made.gate)
    assert the_same(read.shrunken, made.shrunken)
    assert (read.absent, read.left_out) == (made.absent, made.left_out)


def test_that_there_is_nothing_to_say_is_written_down_too(edition: Edition) -> None:
    for nothing in (Overall(absent="none"), Overall(absent="unreliable", left_out=("s",))):
        assert reopened(kept(nothing, answers="a", basis="b"), policy=edition.study.policy) == nothing


def test_once_released_no_answers_about_others_are_read(edition: Edition, monkeypatch: pytest.MonkeyPatch) -> None:
    write_together(edition.study, edition.together, wave=edition.wave)
    again = replace(edition)
    read: list[str | None] = []
    ratings = Responses.ratings

    def noted(self: Responses, *, wave: str, department: str | None = None, **others: object) -> pd.DataFrame:
        read.append(department)
        return ratings(self, wave=wave, department=department, **others)  # type: ignore[arg-type]

    monkeypatch.setattr(Responses, "ratings", noted)
    assert the_same(again.overall.blocks, edition.overall.blocks)
    assert read == []


@pytest.mark.parametrize("change", ["seed", "policy"])
def test_other_settings_make_it_anew(edition: Edition, change: str) -> None:
    false = edition.together._replace(said={**edition.together.said, "absent": "none", "blocks": None})
    write_together(edition.study, false, wave=edition.wave)
    assert replace(edition).overall.blocks is None
    study = edition.study
    if change == "seed":
        other = study.model_copy(update={"seed": study.seed + 1})
    else:
        other = study.model_copy(update={"policy": study.policy.model_copy(update={"minimum_spread": 20})})
    anew = replace(edition, study=other, organisation=replace(edition.organisation, study=other))
    assert anew.overall.blocks is not None


def test_damaged_answers_stop_nothing_and_are_not_kept(edition: Edition, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(*_: object, **__: object) -> pd.DataFrame:
        raise RunError("these prepared answers are not what was written", code="ICS-725")

    folder = folder_of(edition.study, edition.wave)
    (folder / "together.json").unlink(missing_ok=True)
    monkeypatch.setattr(Responses, "ratings", damaged)
    found = replace(edition, organisation=replace(edition.organisation))
    assert found.overall == Overall(absent="unavailable")
    assert found.together.basis == ""
    assert found.no_blocks == found.texts.say("why.unavailable")
