"""From the bytes of a text file to its text, and in which encoding that was."""

from __future__ import annotations

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from typing import Literal, NamedTuple

__all__ = ["Decoded", "Encoding", "Undecodable", "decoded", "undecodable"]

Encoding = Literal["utf-8", "utf-16", "cp1252"]

LINE_END = re.compile(rb"\r\n|\r|\n")
CHARACTER_OF_MORE_BYTES = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
BYTES_SEEN = 4096


class Decoded(NamedTuple):
    """The text and how it was written; the note is empty for plain UTF-8."""

    text: str
    note: str


class Undecodable(ValueError):  # noqa: N818  named by what it says of the file
    """The bytes are not text of one encoding.

    Attributes
    ----------
    row
        Row in which the first byte stands that does not fit.
    found
        What is wrong there.
    mixed
        Whether other parts are UTF-8.
    """

    def __init__(self, row: int, found: str, *, mixed: bool) -> None:
        super().__init__(found)
        self.row, self.found, self.mixed = row, found, mixed


def decoded(content: bytes, encoding: Encoding | None) -> Decoded:
    """Return the text of a file.

    Parameters
    ----------
    content
        The file.
    encoding
        How it is written. None finds out: a byte order mark decides; otherwise it is UTF-8, or, where no character
        at all is UTF-8 beyond ASCII, cp1252 (Western European Windows).

    Raises
    ------
    Undecodable
        When the bytes are not text of that encoding, or of more than one.
    """
    if encoding:
        return Decoded(_text(content, encoding), f"read as {encoding} (given)")
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return Decoded(_text(content, "utf-16"), "read as utf-16 (found by its byte order mark)")
    if _is_utf_16(content):
        raise Undecodable(1, "every second byte is 0, as in UTF-16 without a byte order mark", mixed=False)
    try:
        return Decoded(content.decode("utf-8").lstrip("\ufeff"), "")
    except UnicodeDecodeError as error:
        if CHARACTER_OF_MORE_BYTES.search(content.removeprefix(BOM_UTF8)) or content.startswith(BOM_UTF8):
            raise undecodable(content, error, mixed=True) from None
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError as error:
        raise undecodable(content, error, mixed=False, encoding="UTF-8 or cp1252") from None
    return Decoded(
        text,
        'read as cp1252 (found: it is not UTF-8); are names with accents right? If not, set "encoding"',
    )


def _is_utf_16(content: bytes) -> bool:
    start = content[: BYTES_SEEN - 1]
    return len(start) > 1 and (not any(start[1::2]) or not any(start[::2]))


def _text(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding).lstrip("\ufeff")
    except UnicodeDecodeError as error:
        raise undecodable(content, error, mixed=False, encoding=encoding) from None


def undecodable(content: bytes, error: UnicodeDecodeError, *, mixed: bool, encoding: str = "UTF-8") -> Undecodable:
    """Return what the failure of a decoder means, with the row that it happened in."""
    row = len(LINE_END.findall(content[: error.start])) + 1
    return Undecodable(row, f"byte 0x{content[error.start]:02X} is not {encoding} text", mixed=mixed)
