"""What was delivered: the survey file, what it is recognised by, and where the answers prepared from it are kept.

Known without pandas, so that a run in which nothing has changed is over at once.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from icstats import __version__
from icstats.intake import is_bulk, survey_bytes
from icstats.store import Contents, open_store, remembered_digest
from icstats.storekey import key_of_store, keyed, made_key

if TYPE_CHECKING:
    from pathlib import Path

    from icstats.study import Study

__all__ = ["Delivery", "read_delivery"]

FORM = "9"
"""Changes when the store is laid out differently, so that older stores are made again."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Delivery:
    """The survey file of a study as it is now.

    Attributes
    ----------
    content
        The file; None where it is too large to be read at once.
    digest
        SHA-256 of the file.
    fingerprint
        Of everything that the ratings follow from; nobody can compute it without the key.
    key
        The key of the folder of prepared answers; empty when nothing was ever kept there.
    store
        Folder of the answers prepared from it, there or not.
    """

    content: bytes | None
    digest: str
    fingerprint: str
    key: bytes
    store: Path

    def __repr__(self) -> str:
        return "<Delivery: not released>"

    def prepared(self) -> Contents | None:
        """Return what the prepared answers hold; None when they have to be made first."""
        return open_store(self.store, self.fingerprint)

    def with_key(self, study: Study) -> Delivery:
        """Return the same, known by a key that is made now if there is none yet."""
        return self if self.key else _delivered(self.content, self.digest, study, made_key(study.store_folder))


def read_delivery(study: Study) -> Delivery:
    """Read the survey file of a study.

    Raises
    ------
    SurveyFileError
        When it cannot be opened or is of another kind; what it holds is not looked at.
    """
    key = key_of_store(study.store_folder)
    if is_bulk(study.responses):
        return _delivered(None, remembered_digest(study.responses.file, study.store_folder), study, key)
    content = survey_bytes(study.responses)
    return _delivered(content, sha256(content).hexdigest(), study, key)


def _delivered(content: bytes | None, digest: str, study: Study, key: bytes) -> Delivery:
    fingerprint = _fingerprint(digest, study, key)
    store = study.store_folder / f"{study.name}-{fingerprint[:16]}"
    return Delivery(content=content, digest=digest, fingerprint=fingerprint, key=key, store=store)


def _fingerprint(digest: str, study: Study, key: bytes) -> str:
    departments = ",".join(f"{department.slug}={department.code}" for department in study.departments)
    invited = study.responses.cleaning.invited
    parts = [
        FORM.encode(),
        __version__.encode(),
        bytes.fromhex(digest),
        study.responses.model_dump_json(exclude={"file": True, "cleaning": {"invited"}}).encode(),
        study.questionnaire.model_dump_json().encode(),
        departments.encode(),
        study.wave.encode(),
    ]
    with suppress(OSError):  # whoever reads the list says that it is gone
        parts += [] if invited is None else [invited.read_bytes()]
    return keyed("".join(sha256(part).hexdigest() for part in parts), key)
