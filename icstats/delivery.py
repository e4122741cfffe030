"""What was delivered: the survey file, what it is recognised by, and where the answers prepared from it are kept.

Known without pandas, so that a run in which nothing has changed is over at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from secrets import token_bytes
from typing import TYPE_CHECKING

from icstats import __version__
from icstats.intake import survey_bytes
from icstats.store import PRIVATE, Contents, open_store

if TYPE_CHECKING:
    from pathlib import Path

    from icstats.study import Study

__all__ = ["Delivery", "read_delivery", "secret_of"]

FORM = "1"
"""Changes when the store is laid out differently, so that older stores are made again."""

SECRET_FILE = "secret"  # noqa: S105  the name of a file
SECRET_BYTES = 32


@dataclass(frozen=True, kw_only=True, repr=False)
class Delivery:
    """The survey file of a study as it is now.

    Attributes
    ----------
    content
        The file.
    fingerprint
        SHA-256 of everything that the ratings follow from.
    store
        Folder of the answers prepared from it, there or not.
    """

    content: bytes
    fingerprint: str
    store: Path

    def __repr__(self) -> str:
        return f"<Delivery: {len(self.content):,} bytes, not released>"

    def prepared(self) -> Contents | None:
        """Return what the prepared answers hold; None when they have to be made first."""
        return open_store(self.store, self.fingerprint)


def read_delivery(study: Study) -> Delivery:
    """Read the survey file of a study.

    Raises
    ------
    SurveyFileError
        When it cannot be opened or is of another kind; what it holds is not looked at.
    """
    content = survey_bytes(study.responses)
    fingerprint = _fingerprint(content, study)
    return Delivery(
        content=content, fingerprint=fingerprint, store=study.store_folder / f"{study.name}-{fingerprint[:16]}"
    )


def secret_of(study: Study) -> bytes:
    """Return random bytes that never leave the private folder; made when they are first asked for.

    What is published may be recognised by a hash with them, but not found out by trying: the answers of a few people
    about a few questions could be tried one by one.
    """
    path = study.store_folder / SECRET_FILE
    try:
        known = path.read_bytes()
    except OSError:
        known = b""
    if len(known) == SECRET_BYTES:
        return known
    study.store_folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    made = token_bytes(SECRET_BYTES)
    path.touch(mode=0o600)
    path.write_bytes(made)
    return made


def _fingerprint(content: bytes, study: Study) -> str:
    departments = ",".join(f"{department.slug}={department.code}" for department in study.departments)
    parts = (
        FORM.encode(),
        __version__.encode(),
        sha256(content).digest(),
        study.responses.model_dump_json(exclude={"file"}).encode(),
        study.questionnaire.model_dump_json().encode(),
        departments.encode(),
        study.wave.encode(),
    )
    return sha256(b"".join(sha256(part).digest() for part in parts)).hexdigest()
