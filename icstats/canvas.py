"""The sheet that figures are drawn on: one width, one hand, a small picture and words for who cannot see it.

Everything is placed in the pixels of a page 540 wide and stored at twice that. Styles hold inside a ``with`` only, and
no figure is known to pyplot, so a researcher's own plots stay as they were.
"""

from __future__ import annotations

from base64 import b64encode
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Literal
from warnings import catch_warnings, filterwarnings

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt
    from matplotlib.axes import Axes

__all__ = ["ACCENT", "BAND", "BLOCKS", "FAINT", "INK", "LINE", "PAPER", "SOFT", "WIDTH", "Figure", "Sheet", "sheet"]

WIDTH = 540
"""Narrow, so that words can still be read on a telephone, which shows it at two thirds."""

SHARPNESS = 2.0
TALL = 400
SHARPNESS_OF_TALL = 1.5
"""A page with many tall pictures at double sharpness weighs too much to mail."""

COMMON = 0.002
"""Part of the picture from which a colour is kept exactly."""

TINTS = 3
"""Steps from white to a colour: what the edge of a letter needs."""

PIXELS_PER_INCH = 100
POINTS_PER_PIXEL = 72 / PIXELS_PER_INCH
LINE_HEIGHT = 1.23
HALF_X_HEIGHT = 0.36
"""From the middle of a line of text down to its foot, in font sizes."""

PAPER = "#ffffff"
INK = "#22262a"
SOFT = "#595e64"
FAINT = "#8d9196"
LINE = "#dfddd8"
BAND = "#e4e1da"
ACCENT = "#1d5878"
BLOCKS = {"product": "#3f3d8f", "process": "#0f8b6d", "orientation": "#e8a33d"}
"""Fixed colour of each block: apart for every kind of colour vision, and in grey as well (lightness 30, 51 and 72)."""

INKS = (INK, SOFT, ACCENT, *BLOCKS.values())

VOWELS = "aeiouy"
SHORTEST = 3
"""Letters that a word must have to be broken."""

RGB = tuple[float, float, float]
Align = Literal["left", "center", "right"]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure as a reader sees it.

    Attributes
    ----------
    html
        ``<figure>`` with the picture inside it, or a paragraph where there is nothing to draw.
    alt
        What it shows, with its numbers, for who cannot see it.
    caption
        What is drawn, how many answers it rests on and where they come from.
    """

    html: str
    alt: str
    caption: str

    def _repr_html_(self) -> str:
        return self.html

    @classmethod
    def of_picture(cls, png: bytes, *, height: int, alt: str, caption: str) -> Figure:
        """Return the figure of a picture with its texts, escaped."""
        source = f"data:image/png;base64,{b64encode(png).decode()}"
        image = f'<img alt="{escape(alt)}" width="{WIDTH}" height="{height}" src="{source}">'
        return cls(
            html=f'<figure tabindex="0">{image}<figcaption>{escape(caption)}</figcaption></figure>',
            alt=alt,
            caption=caption,
        )

    @classmethod
    def of_sentence(cls, sentence: str) -> Figure:
        """Return the sentence that stands where there is nothing to draw."""
        return cls(html=f'<p class="note">{escape(sentence)}</p>', alt="", caption="")


class Sheet:
    """An empty white sheet; x runs to the right and y downwards, in pixels of the page."""

    def __init__(self, height: int) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  slow, and only drawing needs it
        from matplotlib.figure import Figure as MatplotlibFigure  # noqa: PLC0415

        self.height = height
        self._figure = MatplotlibFigure(
            figsize=(WIDTH / PIXELS_PER_INCH, height / PIXELS_PER_INCH),
            dpi=PIXELS_PER_INCH * (SHARPNESS if height <= TALL else SHARPNESS_OF_TALL),
            facecolor=PAPER,
        )
        self._canvas = FigureCanvasAgg(self._figure)
        self._axes = self._figure.add_axes((0, 0, 1, 1))
        self._axes.set_xlim(0, WIDTH)
        self._axes.set_ylim(height, 0)
        self._axes.set_axis_off()
        self._kept: set[tuple[int, int, int]] = set()

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 13,
        colour: str = INK,
        align: Align = "left",
        bold: bool = False,
        italic: bool = False,
        covering: bool = False,
        rim: str = "",
    ) -> None:
        """Write lines of words, centred on the height y; a dollar sign is only a dollar sign.

        ``covering`` lays white under them, ``rim`` a rim of this colour round every letter.
        """
        from matplotlib.patheffects import withStroke  # noqa: PLC0415  slow, and only drawing needs it

        around = [withStroke(linewidth=self.points(4), foreground=rim)] if rim else None
        lines = words.split("\n")
        for place, line in enumerate(lines):
            self._axes.text(
                x,
                y + (place - (len(lines) - 1) / 2) * size * LINE_HEIGHT + size * HALF_X_HEIGHT,
                line,
                fontsize=size * POINTS_PER_PIXEL,
                color=colour,
                ha=align,
                va="baseline",
                fontweight="bold" if bold else "normal",
                fontstyle="italic" if italic else "normal",
                zorder=6,
                parse_math=False,
                bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1.5} if covering else None,
                path_effects=around,
            )

    def line(
        self, start: tuple[float, float], end: tuple[float, float], *, colour: str, width: float = 1, order: float = 2
    ) -> None:
        """Draw a straight line."""
        self._axes.plot(
            [start[0], end[0]],
            [start[1], end[1]],
            color=colour,
            linewidth=width * POINTS_PER_PIXEL,
            solid_capstyle="butt",
            zorder=order,
        )

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        colour: str,
        order: float = 1,
        hatch: str = "",
        edge: str = "none",
    ) -> None:
        """Draw a filled box from its upper left corner."""
        from matplotlib.patches import Rectangle  # noqa: PLC0415  slow, and only drawing needs it

        self._axes.add_patch(
            Rectangle((x, y), width, height, facecolor=colour, edgecolor=edge, linewidth=0, hatch=hatch, zorder=order)
        )

    def dot(self, x: float, y: float, *, colour: str, size: float = 8.5, is_open: bool = False) -> None:
        """Draw a dot, or an open one."""
        self._axes.plot(
            [x],
            [y],
            marker="o",
            markersize=size * POINTS_PER_PIXEL,
            markerfacecolor=PAPER if is_open else colour,
            markeredgecolor=colour,
            markeredgewidth=1.8 * POINTS_PER_PIXEL,
            linestyle="none",
            zorder=5,
        )

    def cloud(self, x: float, y: float, width: float, height: float, *, colour: str) -> None:
        """Draw a pale ellipse with a thin rim, centred on a point: as large as what is not sure."""
        from matplotlib.patches import Ellipse  # noqa: PLC0415  slow, and only drawing needs it

        look = {"linewidth": 1.2 * POINTS_PER_PIXEL, "zorder": 1.5}
        self._axes.add_patch(Ellipse((x, y), width, height, facecolor=colour, edgecolor="none", alpha=0.16, zorder=1.4))
        self._axes.add_patch(Ellipse((x, y), width, height, facecolor="none", edgecolor=colour, **look))

    def shading(self, x: float, y: float, height: float, colours: Sequence[RGB]) -> None:
        """Draw one column of colour per pixel, from x to the right; these colours are kept exactly."""
        self._kept |= {(round(red * 255), round(green * 255), round(blue * 255)) for red, green, blue in colours}
        self._axes.imshow(
            [list(colours)],
            extent=(x, x + len(colours), y + height, y),
            aspect="auto",
            interpolation="nearest",
            zorder=2,
        )
        self._axes.set_xlim(0, WIDTH)
        self._axes.set_ylim(self.height, 0)

    def inset(self, x: float, y: float, width: float, height: float) -> Axes:
        """Return axes of their own, placed by their upper left corner, under all that is drawn on the sheet."""
        axes: Axes = self._figure.add_axes(
            (x / WIDTH, 1 - (y + height) / self.height, width / WIDTH, height / self.height)
        )
        axes.set_zorder(-1)
        return axes

    @staticmethod
    def points(pixels: float) -> float:
        """Return a length on the page in the unit that matplotlib takes sizes in."""
        return pixels * POINTS_PER_PIXEL

    def png(self) -> bytes:
        """Return the picture: few colours, no metadata, the same bytes for the same drawing."""
        from PIL import Image  # noqa: PLC0415  slow, and only drawing needs it

        with catch_warnings():
            filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
            self._canvas.draw()  # type: ignore[no-untyped-call]
        pixels = self._canvas.buffer_rgba()  # type: ignore[no-untyped-call]
        chosen, palette = _in_few_colours(np.asarray(pixels)[..., :3], self._kept)
        picture = Image.frombytes("P", (chosen.shape[1], chosen.shape[0]), chosen.tobytes())
        picture.putpalette(palette.tobytes())
        buffer = BytesIO()
        # The one step further takes zlib twice as long for a hundredth less.
        picture.save(buffer, format="png", compress_level=8)
        return buffer.getvalue()


def _in_few_colours(
    pixels: npt.NDArray[np.uint8], kept: Iterable[tuple[int, int, int]]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return the pixels as places in a palette: the commonest colours exactly, the others the nearest tint.

    An adaptive palette would make white a little grey and give the same block another shade in every figure.
    """
    wide = pixels.astype(np.uint32)
    packed = (wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2]
    # Not numpy's unique: it sorts a million pixels to find a few hundred colours.
    places, codes = pd.factorize(packed.ravel())
    counts = np.bincount(places)
    colours = np.stack([codes >> 16, (codes >> 8) & 255, codes & 255], axis=1).astype(np.int32)
    exact = [colours[counts >= COMMON * packed.size], np.array(sorted(kept), dtype=np.int32).reshape(-1, 3)]
    palette = np.unique(np.concatenate([*exact, _tints()]), axis=0)
    distances = ((colours[:, None, :] - palette[None, :, :]) ** 2).sum(axis=2)
    nearest = distances.argmin(axis=1)
    return nearest[places].reshape(packed.shape).astype(np.uint8), palette.astype(np.uint8)


def _tints() -> npt.NDArray[np.int32]:
    """Return white, the pale colours of lines and bands, and every ink from pale to full."""
    full = np.array([_fraction(colour) for colour in INKS]) * 255
    steps = np.arange(TINTS + 1)[:, None, None] / TINTS
    inks = np.round(255 + (full[None] - 255) * steps).reshape(-1, 3)
    pale = np.array([_fraction(colour) for colour in (FAINT, LINE, BAND)]) * 255
    return np.concatenate([inks, np.round(pale)]).astype(np.int32)


@contextmanager
def sheet(height: int) -> Iterator[Sheet]:
    """Open a sheet in the house style; matplotlib's own settings are as before afterwards."""
    import seaborn as sns  # noqa: PLC0415  slow, and only drawing needs it
    from matplotlib import style  # noqa: PLC0415

    house = {
        **sns.axes_style("white"),
        "font.family": ["DejaVu Sans"],
        "hatch.linewidth": 0.6,
        "axes.linewidth": 0.8,
        "text.color": INK,
    }
    with style.context(house, after_reset=True):
        yield Sheet(height)


def ink_on(colour: RGB) -> str:
    """Return the text colour, ink or white, that stands out most on a colour (relative luminance, WCAG 2)."""

    def luminance(parts: RGB) -> float:
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]  # noqa: PLR2004
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    ground, ink = luminance(colour), luminance(_fraction(INK))
    return PAPER if 1.05 / (ground + 0.05) > (ground + 0.05) / (ink + 0.05) else INK


def _fraction(colour: str) -> RGB:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


@cache
def width_of(words: str, size: float, *, bold: bool = False) -> float:
    """Return how wide words are, in pixels of the page."""
    from matplotlib.font_manager import FontProperties  # noqa: PLC0415  slow, and only drawing needs it
    from matplotlib.textpath import text_to_path  # noqa: PLC0415

    font = FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal")
    with catch_warnings():
        filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
        width, _, _ = text_to_path.get_text_width_height_descent(words, font, ismath=False)
    return float(width)


def wrapped(words: str, room: float, *, size: float = 13, bold: bool = False) -> list[str]:
    """Return words as lines that fit; a word too long for a line is broken with a hyphen."""
    lines = [""]
    for word in words.split():
        for part in _parts(word, room, size=size, bold=bold):
            longer = f"{lines[-1]} {part}".strip()
            if width_of(longer, size, bold=bold) <= room:
                lines[-1] = longer
            else:
                lines.append(part)
    return [line for line in lines if line] or [""]


def fitting_size(words: str, room: float, *, sizes: Sequence[float]) -> float:
    """Return the first of these sizes in which no word has to be broken, or the last."""
    longest = max(words.split(), key=len, default="")
    return next((size for size in sizes if width_of(longest, size) <= room), sizes[-1])


def _parts(word: str, room: float, *, size: float, bold: bool) -> list[str]:
    parts = []
    while width_of(word, size, bold=bold) > room and len(word) > SHORTEST:
        fits = [
            end for end in range(SHORTEST - 1, len(word) - 1) if width_of(f"{word[:end]}-", size, bold=bold) <= room
        ]
        end = max([end for end in fits if _may_break(word, end)] or fits or [SHORTEST - 1])
        parts.append(f"{word[:end]}-")
        word = word[end:]
    return [*parts, word]


def _may_break(word: str, end: int) -> bool:
    """Return whether a syllable may end here, in Dutch and in English: after a vowel, before one consonant."""
    before, after, following = word[end - 1].lower(), word[end].lower(), word[end + 1].lower()
    return before in VOWELS and after not in VOWELS and following in VOWELS
