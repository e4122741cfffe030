"""Reports are made in a folder beside their place and moved there together, so that nobody reads half of them.

``.<wave>.making`` holds a run that is not over: what it starts from is linked there from the last release, and it is
kept when the run stops, so that the next one goes on there. A release is two renames: the old folder aside, the new
one into its place. Between them there is no folder for a moment; there is never a mixed one.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from icstats.errors import HaltedError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Place"]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the reports of a wave are.

    Attributes
    ----------
    public
        ``outputs/<study>/<wave>``: the last release, or nothing yet.
    """

    public: Path

    @property
    def making(self) -> Path:
        """Where a run works."""
        return self._beside("making")

    @property
    def lock(self) -> Path:
        """File of the lock."""
        return self._beside("lock")

    @property
    def printed(self) -> Place:
        """Where the PDFs of the last release are."""
        return Place(public=self.public.with_name(f"{self.public.name}.pdf"))

    @property
    def current(self) -> Path:
        """Where the newest files are: those of a run that is not over, else the release."""
        return self.making if self.making.is_dir() else self.public

    def recover(self) -> None:
        """Put right what a killed run left: the old release aside, a staging folder that was not ready."""
        aside = self._beside("before")
        if aside.is_dir() and not self.public.exists():
            aside.rename(self.public)
        shutil.rmtree(aside, ignore_errors=True)
        shutil.rmtree(self._beside("opening"), ignore_errors=True)
        self.tidy()

    def tidy(self) -> None:
        """Remove files that were being written when their process ended."""
        for path in self.making.rglob(".*.part"):
            path.unlink(missing_ok=True)

    def open(self, names: Iterable[str]) -> None:
        """Make the staging folder, with these files and folders of the release in it, unless it is there."""
        if self.making.is_dir():
            return
        opening = self._beside("opening")
        opening.mkdir(parents=True)
        for name in names:
            bring(self.public / name, opening / name)
        opening.rename(self.making)

    def adopt(self, names: Iterable[str]) -> None:
        """Take files and folders of the release instead of what is in the staging folder."""
        for name in names:
            if (self.making / name).is_dir():
                shutil.rmtree(self.making / name)
            (self.making / name).unlink(missing_ok=True)
            bring(self.public / name, self.making / name)

    def discard(self) -> None:
        """Forget a run that is not over."""
        shutil.rmtree(self.making, ignore_errors=True)

    def remove(self) -> None:
        """Remove everything, the release too."""
        self.discard()
        shutil.rmtree(self.public, ignore_errors=True)

    def release(self) -> None:
        """Put what was made into its place.

        Raises
        ------
        HaltedError
            When the folder cannot be moved, for instance because a program has one of its files open.
        """
        aside = self._beside("before")
        try:
            if self.public.exists():
                self.public.rename(aside)
            self.making.rename(self.public)
        except OSError as error:
            self.recover()
            raise HaltedError(
                f"The reports are made, but {self.public.name} cannot be replaced ({type(error).__name__}).",
                code="ICS-717",
                hint="close what has a file of it open, and run the study again: nothing has to be made anew",
            ) from None
        shutil.rmtree(aside, ignore_errors=True)

    def _beside(self, kind: str) -> Path:
        return self.public.with_name(f".{self.public.name}.{kind}")


def bring(source: Path, target: Path) -> None:
    """Put a file or folder also elsewhere; files are never written in place, so a link is enough."""
    if source.is_dir():
        shutil.copytree(source, target, copy_function=_link)
    elif source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        _link(source, target)


def _link(source: str | Path, target: str | Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
