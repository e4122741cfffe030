"""Text files in which nothing is odd: cut, understood and laid out by department in one pass, in bounded memory.

Every line is a record, every row a rating, and every text of a column means something. What each distinct text means
is asked of the checks themselves. Any other file is not plain: it is read with care, and so is a plain one in which
rows beside each other turn out to be wrong.
"""

from __future__ import annotations

import mmap
import re
import shutil
import sys
import tempfile
from codecs import BOM_UTF8, getincrementaldecoder
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, ipc

from icstats.ahead import one_ahead
from icstats.answers import NOT_ASKED
from icstats.bulk import OF_ROWS, OF_THE_WHOLE
from icstats.bulktext import HEAD, SPACES
from icstats.cleaning import clean
from icstats.columns import item_columns, key_columns, written
from icstats.delimited import Form, form_of, records_of
from icstats.documents import shown_path
from icstats.errors import SurveyFileError
from icstats.intake import SUFFIXES, TEXT
from icstats.platforms import HEADER_ROWS_SEEN, Header, header_of
from icstats.prepared import Checked
from icstats.ratings import (
    checked_table,
    codes_as_asked,
    is_about_another,
    is_for_others,
    is_rated,
    meanings,
)
from icstats.rawtable import RawTable
from icstats.siphash import cells_of
from icstats.tally import BLANK, Tally, counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from icstats.questionnaire import Item
    from icstats.study import Study

__all__ = ["NotPlain", "opened"]

SMALLEST = 2**22
"""Bytes from which a file is worth the look; smaller ones are read with care in no time."""
MOST_RATINGS = 30_000_000
"""Numbers for so many respondents are made in memory; larger files are read with care."""
PART = 2**18
"""Bytes that are looked through at once; they stay in near memory."""
BLOCK = 2**22
AT_ONCE = 500_000
"""Ratings that are sorted by department together."""
CHECKED_AT_ONCE = 150_000
MOST_TEXTS = 250
"""Distinct texts of a column of answers, which are kept as numbers of one byte."""
MOST_KEYS = 10_000
LONGEST_NAME = 64
WORD = 8
"""Bytes of names that are compared at once."""
ODD_QUOTES = rb'"(?<![%s\r\n"]")(?:"")*(?![%s\r\n"])|""(?<=[%s\r\n]"")(?:"")*(?![%s\r\n"])'
"""Quotation marks amid a text that are not doubled, and text after a closing one: readers differ about them."""


class NotPlain(Exception):  # noqa: N818  it is no error: the file is read in another way
    """The file is not plain."""


@contextmanager
def opened(study: Study, content: bytes | None) -> Iterator[tuple[Sequence[str], Iterator[Checked]]]:
    """Give how a plain survey file is read, and its checked ratings, one department after the other.

    Parameters
    ----------
    study
        Names the file.
    content
        The file; None where it is too large to be in memory.

    Raises
    ------
    NotPlain
        At once, or while ratings are taken: what came of them until then must be thrown away.
    """
    _require_plain_settings(study)
    folder = Path(tempfile.mkdtemp(prefix=".icstats-"))
    try:
        plain = _Plain(study=study, content=content, folder=folder)
        plain.read()
        yield plain.remarks(), plain.departments()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _require_plain_settings(study: Study) -> None:
    source = study.responses
    named = source.columns
    if (
        SUFFIXES.get(source.file.suffix.lower()) != TEXT
        or source.file.stat().st_size < SMALLEST
        or source.layout != "stacked"
        or source.encoding is not None
        or named.department is None
        or named.date is not None
        or named.seconds is not None
        or source.cleaning.invited is not None
    ):
        raise NotPlain


@dataclass
class _Texts:
    """The distinct texts of a column, each with a number."""

    most: int
    numbers: dict[str, int] = field(default_factory=dict)

    def numbered(self, column: pa.StringArray) -> NDArray[Any]:
        """Return the number of every row's text."""
        _, ends, data = column.buffers()
        ends = np.frombuffer(ends, dtype=np.int32)[column.offset : column.offset + len(column) + 1]
        lengths = np.diff(ends)
        # Most answers are one sign, which is its own number until all signs have theirs.
        signs = np.frombuffer(data or b"\0", dtype=np.uint8).take(ends[:-1], mode="clip") * (lengths == 1)
        others = lengths > 1
        seen = np.flatnonzero(np.bincount(signs[~others] if others.any() else signs)).tolist()
        kind = np.uint8 if self.most <= MOST_TEXTS else np.uint16
        of_sign = np.zeros(256, dtype=kind)
        of_sign[seen] = self._numbers_of([chr(sign) if sign else "" for sign in seen])
        numbers: NDArray[Any] = of_sign.take(signs)
        if others.any():
            long = column.filter(pa.array(others)).dictionary_encode()
            numbers[others] = np.array(self._numbers_of(long.dictionary.to_pylist()))[long.indices.to_numpy()]
        return numbers

    def _numbers_of(self, texts: Sequence[str]) -> list[int]:
        found = [self.numbers.setdefault(text, len(self.numbers)) for text in texts]
        if len(self.numbers) > self.most:
            raise NotPlain
        return found

    @property
    def texts(self) -> list[str]:
        return list(self.numbers)


@dataclass(kw_only=True)
class _Plain:
    """A survey file that is plain until something odd is found."""

    study: Study
    content: bytes | None
    folder: Path

    coded: dict[str, _Texts] = field(default_factory=dict, init=False)
    runs: list[tuple[Path, NDArray[np.int64]]] = field(default_factory=list, init=False)
    names: list[pa.Array] = field(default_factory=list, init=False)
    n: int = field(default=0, init=False)

    def read(self) -> None:
        """Read the file, and leave its ratings on disk, those about each department together."""
        lines = self._lines()
        waiting = list[pa.Table]()
        try:
            with self._cut() as reader, one_ahead(reader) as batches:
                for batch in batches:
                    waiting.append(self._numbered(batch))
                    if sum(map(len, waiting)) >= AT_ONCE:
                        self._put_by(waiting)
        except pa.ArrowInvalid:
            raise NotPlain from None
        self._put_by(waiting)
        if self.n != lines - self.above or not self.n:
            raise NotPlain

    def _lines(self) -> int:
        """Return the number of lines, after making sure that it is text without odd characters."""
        separator = re.escape(self.form.separator).encode()
        odd = re.compile(ODD_QUOTES % ((separator,) * 4))
        decoder, lines, last = getincrementaldecoder("utf-8")(), 0, b"\n"
        for part in self._parts():
            try:
                if not part.isascii() or decoder.getstate()[0]:
                    decoder.decode(part)
            except UnicodeDecodeError:
                raise NotPlain from None
            seen = last[-2:] + part
            if b"\0" in part or odd.search(seen):
                raise NotPlain
            if b"\r" in part and part.count(b"\r") != part.count(b"\r\n"):
                raise NotPlain
            lines, last = lines + part.count(b"\n"), part
        if decoder.getstate()[0]:
            raise NotPlain
        return lines + (not last.endswith(b"\n"))

    def _parts(self) -> Iterator[bytes]:
        """Yield the bytes of the file, in parts that end where a line ends."""
        if self.content is None:
            with self.study.responses.file.open("rb") as stream:
                while part := stream.read(PART) + stream.readline():
                    yield part
            return
        start = 0
        while start < len(self.content):
            end = self.content.find(b"\n", start + PART) + 1 or len(self.content)
            yield self.content[start:end]
            start = end

    @cached_property
    def _head(self) -> str:
        if self.content is None:
            with self.study.responses.file.open("rb") as stream:
                head = stream.read(HEAD)
        else:
            head = self.content[:HEAD]
        try:
            return head[: head.rfind(b"\n") + 1].removeprefix(BOM_UTF8).decode("utf-8")
        except UnicodeDecodeError:
            raise NotPlain from None

    @cached_property
    def form(self) -> Form:
        try:
            return form_of(self._head, self.study.responses, self._file)
        except SurveyFileError:
            raise NotPlain from None

    @cached_property
    def above(self) -> int:
        """Lines above the first rating."""
        return self.form.lines_before_header + 1

    @cached_property
    def header(self) -> tuple[str, ...]:
        """The names of the columns, each another."""
        first = list(islice(records_of(StringIO(self._head, newline=""), self.form, self._file, []), HEADER_ROWS_SEEN))
        if len(first) < HEADER_ROWS_SEEN or first[1][0] != self.above + 1:
            raise NotPlain
        header = header_of([cells for _, cells in first], self.study.responses.platform)
        names = header.names
        if header != Header(names=names) or len(set(names)) < len(names) or not all(name.strip() for name in names):
            raise NotPlain
        return names

    @property
    def _file(self) -> str:
        return shown_path(self.study.responses.file)

    @cached_property
    def columns(self) -> dict[str, str]:
        """Name here -> column of the file, of all that is read."""
        attributes = {name: name for name in self.study.responses.attributes}
        every = {**key_columns(self.study), **attributes, **item_columns(self.study)}
        found = {name: column for name, column in every.items() if column in self.header}
        if len(set(found.values())) < len(found) or "department" not in found:
            raise NotPlain
        return found

    @cached_property
    def texts(self) -> list[str]:
        """What is kept as it is written: whose ratings they are, attributes and open answers."""
        opened = [item.code for item in self.study.questionnaire.items if item.responses is None]
        return [name for name in ("respondent", *self.study.responses.attributes, *opened) if name in self.columns]

    def _cut(self) -> csv.CSVStreamingReader:
        types = dict.fromkeys(self.columns.values(), pa.string())
        return csv.open_csv(
            self.study.responses.file if self.content is None else pa.BufferReader(self.content),
            read_options=csv.ReadOptions(skip_rows=self.above, column_names=list(self.header), block_size=BLOCK),
            parse_options=csv.ParseOptions(delimiter=self.form.separator, ignore_empty_lines=False),
            convert_options=csv.ConvertOptions(
                column_types=types, include_columns=list(types), strings_can_be_null=False
            ),
        )

    def _numbered(self, batch: pa.RecordBatch) -> pa.Table:
        """Return ratings with numbers for the texts of columns that have few."""
        found = {"row": pa.array(np.arange(self.n, self.n + len(batch)))}
        for name, column in self.columns.items():
            if name in self.texts:
                found[name] = batch[column]
            else:
                most = MOST_KEYS if name in key_columns(self.study) else MOST_TEXTS
                found[name] = pa.array(self.coded.setdefault(name, _Texts(most)).numbered(batch[column]))
        self.n += len(batch)
        if "respondent" in found:
            self._keep_names(found["respondent"])
        if self.n > MOST_RATINGS:
            raise NotPlain
        return pa.table(found)

    def _keep_names(self, names: pa.Array) -> None:
        lengths = pc.binary_length(names)
        trimmed = pc.utf8_trim(names, characters=SPACES)
        usual = pc.min(lengths).as_py() > 0 and pc.max(lengths).as_py() <= LONGEST_NAME
        if not usual or not trimmed.equals(names) or pc.any(pc.match_substring(names, "E+")).as_py():
            raise NotPlain
        width = -(-pc.max(lengths).as_py() // WORD) * WORD
        # Numbers of which the first byte is the highest are sorted as the names are.
        self.names.append(cells_of(names, width).view(">u8").astype(np.uint64))

    def _put_by(self, waiting: list[pa.Table]) -> None:
        """Write ratings to disk, those about each department together, and forget them."""
        if not waiting:
            return
        table = pa.concat_tables(waiting).combine_chunks()
        waiting.clear()
        department = table["department"].to_numpy()
        sorted_by_department = table.take(pa.array(np.argsort(department, kind="stable")))
        path = self.folder / f"{len(self.runs)}.arrow"
        with ipc.new_file(path, table.schema) as file:
            file.write_table(sorted_by_department)
        ends = np.cumsum(np.bincount(department, minlength=MOST_KEYS + 1))
        self.runs.append((path, np.concatenate([[0], ends])))

    def remarks(self) -> tuple[str, ...]:
        """Return how the file was understood, if nothing is wrong with any of its texts."""
        checked, _ = checked_table(self._witnesses, self.study)
        if not set(self.coded["department"].numbers) <= set(map(written, self.study.departments)):
            raise NotPlain
        if any(problem.code not in (*OF_ROWS, *OF_THE_WHOLE) for problem in checked.problems):
            raise NotPlain
        return (self.form.note, *checked.remarks)

    @cached_property
    def _witnesses(self) -> RawTable:
        """A small table in which every text of a column that has few stands, at the place of its number."""
        n = max(len(texts.numbers) for texts in self.coded.values())
        columns = dict.fromkeys(self.header, [""] * n)
        for name, texts in self.coded.items():
            known = texts.texts
            columns[self.columns[name]] = [*known, *known[-1:] * (n - len(known))]
        if "respondent" in self.columns:
            columns[self.columns["respondent"]] = [f"w{place}" for place in range(n)]
        frame = pd.DataFrame(columns, dtype="str")
        return RawTable(frame=frame, rows=np.arange(1, n + 1), file=self._file, notes=(), separator=self.form.separator)

    def departments(self) -> Iterator[Checked]:
        """Yield the checked ratings of one department after the other."""
        means = meanings(self._witnesses, self.study)
        respondents = _ranks(self.names) if self.names else None
        maps = [_mapped(path) for path, _ in self.runs]
        tables = [ipc.open_file(pa.py_buffer(one)).read_all() for one in maps]
        numbers = {means["department"][number]: number for number in self.coded["department"].numbers.values()}
        waiting, slugs = list[pa.Table](), list[str]()
        for department in self.study.departments:
            if department.slug in numbers:
                number = numbers[department.slug]
                waiting += [
                    table[ends[number] : ends[number + 1]] for table, (_, ends) in zip(tables, self.runs, strict=True)
                ]
                slugs.append(department.slug)
            if sum(map(len, waiting)) >= CHECKED_AT_ONCE:
                yield self._checked(pa.concat_tables(waiting), tuple(slugs), means, respondents)
                waiting.clear()
                slugs.clear()
                _forget(maps)
        if slugs:
            yield self._checked(pa.concat_tables(waiting), tuple(slugs), means, respondents)

    def _checked(
        self,
        table: pa.Table,
        slugs: tuple[str, ...],
        means: Mapping[str, Any],
        respondents: NDArray[np.int64] | None,
    ) -> Checked:
        ratings, order = self._ratings(table, means, respondents)
        answered = is_rated(ratings, self.study)
        rated = ratings[answered]
        cleaned = clean(rated, self.study, by_person=respondents is not None)
        kept = rated[cleaned.kept]
        if cleaned.refused.any() or kept.empty:
            raise NotPlain
        own = None
        if respondents is not None:
            own = table["respondent"].combine_chunks().take(pa.array(order[kept.index]))
        blank = Tally(found={BLANK: counted(ratings[~answered])})
        return Checked(
            ratings=kept.reset_index(drop=True), respondents=own, tally=blank + cleaned.tally, departments=slugs
        )

    def _ratings(
        self, table: pa.Table, means: Mapping[str, Any], respondents: NDArray[np.int64] | None
    ) -> tuple[pd.DataFrame, NDArray[np.int64]]:
        """Return ratings with answers as codes, in the order of a store, and the place in the table of each."""
        n, row = len(table), table["row"].to_numpy()
        numbers = {name: table[name].to_numpy() for name in self.coded}
        department = _meant(means["department"], numbers["department"])
        wave = _meant(means["wave"], numbers["wave"]) if "wave" in numbers else _same(self.study.wave, n)
        role = _meant(means["role"], numbers["role"]) if "role" in numbers else _same("customer", n)
        person = row if respondents is None else respondents[row]
        order = _in_order(self._places_of(department), wave, person)
        numbers = {name: found[order] for name, found in numbers.items()}
        department, wave, role = (key.take(order) for key in (department, wave, role))
        weight = means["weight"][numbers["weight"]] if "weight" in numbers else np.ones(n)
        keys = {"respondent": person[order], "department": department, "wave": wave, "role": role, "weight": weight}
        items = self.study.questionnaire.items
        names = (*self.study.responses.attributes, *(item.code for item in items if item.responses is None))
        texts = {name: _stripped(table[name], order) if name in self.texts else _empty(n) for name in names}
        closed = [item for item in items if item.responses is not None]
        codes = np.full((len(closed), n), NOT_ASKED, dtype=np.int8)
        for item, found in zip(closed, codes, strict=True):
            if item.code in numbers:
                found[:] = self._codes(item, means[item.code][numbers[item.code]], department, role)
        ratings = pd.concat(
            [
                pd.DataFrame({**keys, **texts, "file_row": row[order] + self.above + 1}, copy=False),
                pd.DataFrame(codes.T, columns=[item.code for item in closed], copy=False),
            ],
            axis=1,
        )
        attributes = [name for name in self.study.responses.attributes if name in self.texts]
        return ratings[[*keys, *attributes, *(item.code for item in items), "file_row"]], order

    def _places_of(self, department: pd.Categorical[str]) -> NDArray[np.int64]:
        """Return the place of each rating's department in the study."""
        slugs = [one.slug for one in self.study.departments]
        places = np.array([slugs.index(slug) for slug in department.categories], dtype=np.int64)
        found: NDArray[np.int64] = places[department.codes]
        return found

    @staticmethod
    def _codes(
        item: Item, codes: NDArray[Any], department: pd.Categorical[str], role: pd.Categorical[str]
    ) -> NDArray[Any]:
        """Return the codes of answers to an item; where somebody who was not asked gave one, the file is not plain."""
        elsewhere = is_about_another(item, department.categories.to_numpy(dtype=object))
        others = is_for_others(item, role.categories.to_numpy(dtype=object))
        if not (elsewhere.any() or others.any()):
            return codes
        unasked = elsewhere[department.codes] | others[role.codes]
        refused = unasked if item.block == "mirror" else elsewhere[department.codes]
        if (refused & (codes >= 0)).any():
            raise NotPlain
        return codes_as_asked(codes, unasked)


def _mapped(path: Path) -> mmap.mmap:
    with path.open("rb") as stream:
        return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)


def _forget(maps: Iterable[mmap.mmap]) -> None:
    """Let go of the parts of files that were read: they would count as memory until the last one is."""
    if sys.platform != "win32":
        for one in maps:
            one.madvise(mmap.MADV_DONTNEED)


def _meant(meanings: NDArray[Any], numbers: NDArray[Any]) -> pd.Categorical[str]:
    """Return what the numbered texts of a column mean."""
    codes, found = pd.factorize(pd.Index(meanings, dtype="str"), sort=True)
    return pd.Categorical.from_codes(codes[numbers], categories=found)


def _same(text: str, n: int) -> pd.Categorical[str]:
    return _meant(np.array([text], dtype=object), np.zeros(n, dtype=np.int8))


def _empty(n: int) -> Any:  # noqa: ANN401
    return pd.array([""] * n, dtype="str")


def _stripped(column: pa.ChunkedArray, order: NDArray[np.int64]) -> Any:  # noqa: ANN401
    return pd.Series(column.take(pa.array(order)).to_pandas(), dtype="str").str.strip().array


def _in_order(place: NDArray[np.int64], wave: pd.Categorical[str], person: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the order by department, wave and person, and of the file where those are the same."""
    n, n_people = len(person), int(person.max()) + 1
    group = place * len(wave.categories) + wave.codes
    if (int(group.max()) + 1) * n_people * n > np.iinfo(np.int64).max:
        raise NotPlain
    # Whole numbers that hold all of it are sorted many times faster than rows are.
    order: NDArray[np.int64] = np.sort((group * n_people + person) * n + np.arange(n)) % n
    return order


def _ranks(names: list[NDArray[np.uint64]]) -> NDArray[np.int64]:
    """Return the place of every name among all, sorted, and let go of the names.

    Names are rows of words; those that a name has less than others are 0.
    """
    n_words = max(part.shape[1] for part in names)
    padded = (np.pad(part, ((0, 0), (0, n_words - part.shape[1]))) for part in names)
    words = np.vstack(list(padded)).T
    names.clear()
    ranks = _places(words[0])
    for word in words[1:]:
        by_word = _places(word)
        ranks = _places(ranks * (int(by_word.max()) + 1) + by_word)
    return ranks


def _places(numbers: NDArray[Any]) -> NDArray[np.int64]:
    """Return the place of every number among those that occur, sorted: most occur often, so few are sorted."""
    which, found = pd.factorize(numbers)
    places = np.empty(len(found), dtype=np.int64)
    places[np.argsort(found)] = np.arange(len(found))
    sorted_places: NDArray[np.int64] = places[which]
    return sorted_places
