"""The leak scan: no file is released that holds a respondent's key, what somebody wrote, or a row of answers.

Every file is taken apart first: JSON and notebooks with their metadata, data in addresses, base64 and hexadecimal
digits, members of zip archives (also workbooks), text in pictures, and of a PDF its text, everything it says about
itself and what is attached. A text is looked at as it stands and as it is read: without escapes, characters that show
nothing and tags. What is said about a find never holds what was found. It finds accidents, not a cipher.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import re
import sys
import zipfile
import zlib
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from itertools import chain
from typing import TYPE_CHECKING, Any
from unicodedata import normalize
from urllib.parse import unquote, unquote_to_bytes

import numpy as np

from icstats.comments import signed_texts
from icstats.errors import DisclosureError, Problem, RunError
from icstats.intake import parse_table, survey_bytes
from icstats.results import ORGANISATION
from icstats.texts import LANGUAGES, Texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from icstats.responses import Responses
    from icstats.study import Study

__all__ = [
    "COMPARED",
    "IN_A_ROW",
    "SHORTEST_KEY",
    "SHORTEST_TEXT",
    "LeakScan",
    "Scan",
    "is_telling",
    "own_words",
    "plain_of",
    "runs_of",
    "stretches",
    "texts_in",
    "words_of",
]

SHORTEST_TEXT, COMPARED = 11, 60
"""A text of a respondent is looked for from this many characters on, by its first so many."""
SHORTEST_KEY, SHORTEST_NUMBER = 4, 6
IN_A_ROW = 8
MARKS, MULTIPLIER = 1 << 20, 1_000_003
LARGEST_MEMBER = 50 * 2**20
DEEPEST = 6

WORD, NAME, PART = re.compile(r"[\w@.+-]+"), re.compile(r"\w+"), re.compile(r"[^\W_]+")
"""What a key may be: with what addresses have in them, as a name, between underscores."""
DATA_ADDRESS = re.compile(r"data:[\w/+.-]*(?:;[\w=-]+)*?(;base64)?,([A-Za-z0-9+/=%_.!~*'();:@&$-]*)")
BASE64 = re.compile(r"[A-Za-z0-9+/\s]{64,}={0,2}\s*")
# A pattern that begins with a kind of character, and only then looks back, skips all others in half the time.
PACKED = re.compile(r"[A-Za-z0-9+/_-](?<![A-Za-z0-9+/_-][A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{13,}+={0,2}(?![A-Za-z0-9+/_-])")
LONG = re.compile(r"[A-Za-z0-9+/]{400,}={0,2}")
"""Is nothing that could be read; what it holds is looked at once it is unpacked."""
ESCAPED = re.compile(r"\\u\{?([0-9A-Fa-f]{4,6})\}?|\\x([0-9A-Fa-f]{2})|\\([0-9A-Fa-f]{1,6}) ?")
UNSEEN = re.compile("[\u00ad\u034f\u061c\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
OFTEN_ESCAPED = 3
TAG = re.compile(r"<[^>]*>")
NAME_OF_VALUE = re.compile(r'"[^"]{0,60}"\s*:')
ANSWERS = re.compile(
    r"\d(?<![\w.,]\d)\d?(?:\.0)?(?![\w.])[^\w]{1,40}(?:\d{1,2}(?:\.0)?(?![\w.])[^\w]{1,40}){6,}\d{1,2}(?![\w])"
)
NUMBER = re.compile(r"(\d{1,2})(?:\.0)?")
DECIMAL_COMMA = re.compile(r"\d(?<![\w.,]\d)\d{0,2},\d{1,2}(?!,?\d|\w)")
"""6,8 stands for one number, as 6.8 does; in 6,8,7 there are three answers."""
PNG = b"\x89PNG\r\n\x1a\n"
ZIP = b"PK\x03\x04"
GZIP, ZLIB = b"\x1f\x8b", b"\x78"
PDF = b"%PDF-"
PIXELS = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"bKGD", b"sBIT", b"pHYs", b"sRGB", b"gAMA", b"cHRM"})
"""Parts of a PNG that hold numbers about its pixels only."""
URL_SAFE = str.maketrans("-_", "+/")
FAILED = re.compile(r'"output_type"\s*:\s*"(?:error|stream)"')


class Scan(ABC):
    """What must not be in any released file, wherever it is kept."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: not released>"

    @abstractmethod
    def finds(self, content: bytes) -> list[str]:
        """Return what a file holds that it must not, in words."""

    def require_clean(self, files: Iterable[Path]) -> None:
        """Refuse files that hold anything of a respondent.

        Raises
        ------
        DisclosureError
            One problem per file and kind of find, without what was found.
        """
        problems = [
            Problem(
                code="ICS-611",
                message=f"{path.name} would hold {found}",
                hint="nothing of a respondent may be displayed or printed: show released results only",
            )
            for path in files
            for found in self.finds(path.read_bytes())
        ]
        if problems:
            raise DisclosureError(problems)


@dataclass(frozen=True, kw_only=True, repr=False)
class LeakScan(Scan):
    """What must not be in any released file; made by :meth:`of`.

    Attributes
    ----------
    keys
        Names of respondents.
    texts
        First characters -> texts that few respondents have in common.
    rows
        Answers that stand side by side in one rating.
    """

    keys: frozenset[str]
    texts: dict[str, tuple[str, ...]]
    rows: frozenset[bytes]

    @classmethod
    def of(cls, study: Study, responses: Responses) -> LeakScan:
        """Return the scan for a survey: keys and texts of its file as it stands, rows of its checked ratings.

        What the study or its questionnaire says itself, names of departments for instance, is nobody's secret, and
        neither is a comment that somebody of the organisation has signed off.
        """
        frame = parse_table(survey_bytes(study.responses), study.responses).frame
        own = own_words(study)
        said = plain_of(own)
        respondent = study.responses.columns.respondent
        keys = set() if respondent is None else {text.strip() for text in frame[respondent].unique()}
        starts: dict[str, list[str]] = {}
        for text in _rare_texts(frame, fewer_than=study.policy.minimum_group):
            if text[:COMPARED] not in said:
                starts.setdefault(text[:SHORTEST_TEXT], []).append(text[:COMPARED])
        return cls(
            keys=frozenset(key for key in keys if is_telling(key) and key not in own),
            texts={start: tuple(texts) for start, texts in starts.items()},
            rows=frozenset(row.tobytes() for rows in stretches(study, responses) for row in rows),
        )

    def finds(self, content: bytes) -> list[str]:
        """Return what a file holds that it must not, in words."""
        found: dict[str, None] = {}
        plain = set[str]()
        for text in dict.fromkeys(texts_in(content)):
            if not words_of(text).isdisjoint(self.keys):
                found["the key of a respondent"] = None
            if (words := plain_of(text)) not in plain and self._has_text(words):
                found["a text of a respondent"] = None
            plain.add(words)
            if self._has_row(text):
                found["a row of answers"] = None
            if FAILED.search(text):
                found["the output of a failure or a print"] = None
        return list(found)

    def _has_text(self, plain: str) -> bool:
        places = np.flatnonzero(self._marks[_marks_of(plain)])
        return any(
            plain.startswith(candidate, place)
            for place in places.tolist()
            for candidate in self.texts.get(plain[place : place + SHORTEST_TEXT], ())
        )

    @cached_property
    def _marks(self) -> NDArray[np.bool_]:
        """Which marks the beginnings of texts have: most places of a file are told apart by theirs at once."""
        marks = np.zeros(MARKS, dtype=np.bool_)
        for start in self.texts:
            marks[_marks_of(start)] = True
        return marks

    def _has_row(self, text: str) -> bool:
        return any(run in self.rows for run in runs_of(text))


def plain_of(text: str) -> str:
    """Return a text as texts are compared: the same words are, in other lines, marks and capitals too."""
    return " ".join(PART.findall(text.lower()))


def words_of(text: str) -> set[str]:
    """Return what may be a key in a text."""
    words = set(WORD.findall(text))
    each_once = " ".join(words)
    return words.union(NAME.findall(each_once), PART.findall(each_once), (word.strip(".") for word in words))


def _marks_of(text: str) -> NDArray[np.uint32]:
    """Return a number below :data:`MARKS` for every so many characters that follow each other."""
    letters = np.frombuffer(text.encode("utf-32-le", errors="replace"), dtype="<u4")
    marks = np.zeros(max(0, len(letters) - SHORTEST_TEXT + 1), dtype=np.uint32)
    for place in range(SHORTEST_TEXT):
        marks *= np.uint32(MULTIPLIER)
        marks += letters[place : place + len(marks)]
    return marks >> np.uint32(32 - MARKS.bit_length() + 1)


def runs_of(text: str) -> Iterator[bytes]:
    """Yield what may be answers of one rating: every so many numbers that stand side by side."""
    plain = NAME_OF_VALUE.sub("", f"{TAG.sub(' ', text)}\n{' '.join(TAG.findall(text))}")
    for run in ANSWERS.findall(DECIMAL_COMMA.sub("x", plain)):
        numbers = bytes(int(number) for number in NUMBER.findall(run))
        yield from (numbers[place : place + IN_A_ROW] for place in range(len(numbers) - IN_A_ROW + 1))


def is_telling(key: str) -> bool:
    """Return whether a key, found as a word by itself, can hardly be anything else."""
    return len(key) >= (SHORTEST_NUMBER if key.isdecimal() else SHORTEST_KEY)


def own_words(study: Study) -> str:
    """Return everything that the study says itself."""
    sentences = chain.from_iterable(Texts(language).sentences for language in LANGUAGES)
    said = study.model_dump_json(exclude={"file", "store"})
    return "\n".join([said, ORGANISATION, *sentences, *signed_texts(study)])


def _rare_texts(frame: pd.DataFrame, *, fewer_than: int) -> Iterator[str]:
    """Yield the long texts of all columns that fewer people have in common than may be known."""
    for column in frame:
        counts = frame[column].value_counts()
        for text in counts.index[counts < fewer_than]:
            plain = plain_of(str(text))
            if len(plain) >= SHORTEST_TEXT and not plain.replace(" ", "").isdecimal():
                yield plain


def stretches(study: Study, responses: Responses) -> Iterator[np.ndarray[tuple[int, int], np.dtype[np.uint8]]]:
    """Yield side by side answers of the ratings of each department, unless they are the same throughout."""
    closed = [item.code for item in study.questionnaire.items if item.responses is not None]
    for department in responses.departments:
        # Damaged answers are in no page: every notebook that reads them fails.
        with suppress(RunError):
            ratings = responses.ratings(wave=study.wave, department=department, columns=closed).to_numpy(dtype=float)
            for start in range(0, len(closed) - IN_A_ROW + 1, IN_A_ROW):
                stretch = ratings[:, start : start + IN_A_ROW]
                stretch = stretch[~np.isnan(stretch).any(axis=1) & (np.ptp(stretch, axis=1) > 0)]
                yield np.ascontiguousarray(stretch, dtype=np.uint8)


def texts_in(content: bytes, depth: int = 0) -> Iterator[str]:
    """Yield every text in a file, however it is packed: itself, what its addresses, members and pictures hold."""
    if depth > DEEPEST:
        return
    if content.startswith(PNG):
        yield from chain.from_iterable(texts_in(text, depth + 1) for text in _texts_of_picture(content))
    elif content.startswith(ZIP) or (ZIP in content and zipfile.is_zipfile(io.BytesIO(content))):
        yield from chain.from_iterable(texts_in(member, depth + 1) for member in _members(content))
    elif content.startswith(PDF):
        yield from chain.from_iterable(texts_in(part, depth + 1) for part in _parts_of_pdf(content))
    elif content.startswith(GZIP):
        yield from texts_in(_inflated(content, wbits=31), depth + 1)
    else:
        yield from chain.from_iterable(_texts_of_text(text, depth) for text in _written(content))


def _written(content: bytes) -> Iterator[str]:
    """Yield the text of a file in the encodings that it may have; of UTF-16 and UTF-32 the Latin letters."""
    plain = content.replace(b"\0", b"")
    text = plain.decode("utf-8", errors="replace")
    yield text
    if "\ufffd" in text:
        yield plain.decode("cp1252", errors="replace")


def _texts_of_text(text: str, depth: int) -> Iterator[str]:
    packed = [_unpacked(match) for match in DATA_ADDRESS.finditer(text)]
    plain, as_read = unescape(DATA_ADDRESS.sub(" ", text)), _as_read
    if BASE64.fullmatch(plain):
        packed.append(_from_base64(plain))
    elif plain.lstrip().startswith(("{", "[")):
        strings: Iterable[str] = ()
        with suppress(ValueError):
            strings, as_read = _strings(json.loads(text)), _as_it_stands  # what is escaped is read string by string
        long = {True: list[str](), False: list[str]()}
        for string in strings:
            long[len(string) > COMPARED].append(string)
        together = "\n".join(dict.fromkeys(long[False]))
        yield from chain.from_iterable(texts_in(string.encode(), depth + 1) for string in (together, *long[True]))
    plain = LONG.sub(" ", plain)
    yield from as_read(plain)
    for content in [*packed, *_packed_in(plain)]:
        yield from texts_in(content, depth + 1)


def _as_it_stands(text: str) -> Iterator[str]:
    yield text


def _as_read(text: str) -> Iterator[str]:
    """Yield a text as it stands, and as it is read: without escapes, characters that show nothing, and tags."""
    read, before = text, ""
    for _ in range(OFTEN_ESCAPED):
        if read != before:
            read, before = unescape(unquote(ESCAPED.sub(_character, read))), read
    read = UNSEEN.sub("", normalize("NFKC", read))
    yield from dict.fromkeys((text, read, TAG.sub("", read), TAG.sub(" ", read)))


def _character(escape: re.Match[str]) -> str:
    number = int(next(digits for digits in escape.groups() if digits), 16)
    return chr(number) if number <= sys.maxunicode else " "


def _packed_in(text: str) -> Iterator[bytes]:
    """Yield what stands somewhere in a text as base64 or hexadecimal digits, if it can be read or taken apart."""
    for word in set(PACKED.findall(text)):
        digits = word.translate(URL_SAFE).rstrip("=")
        for unpacked in (_from_base64(digits + "=" * (-len(digits) % 4)), _from_hex(digits)):
            if unpacked.startswith((PNG, ZIP, PDF, GZIP)) or _is_read(unpacked):
                yield unpacked


def _is_read(content: bytes) -> bool:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return bool(text) and "".join(text.split()).isprintable()


def _from_hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _inflated(content: bytes, *, wbits: int = zlib.MAX_WBITS) -> bytes:
    try:
        return zlib.decompressobj(wbits).decompress(content, LARGEST_MEMBER)
    except zlib.error:
        return b""


def _unpacked(address: re.Match[str]) -> bytes:
    return _from_base64(address[2]) if address[1] else unquote_to_bytes(address[2])


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=False)
    except (binascii.Error, ValueError):
        return b""


def _strings(value: Any) -> Iterator[str]:  # noqa: ANN401  whatever a JSON file holds
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            waiting += one


def _members(content: bytes) -> Iterator[bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        yield archive.comment
        for member in archive.infolist():
            yield from (member.filename.encode(), member.comment)
            if member.file_size <= LARGEST_MEMBER:
                yield archive.read(member)


def _parts_of_pdf(content: bytes) -> Iterator[bytes]:
    """Yield the text of every page, every string that is no part of a page, what is attached and what follows."""
    try:
        from pypdf import PdfReader  # noqa: PLC0415  an extra: without it no PDF was made
        from pypdf.generic import StreamObject  # noqa: PLC0415
    except ImportError:
        raise RunError(
            "A PDF cannot be looked through for leaks.", code="ICS-737", hint='pip install "icstats[pdf]"'
        ) from None
    reader = PdfReader(io.BytesIO(content))
    for page in reader.pages:
        yield page.extract_text().encode()
    for number in sorted({*chain.from_iterable(reader.xref.values()), *reader.xref_objStm}):
        part = reader.get_object(number)
        yield from (string.encode() for string in _strings_of_pdf(part))
        if isinstance(part, StreamObject) and part.get("/Type") in {"/EmbeddedFile", "/Metadata"}:
            yield part.get_data()
    yield content.rpartition(b"%%EOF")[2]


def _strings_of_pdf(value: Any) -> Iterator[str]:  # noqa: ANN401  whatever a PDF holds
    """Yield the strings in an object itself; what it refers to is an object of its own."""
    if isinstance(value, dict):
        yield from chain.from_iterable(_strings_of_pdf(part) for part in dict.values(value))
    elif isinstance(value, list):
        yield from chain.from_iterable(_strings_of_pdf(part) for part in list.__iter__(value))
    elif isinstance(value, bytes):
        yield value.decode("utf-8", errors="replace")
    elif isinstance(value, str) and not value.startswith("/"):
        yield str(value)


def _texts_of_picture(content: bytes) -> Iterator[bytes]:
    """Yield what a PNG holds beside its pixels."""
    place, kind = len(PNG), b""
    while kind != b"IEND" and place + 8 <= len(content):
        length, kind = int.from_bytes(content[place : place + 4], "big"), content[place + 4 : place + 8]
        data = content[place + 8 : place + 8 + length]
        if kind not in PIXELS:
            yield data.replace(b"\0", b" ")
            yield from (_inflated(data[start.start() :]) for start in re.finditer(ZLIB, data))
        place += length + 12
    yield content[place:]
