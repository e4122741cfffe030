"""Which ratings were released before, so that two releases together give nobody away.

Whoever keeps the reports of yesterday can subtract them from those of today: what differs must be nobody or enough
people. A rating is known here by two keyed fingerprints, one of who rated whom and one of the answers, and by which
questions were answered. They stay with the prepared answers, and so does the key, without which nobody can tell whose
they are.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING

import pandas as pd

from icstats.decisions import (
    HIDDEN,
    RELEASED,
    decision_before,
    folder_of,
    require_locked_policy,
    require_same_themes,
    themes_of,
    write_privately,
)
from icstats.documents import shown_path
from icstats.errors import Problem, RunError
from icstats.ledger import RATINGS
from icstats.questionnaire import in_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from icstats.ledger import Ledger
    from icstats.study import Study

__all__ = ["FORM", "admit", "moved_since_releases", "staff_of"]

FORM = "2"
"""Changes when :mod:`icstats.fingerprints` makes other numbers: then no rating of a release before is found again."""
FINGERPRINT_BYTES = 8
OF_STAFF = "/staff"
"""After a department: what its own staff filled in, of which other numbers are shown than of what customers did."""
NOT_SHOWN = ""
"""Where the ratings of all departments that are not shown are: a reader knows them together only."""
NOBODY = pd.Series(dtype=int, index=pd.MultiIndex.from_arrays([[], []]))
ABSENT = "\0"
ROWS_AT_ONCE = 100_000
LISTED = 5


def admit(study: Study, ratings: pd.DataFrame, *, ledger: Ledger, basis: str, change: Ledger | None = None) -> None:
    """Write down that these ratings are released, if no earlier release gives a few of them away.

    The rule: take all ratings that were in one department in the earlier release and are in one department now, where
    "left out" and "not shown" count as departments too. Any sum of answers that follows from both releases is a sum
    over such groups; so each must be empty or at least the minimum. The same holds for the ratings of a department
    whose answers were changed.

    Parameters
    ----------
    study
        The study; its minimum holds, and its store keeps the register.
    ratings
        Columns ``department``, ``who``, ``what`` and ``answered`` of the wave; see :mod:`icstats.fingerprints`.
    ledger
        What is shown of them; all that was hidden before is hidden there too.
    basis
        Fingerprint of everything that the ledger follows from.
    change
        What is shown of this wave and the one before it together.

    Raises
    ------
    RunError
        If the difference from an earlier release is too small, the policy shows more than that of an earlier release,
        or the themes of comments have other words; nothing is written down then.
    """
    release = _shown_apart(ratings, ledger).sort_values(["department", "who"], ignore_index=True)
    minimum = study.policy.minimum_answers
    if len(release) < minimum:
        return
    folder = folder_of(study, study.wave)
    _require_known_form(study)
    releases = list(_earlier(study, release))
    for place in sorted({folder, *(path.parent for path, _ in releases)}):
        require_locked_policy(study.policy, place)
    require_same_themes(study, wave=study.wave)
    problems = [
        _problem(path, few, study) for path, earlier in releases if (few := _few(_moved(earlier, release), minimum))
    ]
    if problems:
        raise RunError(problems)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{_name_of(release)}-{FORM}"
    if not (folder / f"{name}.parquet").exists():
        write_privately(folder / f"{name}.parquet", release.to_parquet(index=False))
    before = decision_before(study, wave=study.wave)
    hidden = ledger.hidden | before.hidden
    decision = {
        "basis": basis,
        "hidden": sorted(hidden),
        "variables": sorted(ledger.variables),
        "policy": study.policy.model_dump(),
        "change": [] if change is None else sorted(change.hidden),
        "themes": themes_of(study) or before.themes,
    }
    write_privately(folder / HIDDEN, json.dumps(decision).encode())


def staff_of(department: str) -> str:
    """Return under which name the register keeps what a department's own staff filled in; no slug is like it."""
    return f"{department}{OF_STAFF}"


def _shown_apart(ratings: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Return the ratings by the department under which they are shown, all others together.

    What staff filled in is in no total: where none of it is shown, nothing follows from it, and it is left out.
    """
    places = ratings["department"]
    of_staff = places.str.endswith(OF_STAFF)
    answered = ratings[of_staff].groupby("department")["answered"].agg(" ".join)
    shown = [
        place
        for place, codes in answered.items()
        if not all(ledger.hides(code, str(place).removesuffix(OF_STAFF)) for code in set(codes.split()))
    ]
    apart = places.where(places.isin([*ledger.shown(RATINGS), *shown]), NOT_SHOWN)
    return ratings.assign(department=apart)[~of_staff | places.isin(shown)]


def _name_of(release: pd.DataFrame) -> str:
    """Return the name under which a release is kept: a digest of its text, which is never whole in memory."""
    digest = blake2b(digest_size=FINGERPRINT_BYTES)
    for start in range(0, len(release), ROWS_AT_ONCE):
        digest.update(release[start : start + ROWS_AT_ONCE].to_csv(index=False, header=not start).encode())
    return digest.hexdigest()


def moved_since_releases(study: Study, ratings: pd.DataFrame, *, wave: str) -> pd.Series[int]:
    """Count the people of one of two waves only, for earlier waves that stand in another survey file.

    Parameters
    ----------
    study
        Its store keeps the register.
    ratings
        Columns ``department``, ``who`` and ``answered`` of the wave; see :mod:`icstats.fingerprints`.
    wave
        Its name; releases of waves that come before it count.

    Returns
    -------
    Series
        By department and variable: how many people answered it in this wave or in an earlier release and not in both,
        the smallest number that is not 0. What nobody answered before, and departments that were not shown before, are
        not in it.
    """
    _require_known_form(study)
    found = [
        _in_one_only(ratings, pd.read_parquet(path))
        for path in _kept(study)
        if path.parent.parent.name == study.name and in_order(path.parent.name) < in_order(wave)
    ]
    fewest: pd.Series[int] = pd.concat([NOBODY, *found]).groupby(level=[0, 1]).min()
    return fewest


def _in_one_only(now: pd.DataFrame, before: pd.DataFrame) -> pd.Series[int]:
    """Count, per department and variable of the earlier release, the people who answered in one of the two only."""
    columns = ["department", "who", "answered"]
    shown = before[before["department"] != NOT_SHOWN]
    pairs = now[columns].merge(shown[columns], on=columns[:2], how="outer", suffixes=("_now", "_before")).fillna("")
    alike = pairs.groupby(["department", "answered_now", "answered_before"]).size()
    n: Counter[tuple[str, str]] = Counter()
    asked: set[tuple[str, str]] = set()
    for (group, here, there), people in zip(alike.index.tolist(), alike.tolist(), strict=True):
        place = group.removesuffix(OF_STAFF)
        asked.update((place, name) for name in there.split())
        n.update({(place, name): people for name in set(here.split()) ^ set(there.split())})
    cells = sorted(cell for cell in n if cell in asked)
    index = pd.MultiIndex.from_tuples(cells, names=NOBODY.index.names) if cells else NOBODY.index
    return pd.Series([n[cell] for cell in cells], index=index, dtype=int)


def _require_known_form(study: Study) -> None:
    """Refuse a register of which the ratings cannot be found again: all would seem to be other ones."""
    unknown = [path for path in _kept(study) if not path.stem.endswith(f"-{FORM}")]
    if unknown:
        raise RunError([_problem_of_form(path, study) for path in unknown])


def _kept(study: Study) -> list[Path]:
    return sorted((study.store_folder / RELEASED).glob("*/*/*.parquet"))


def _earlier(study: Study, release: pd.DataFrame) -> Iterator[tuple[Path, pd.DataFrame]]:
    """Yield earlier releases of this wave, and others in which most ratings have the same answers.

    So a change of the study's name, of the wave's, of filters or of departments is no way round.
    """
    for path in _kept(study):
        earlier = pd.read_parquet(path)
        same = release["what"].isin(earlier["what"]).sum()
        if path.parent == folder_of(study, study.wave) or 2 * same > min(len(release), len(earlier)):
            yield path, earlier


def _moved(earlier: pd.DataFrame, release: pd.DataFrame) -> pd.DataFrame:
    """Return where every rating was and is (``before``, ``now``), and whether its answers are ``changed``.

    A rating is found again by who gave it to whom, or else by its answers: departments are renamed and merged.
    """
    old, new = earlier.add_suffix("_before"), release.add_suffix("_now")
    known = new.merge(old, left_on="who_now", right_on="who_before")
    old = old[~old["who_before"].isin(known["who_now"])]
    new = new[~new["who_now"].isin(known["who_now"])]
    others = _numbered(new, "what_now").merge(
        _numbered(old, "what_before"), left_on=["what_now", "number"], right_on=["what_before", "number"], how="outer"
    )
    known["changed"] = known["what_now"] != known["what_before"]
    pairs = pd.concat([known, others.assign(changed=False)], ignore_index=True)
    pairs = pairs.rename(columns={"department_before": "before", "department_now": "now"})
    return pairs[["before", "now", "changed"]].fillna({"before": ABSENT, "now": ABSENT})


def _numbered(ratings: pd.DataFrame, column: str) -> pd.DataFrame:
    """Tell the ratings that have the same answers apart."""
    return ratings.assign(number=ratings.groupby(column).cumcount())


def _few(moved: pd.DataFrame, minimum: int) -> list[str]:
    """Return in words which groups are smaller than may be known."""
    groups = Counter(zip(moved["before"], moved["now"], strict=True))
    changed = Counter(moved.loc[moved["changed"], "now"])
    told = [_moved_in_words(before, now) for (before, now), n in sorted(groups.items()) if n < minimum]
    return told + [f"changed answers about {_named(now)}" for now, n in sorted(changed.items()) if n < minimum]


def _moved_in_words(before: str, now: str) -> str:
    if before == ABSENT:
        return f"new ratings of {_named(now)}"
    if now == ABSENT:
        return f"ratings of {_named(before)} left out"
    return f"ratings moved from {_named(before)} to {_named(now)}"


def _named(department: str) -> str:
    if department == NOT_SHOWN:
        return "departments that are not shown"
    place = department.removesuffix(OF_STAFF)
    return department if place == department else f"{place} by its own staff"


def _day_of(path: Path) -> str:
    return datetime.fromtimestamp(path.stat().st_mtime, tz=UTC).date().isoformat()


def _problem_of_form(path: Path, study: Study) -> Problem:
    return Problem(
        code="ICS-739",
        file=shown_path(study.responses.file),
        message=(
            f"what was released on {_day_of(path)} was written down by another version of icstats: whether that and "
            "this together give anybody away cannot be told."
        ),
        hint=(
            "release it with that version; or, if nobody was ever given the reports of that day, remove "
            f"{shown_path(path)}"
        ),
    )


def _problem(path: Path, few: Sequence[str], study: Study) -> Problem:
    more = len(few) - LISTED
    listed = "; ".join([*few[:LISTED], *([f"and {more} other differences"] if more > 0 else [])])
    others, least = study.policy.minimum_group, study.policy.minimum_answers
    return Problem(
        code="ICS-713",
        file=shown_path(study.responses.file),
        message=(
            f"what was released on {_day_of(path)}, subtracted from this, would give fewer than {others} ratings of "
            f"others away: {listed}."
        ),
        hint=(
            f"wait until at least {least} ratings differ in each; or, if nobody was ever given the reports of that "
            f"day, remove {shown_path(path)}"
        ),
    )
