"""Reports of one wave in several languages: every page leads to itself in the others."""

from __future__ import annotations

import re
from os.path import relpath
from typing import TYPE_CHECKING

from icstats.engine import write_whole
from icstats.receipts import RECEIPT, read_receipt, write_receipt
from icstats.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


__all__ = ["join_languages"]

END_OF_LINKS = "\n</ul>\n</nav>"
LINK = re.compile(r'\n<li class="language">.*?</li>')


def join_languages(folder: Path, others: Mapping[str, Path]) -> None:
    """Have the pages of a wave lead to themselves in other languages, where they are there.

    A page that was changed by hand is left as it is.

    Parameters
    ----------
    folder
        Where the pages and their receipts are.
    others
        Other language -> folder of the same wave in that language.
    """
    for path in folder.rglob(RECEIPT):
        receipt, _ = read_receipt(path.parent)
        pages = [
            path.with_name(name)
            for name, stamp in receipt.files.items()
            if name.endswith(".html") and path.with_name(name).is_file() and stamp.fits(path.with_name(name))
        ]
        changed = [page.name for page in pages if _joined(page, folder, others)]
        if changed:
            write_receipt(path.parent, receipt.with_same(path.parent, changed))


def _joined(page: Path, folder: Path, others: Mapping[str, Path]) -> bool:
    """Lead a page to itself in other languages; return whether that changed it."""
    there = {language: other / page.relative_to(folder) for language, other in others.items()}
    links = [_link(language, target, page) for language, target in there.items() if target.is_file()]
    before = page.read_text(encoding="utf-8")
    head, end, rest = before.partition(END_OF_LINKS)
    after = "".join([LINK.sub("", head), *links, end, rest])
    if after == before:
        return False
    write_whole(page, after)
    return True


def _link(language: str, target: Path, page: Path) -> str:
    address = relpath(target, page.parent).replace("\\", "/")
    words = Texts(language).say("page.language")
    return f'\n<li class="language"><a href="{address}" hreflang="{language}" lang="{language}">{words}</a></li>'
