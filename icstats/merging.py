"""The parts of a study that were made on several machines, put together and released as one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from icstats.batch import link_back, run_folder, write_site
from icstats.collation import as_json
from icstats.engine import default_engine, write_whole
from icstats.errands import require_clean_index
from icstats.errors import RunError
from icstats.lock import holding
from icstats.parts import Shard
from icstats.staging import Place, bring
from icstats.stock import taken_stock
from icstats.summary import RUN, RunSummary, subjects_as_json
from icstats.workbook import write_workbook

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from icstats.study import Study

__all__ = ["merge"]

SAME = ("study", "wave", "language", "seed", "norm", "inputs", "versions")
"""What parts must have been made from to be parts of one thing."""


def merge(
    study: Study,
    *,
    language: str | None = None,
    outputs: Path = Path("outputs"),
    note: Callable[[str], None],
) -> RunSummary:
    """Put the parts of a study together and release them in place of what was released before.

    Parameters
    ----------
    study
        The study.
    language
        Language of the reports; None takes the study's.
    outputs
        Folder with ``<study>/<wave>.shard-i-of-n``, all of them.
    note
        Called with a sentence about something that a user should know.

    Raises
    ------
    RunError
        When a part is missing, or was made from something else than the others.
    """
    chosen: str = language or study.language
    place = Place(public=run_folder(study, outputs.resolve(), language=chosen))
    with holding(place.lock, note=note):
        place.recover()
        parts = _parts(place.public)
        receipt = _common_receipt(parts)
        stock = taken_stock(
            study,
            departments=None,
            language=chosen,
            place=place,
            shard=None,
        )
        place.discard()
        place.open(())
        for slug, subject in stock.subjects.items():
            source = next(folder for shard, folder in parts.items() if shard.holds(slug))
            for name in subject.files:
                bring(source / name, place.making / name)
        stock = taken_stock(study, departments=None, language=receipt["language"], place=place, shard=None)
        subjects = list(stock.subjects.values())
        summary = stock.summary(logs=study.store_folder / "logs", ran=subjects)
        reports = {one.department: one.report() for one in subjects}
        write_whole(place.making / RUN, as_json({**receipt, **subjects_as_json(reports)}))
        write_workbook(study, place.making, language=chosen)
        write_site(study, place.making, outputs=outputs.resolve(), language=chosen)
        require_clean_index(study, place.making, engine=default_engine())
        place.release()
        place.printed.remove()
        link_back(study, outputs.resolve(), chosen)
        for folder in parts.values():
            Place(public=folder).remove()
        return summary


def _parts(public: Path) -> Mapping[Shard, Path]:
    """Return the parts that lie beside the place of the whole; all of one division, none missing."""
    found: dict[Shard, Path] = {}
    for folder in public.parent.glob(f"{public.name}.shard-*"):
        shard = Shard.of_folder(folder.name)
        if shard is not None and (folder / RUN).is_file():
            found[shard] = folder
    if not found:
        raise RunError(
            f"There is no part to put together in {public.parent.name}.", code="ICS-722", hint="icstats run --shard 1/2"
        )
    totals = sorted({shard.total for shard in found})
    if len(totals) > 1:
        raise RunError(
            f"There are parts of {' and of '.join(map(str, totals))}; they do not fit together.",
            code="ICS-722",
            hint="remove the folders of the division that is not meant",
        )
    missing = [str(number) for number in range(1, totals[0] + 1) if Shard(number=number, total=totals[0]) not in found]
    if missing:
        raise RunError(f"Of {totals[0]} parts, these are missing: {', '.join(missing)}.", code="ICS-722")
    return dict(sorted(found.items(), key=lambda item: item[0].number))


def _common_receipt(parts: Mapping[Shard, Path]) -> dict[str, Any]:
    receipts = {shard: json.loads((folder / RUN).read_text(encoding="utf-8")) for shard, folder in parts.items()}
    first, *_ = receipts.values()
    for shard, receipt in receipts.items():
        differing = [name for name in SAME if receipt[name] != first[name]]
        if differing:
            raise RunError(
                f"Part {shard.number} was made with another {differing[0]} than part 1.",
                code="ICS-723",
                hint="make the parts again from the same files, with the same versions",
            )
    return dict(max(receipts.values(), key=lambda receipt: str(receipt["finished"])))
