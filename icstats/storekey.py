"""The key of a folder of prepared answers: with it ratings are recognised, without it nobody can tell whose they are.

It never leaves the private folder. What is published may be recognised by it, but not found out by trying: the
answers of a few people about a few questions could be tried one by one.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["key_of_store", "keyed", "made_key"]

KEY = "key"
KEY_BYTES = 32


def key_of_store(folder: Path) -> bytes:
    """Return the key of a folder of prepared answers; empty when nothing was ever kept there."""
    with suppress(FileNotFoundError):
        return (folder / KEY).read_bytes()
    return b""


def made_key(folder: Path) -> bytes:
    """Return the key of a folder of prepared answers, made when there is none yet, for its owner only."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = folder / f".{KEY}-{secrets.token_hex(8)}"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(secrets.token_bytes(KEY_BYTES))
    try:
        # Whoever comes first decides: a link never takes the place of a file.
        with suppress(FileExistsError):
            os.link(part, folder / KEY)
    finally:
        part.unlink()
    return key_of_store(folder)


def keyed(text: str, key: bytes) -> str:
    """Return a fingerprint of a text that nobody can compute without the key."""
    return blake2b(text.encode(), key=key, digest_size=KEY_BYTES).hexdigest()
