"""A sabotaged file is not released, wherever the leak is put and however it is packed."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest
from attacks.organisation import ITEMS, answers, organisation
from small_study import PIXEL
from weasyprint import HTML, Attachment

from icstats import intake
from icstats.bulkscan import BulkScan, scan_of
from icstats.errors import DisclosureError
from icstats.leakscan import LeakScan, Scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pandas as pd

KEY = "jansen.p@example.org"
COMMENT = 'The counter closes at four & nobody says "why"; my manager laughs.'
SIZES = {"x": 12, "y": 30, "z": 40}


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    survey = answers(SIZES, 1).assign(OP1="")
    survey.loc[3, ["respondent", "OP1"]] = [KEY, COMMENT]
    survey.loc[4, "OP1"] = "Customer orientation of the staff"
    return survey


@pytest.fixture(scope="module", params=["at once", "bulk"])
def scan(
    tmp_path_factory: pytest.TempPathFactory, frame: pd.DataFrame, request: pytest.FixtureRequest
) -> Iterator[Scan]:
    edition = organisation(tmp_path_factory.mktemp("leak"), frame).edition
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "bulk":
            patch.setattr(intake, "LARGEST_FILE", 0)
        with scan_of(edition.study, edition.organisation.responses) as made:
            assert isinstance(made, BulkScan if request.param == "bulk" else LeakScan)
            yield made


def page(text: str) -> bytes:
    return f"<html><title>Report</title><p>{text}</p></html>".encode()


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;")


def picture(kind: bytes, data: bytes) -> bytes:
    png = base64.b64decode(PIXEL)
    chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return png[:33] + chunk + png[33:]


def address(content: bytes, kind: str = "image/png") -> str:
    return f'<img alt="" src="data:{kind};base64,{base64.b64encode(content).decode()}">'


def zipped(name: str, content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return stream.getvalue()


def notebook(**cell: object) -> bytes:
    return json.dumps(
        {"cells": [{"cell_type": "code", "metadata": {}, "outputs": [], **cell}], "metadata": {}}
    ).encode()


def output(**data: object) -> bytes:
    return notebook(outputs=[{"output_type": "display_data", "data": data, "metadata": {}}])


def pdf(text: str = "Report", **options: str) -> bytes:
    attached = [Attachment(string=options["attached"])] if "attached" in options else None
    head = f"<title>{options.get('title', 'Report')}</title>"
    return HTML(string=f'<html lang="en">{head}<p>{text}</p></html>').write_pdf(
        pdf_variant=None if attached else "pdf/ua-1", attachments=attached
    )


def packed(content: bytes) -> str:
    return base64.b64encode(content).decode()


def every(text: str, way: str) -> str:
    """Write each letter of a text in a way of its own."""
    return "".join(way.format(ord(sign)) for sign in text)


SABOTAGE: dict[str, Callable[[pd.DataFrame], bytes]] = {
    "a frame displayed": lambda frame: page(frame.head().to_html()),
    "a frame displayed, answers only": lambda frame: page(frame[list(ITEMS)].astype(float).to_html(index=False)),
    "a frame as text": lambda frame: output(**{"text/plain": frame[list(ITEMS)].to_string()}),
    "rows as CSV": lambda frame: frame[list(ITEMS)].to_csv(index=False).encode(),
    "rows as records": lambda frame: frame[list(ITEMS)].to_json(orient="records").encode(),
    "a key in the text": lambda _: page(f"Thanks, {KEY}."),
    "a key in an alt text": lambda _: page(f'<img alt="by {KEY}">'),
    "a comment": lambda _: page(escaped(COMMENT)),
    "a comment over two lines": lambda _: page(escaped(COMMENT).replace("nobody", "\n   nobody")),
    "a key in results.json": lambda _: json.dumps({"rows": [{"variable": KEY}]}).encode(),
    "a key as a name in JSON": lambda _: json.dumps({KEY: 1}).encode(),
    "a comment in JSON": lambda _: json.dumps({"note": COMMENT}).encode(),
    "metadata of a notebook": lambda _: notebook(metadata={"papermill": {"who": KEY}}),
    "a traceback": lambda _: notebook(outputs=[{"output_type": "error", "ename": "E", "traceback": ["ValueError"]}]),
    "a print": lambda _: notebook(outputs=[{"output_type": "stream", "name": "stdout", "text": "7"}]),
    "a picture's text": lambda _: picture(b"tEXt", b"Comment\0" + KEY.encode()),
    "a picture's packed text": lambda _: picture(b"zTXt", b"Comment\0\0" + zlib.compress(KEY.encode())),
    "a picture in a page": lambda _: page(address(picture(b"tEXt", b"Comment\0" + KEY.encode()))),
    "a picture in a notebook": lambda _: output(
        **{"image/png": base64.b64encode(picture(b"tEXt", b"C\0" + COMMENT.encode())).decode()}
    ),
    "behind a picture": lambda _: base64.b64decode(PIXEL) + KEY.encode(),
    "an address with a page in it": lambda _: page(address(page(KEY), "text/html")),
    "a workbook": lambda _: zipped("xl/sharedStrings.xml", page(KEY)),
    "the name of a member": lambda _: zipped(f"{KEY}.txt", b""),
    "the text of a PDF": lambda _: pdf(escaped(COMMENT)),
    "the title of a PDF": lambda _: pdf(title=KEY),
    "an alt text in a PDF": lambda _: pdf(f'<img alt="by {KEY}" src="data:image/png;base64,{PIXEL}">'),
    "an attachment of a PDF": lambda _: pdf(attached=f"respondent: {KEY}"),
    "behind a PDF": lambda _: pdf() + KEY.encode(),
    "a comment of the page": lambda _: page(f"<!-- {KEY} -->"),
    "a row in a comment of the page": lambda frame: page(f"<!-- {frame[list(ITEMS)].iloc[3].tolist()} -->"),
    "a row in an attribute": lambda frame: page(f'<i data-x="{frame[list(ITEMS)].iloc[3].tolist()}"></i>'),
    "an attribute": lambda _: page(f'<i data-who="{KEY}"></i>'),
    "a style": lambda _: page(f"<style>p::after {{content: '{KEY}'}}</style>"),
    "a style with escapes": lambda _: page("<style>p::after {content: '" + every(KEY, "\\{:x} ") + "'}</style>"),
    "a script with escapes": lambda _: page("<script>'" + every(KEY, "\\x{:02x}") + "'</script>"),
    "escapes of JSON": lambda _: page("<script>{" + every(KEY, "\\u{:04x}") + "}</script>"),
    "entities": lambda _: page(every(KEY, "&#{};")),
    "entities of entities": lambda _: page(every(KEY, "&amp;#{};")),
    "an address in percents": lambda _: page(f'<a href="#{every(KEY, "%{:02X}")}">x</a>'),
    "soft hyphens": lambda _: page("\u00ad".join(KEY)),
    "soft hyphens in a comment": lambda _: page("\u00ad".join(COMMENT)),
    "tags between letters": lambda _: page("<b></b>".join(KEY)),
    "letters of full width": lambda _: page("".join(chr(ord(sign) + 0xFEE0) for sign in KEY)),
    "capitals": lambda _: page(escaped(COMMENT).upper().replace("&AMP;", "&amp;").replace("&QUOT;", "&quot;")),
    "underscores": lambda _: page(COMMENT.replace(" ", "_").replace("&", "and").replace("_and_", "_")),
    "base64 in an attribute": lambda _: page(f'<i data-x="{packed(KEY.encode())}"></i>'),
    "base64 in base64": lambda _: page(f"see {packed(packed(KEY.encode()).encode())}"),
    "base64 for addresses": lambda _: page(packed(KEY.encode()).replace("+", "-").replace("/", "_")),
    "a picture in base64 in a script": lambda _: page(f"<script>{packed(picture(b'tEXt', KEY.encode()))}</script>"),
    "hexadecimal digits": lambda _: page(KEY.encode().hex()),
    "UTF-16": lambda _: page(KEY).decode().encode("utf-16"),
    "UTF-16 without a mark": lambda _: page(escaped(COMMENT)).decode().encode("utf-16-be"),
    "UTF-32": lambda _: page(KEY).decode().encode("utf-32"),
    "Windows letters": lambda _: page(f"é {KEY}").decode().encode("cp1252"),
    "a packed file": lambda _: gzip.compress(page(KEY)),
    "a picture's packed text in any language": lambda _: picture(
        b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(KEY.encode())
    ),
    "a picture's private part": lambda _: picture(b"prVt", KEY.encode()),
    "a picture's colours": lambda _: picture(b"iCCP", b"c\0\0" + zlib.compress(KEY.encode())),
    "properties of a workbook": lambda _: zipped("docProps/core.xml", f"<creator>{KEY}</creator>".encode()),
    "the name of a member, behind something else": lambda _: b"x" + zipped(f"of_{KEY}.csv", b""),
    "an archive in an archive": lambda _: zipped("a.zip", zipped("b.txt", COMMENT.encode())),
    "a workbook in a page": lambda _: page(address(zipped("a.xml", page(escaped(COMMENT))), "application/zip")),
}


@pytest.mark.parametrize("place", SABOTAGE)
def test_a_leak_is_found_wherever_it_is(scan: Scan, frame: pd.DataFrame, tmp_path: Path, place: str) -> None:
    file = tmp_path / "report"
    file.write_bytes(SABOTAGE[place](frame))
    with pytest.raises(DisclosureError) as refusal:
        scan.require_clean([file])
    assert {problem.code for problem in refusal.value.problems} == {"ICS-611"}
    assert re.fullmatch(r"report would hold (the key|a text|a row|the output) .*", refusal.value.problems[0].message)
    assert KEY not in str(refusal.value)
    assert "counter" not in str(refusal.value)


@pytest.mark.parametrize(
    "content",
    [
        page("Marks: 3.8, 3.9, 4.0, 3.1, 3.3, 3.6, 3.7, 4.1, 4.2; on a scale from 1 to 5; n = 12."),
        page(address(base64.b64decode(PIXEL))),
        pdf("Marks: 3.8, 3.9, 4.0, 3.1, 3.3, 3.6, 3.7, 4.1, 4.2; on a scale from 1 to 5; n = 12."),
        page("Customer orientation of the staff"),
        json.dumps({"rows": [{"estimate": 3.8, "conf_low": None, "n": "10–19"}] * 30}).encode(),
        b"",
    ],
)
def test_what_may_be_shown_is_not_taken_for_a_leak(scan: Scan, content: bytes) -> None:
    found = scan.finds(content)
    assert found in ([], ["a text of a respondent"])
    assert not found or b"orientation" in content


def test_the_scan_shows_nothing_of_what_it_looks_for(scan: Scan) -> None:
    assert repr(scan) in {"<LeakScan: not released>", "<BulkScan: not released>"}


def test_numbers_with_a_decimal_comma_are_no_row_of_answers(scan: Scan, frame: pd.DataFrame) -> None:
    """A Dutch table with five numbers in a row once spelled what somebody had answered."""
    row = [int(answer) for answer in frame[list(ITEMS)].iloc[3]]
    pairs = [f"{one},{other}" for one, other in zip(row[::2], row[1::2], strict=False)]
    assert scan.finds(page(",".join(map(str, row)))) == ["a row of answers"]
    assert scan.finds(page(" +".join(pairs))) == []
    assert scan.finds(page("</td><td>".join(pairs))) == []
