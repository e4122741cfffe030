"""The sheet that figures are drawn on: one width, one hand, a small picture and words for who cannot see it.

Everything is placed in the pixels of a page 540 wide and stored at twice that. Styles hold inside a ``with`` only, and
no figure is known to pyplot, so a researcher's own plots stay as they were.
"""

from __future__ import annotations

from base64 import b64encode
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property, partial
from html import escape
from io import BytesIO
from operator import itemgetter
from typing import TYPE_CHECKING, Literal
from warnings import catch_warnings, filterwarnings

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy.typing as npt
    from matplotlib.axes import Axes
    from matplotlib.backend_bases import GraphicsContextBase
    from matplotlib.figure import Figure as MatplotlibFigure
    from matplotlib.font_manager import FontProperties

__all__ = [
    "ACCENT",
    "BAND",
    "BLOCKS",
    "FAINT",
    "INK",
    "LARGE",
    "LINE",
    "PAPER",
    "SOFT",
    "WIDTH",
    "Figure",
    "Sheet",
    "sheet",
]

WIDTH = 540
"""Narrow, so that words can still be read on a telephone, which shows it at two thirds."""

LARGE = 15
"""Size of letters that can still be read where a picture shrinks to a telephone."""

SHARPNESS = 2.0
TALL = 400
SHARPNESS_OF_TALL = 1.35
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
    def of_picture(cls, png: bytes, *, height: int, alt: str, caption: str, fits: bool = False) -> Figure:
        """Return the figure of a picture with its texts, escaped.

        ``fits``: its letters are so large that it shrinks to a telephone; any other picture is scrolled there.
        """
        source = f"data:image/png;base64,{b64encode(png).decode()}"
        image = f'<img alt="{escape(alt)}" width="{WIDTH}" height="{height}" src="{source}">'
        box = image if fits else f'<div class="picture" tabindex="0">{image}</div>'
        return cls(
            html=f"<figure>{box}<figcaption>{escape(caption)}</figcaption></figure>",
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
        from matplotlib.backends.backend_agg import RendererAgg  # noqa: PLC0415  slow, and only drawing needs it

        self.height = height
        self._sharpness = SHARPNESS if height <= TALL else SHARPNESS_OF_TALL
        self._renderer = RendererAgg(WIDTH * self._sharpness, height * self._sharpness, self._dots_per_inch)  # type: ignore[no-untyped-call]
        self._strokes: list[tuple[float, Callable[[], None]]] = []
        self._kept: set[tuple[int, int, int]] = set()

    @property
    def _dots_per_inch(self) -> float:
        return PIXELS_PER_INCH * self._sharpness

    @cached_property
    def _figure(self) -> MatplotlibFigure:
        """The same sheet for what matplotlib draws by itself."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  as above
        from matplotlib.figure import Figure as MatplotlibFigure  # noqa: PLC0415  as above

        size = (WIDTH / PIXELS_PER_INCH, self.height / PIXELS_PER_INCH)
        figure = MatplotlibFigure(figsize=size, dpi=self._dots_per_inch, facecolor=PAPER)
        FigureCanvasAgg(figure)
        return figure

    def _at(self, x: float, y: float) -> tuple[float, float]:
        """Return a place as the renderer counts: upwards, in its own pixels."""
        return x * self._sharpness, (self.height - y) * self._sharpness

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
        lines = words.split("\n")
        font = _font(size * POINTS_PER_PIXEL, bold=bold, italic=italic)
        for place, line in enumerate(lines):
            foot = y + (place - (len(lines) - 1) / 2) * size * LINE_HEIGHT + size * HALF_X_HEIGHT
            if not line:
                continue
            if covering or rim:
                self._draw(6, partial(self._decorated, self._at(x, foot), line, font, colour, align, rim=rim))
            else:
                self._draw(6, partial(self._written, self._at(x, foot), line, font, colour, align))

    def _draw(self, order: float, stroke: Callable[[], None]) -> None:
        """Put a stroke among the others: drawn after those of a lower order, and after the earlier ones of the same."""
        self._strokes.append((order, stroke))

    def _written(self, at: tuple[float, float], line: str, font: FontProperties, colour: str, align: Align) -> None:
        renderer, (x, y) = self._renderer, at
        if align != "left":
            width, _, _ = renderer.get_text_width_height_descent(line, font, ismath=False)  # type: ignore[no-untyped-call]
            x -= width / (2 if align == "center" else 1)
        renderer.draw_text(self._pen(colour), x, renderer.height - y, line, font, 0)  # type: ignore[no-untyped-call]

    def _decorated(
        self, at: tuple[float, float], line: str, font: FontProperties, colour: str, align: Align, *, rim: str
    ) -> None:
        """Write what has white under it or a rim: matplotlib knows how."""
        from matplotlib.patheffects import withStroke  # noqa: PLC0415  slow, and only drawing needs it
        from matplotlib.text import Text  # noqa: PLC0415  as above

        words = Text(
            *at,
            line,
            fontproperties=font,
            color=colour,
            horizontalalignment=align,
            verticalalignment="baseline",
            parse_math=False,
            path_effects=[withStroke(linewidth=self.points(4), foreground=rim)] if rim else None,
        )
        words.set_figure(self._figure)
        if not rim:
            words.set_bbox({"facecolor": PAPER, "edgecolor": "none", "pad": 1.5})
        words.draw(self._renderer)

    def _pen(self, colour: str, *, width: float = 1) -> GraphicsContextBase:
        """Return what strokes of a colour are drawn with; the width in pixels of the page."""
        pen = self._renderer.new_gc()
        pen.set_foreground((*_fraction(colour), 1.0), isRGBA=True)
        pen.set_linewidth(self.points(width))
        return pen

    def line(
        self, start: tuple[float, float], end: tuple[float, float], *, colour: str, width: float = 1, order: float = 2
    ) -> None:
        """Draw a straight line."""
        self._draw(order, partial(self._stroked, (self._at(*start), self._at(*end)), colour, width))

    def _stroked(self, ends: Sequence[tuple[float, float]], colour: str, width: float) -> None:
        from matplotlib.path import Path  # noqa: PLC0415  slow, and only drawing needs it
        from matplotlib.transforms import IdentityTransform  # noqa: PLC0415  as above

        self._renderer.draw_path(self._pen(colour, width=width), Path(ends), IdentityTransform())  # type: ignore[no-untyped-call]

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

        across, up = self._at(x, y)
        size = width * self._sharpness, -height * self._sharpness
        box = Rectangle((across, up), *size, facecolor=colour, edgecolor=edge, linewidth=0, hatch=hatch)
        self._draw(order, partial(box.draw, self._renderer))

    def dot(self, x: float, y: float, *, colour: str, size: float = 8.5, is_open: bool = False) -> None:
        """Draw a dot, or an open one."""
        self._draw(5, partial(self._dotted, self._at(x, y), colour, size, PAPER if is_open else colour))

    def _dotted(self, at: tuple[float, float], colour: str, size: float, filled: str) -> None:
        from matplotlib.path import Path  # noqa: PLC0415  slow, and only drawing needs it
        from matplotlib.transforms import Affine2D, IdentityTransform  # noqa: PLC0415  as above

        pen = self._pen(colour, width=1.8)
        pen.set_snap(False)
        pen.set_joinstyle("round")
        circle = Affine2D().scale(size * self._sharpness / 2)
        face = (*_fraction(filled), 1.0)
        self._renderer.draw_markers(pen, Path.unit_circle(), circle, Path([at]), IdentityTransform(), face)

    def cloud(self, x: float, y: float, width: float, height: float, *, colour: str) -> None:
        """Draw a pale ellipse with a thin rim, centred on a point: as large as what is not sure."""
        from matplotlib.patches import Ellipse  # noqa: PLC0415  slow, and only drawing needs it

        at, size = self._at(x, y), (width * self._sharpness, height * self._sharpness)
        pale = Ellipse(at, *size, facecolor=colour, edgecolor="none", alpha=0.16)
        rim = Ellipse(at, *size, facecolor="none", edgecolor=colour, linewidth=self.points(1))
        self._draw(1.4, partial(pale.draw, self._renderer))
        self._draw(1.5, partial(rim.draw, self._renderer))

    def shading(self, x: float, y: float, height: float, colours: Sequence[RGB]) -> None:
        """Draw one column of colour per pixel, from x to the right; these colours are kept exactly."""
        self._kept |= {(round(red * 255), round(green * 255), round(blue * 255)) for red, green, blue in colours}
        self._draw(2, partial(self._shaded, x, y, height, colours))

    def _shaded(self, x: float, y: float, height: float, colours: Sequence[RGB]) -> None:
        left, right = (round(end * self._sharpness) for end in (x, x + len(colours)))
        low, high = (round(end * self._sharpness) for end in (self.height - y - height, self.height - y))
        columns = ((np.arange(left, right) + 0.5) / self._sharpness - x).astype(int).clip(0, len(colours) - 1)
        shades = np.array([(*colour, 1.0) for colour in colours]) * 255
        picture = np.broadcast_to(np.round(shades[columns]).astype(np.uint8), (high - low, len(columns), 4))
        self._renderer.draw_image(self._renderer.new_gc(), left, low, np.ascontiguousarray(picture))

    def inset(self, x: float, y: float, width: float, height: float) -> Axes:
        """Return axes of their own, placed by their upper left corner, under all that is drawn on the sheet."""
        axes: Axes = self._figure.add_axes(
            (x / WIDTH, 1 - (y + height) / self.height, width / WIDTH, height / self.height)
        )
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
            self._figure.draw(self._renderer)
            for _, stroke in sorted(self._strokes, key=itemgetter(0)):
                stroke()
        pixels = self._renderer.buffer_rgba()  # type: ignore[no-untyped-call]
        chosen, palette = _in_few_colours(np.asarray(pixels), self._kept)
        picture = Image.frombytes("P", (chosen.shape[1], chosen.shape[0]), chosen.tobytes())
        picture.putpalette(palette.tobytes())
        buffer = BytesIO()
        # The one step further takes zlib twice as long for a tenth less.
        picture.save(buffer, format="png", compress_level=7)
        return buffer.getvalue()


def _in_few_colours(
    pixels: npt.NDArray[np.uint8], kept: Iterable[tuple[int, int, int]]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return the pixels as places in a palette: the commonest colours exactly, the others the nearest tint.

    An adaptive palette would make white a little grey and give the same block another shade in every figure.
    """
    # Most pixels are as the one before: only where a colour begins is it looked at.
    whole = np.ascontiguousarray(pixels).view(np.uint32).ravel()
    begins = np.flatnonzero(np.concatenate([[True], whole[1:] != whole[:-1]]))
    lengths = np.diff(begins, append=whole.size)
    places, codes = pd.factorize(whole[begins])
    counts = np.bincount(places, weights=lengths)
    colours = codes.view(np.uint8).reshape(-1, 4)[:, :3].astype(np.int32)
    exact = [colours[counts >= COMMON * whole.size], np.array(sorted(kept), dtype=np.int32).reshape(-1, 3)]
    palette = np.unique(np.concatenate([*exact, _tints()]), axis=0)
    distances = ((colours[:, None, :] - palette[None, :, :]) ** 2).sum(axis=2)
    nearest = distances.argmin(axis=1).astype(np.uint8)
    return np.repeat(nearest[places], lengths).reshape(pixels.shape[:2]), palette.astype(np.uint8)


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
        "text.hinting": "none",  # letters keep their shape; with as many pixels hinting only takes time
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
def _font(points: float, *, bold: bool, italic: bool) -> FontProperties:
    from matplotlib.font_manager import FontProperties  # noqa: PLC0415  slow, and only drawing needs it

    return FontProperties(
        family="DejaVu Sans",
        size=points,
        weight="bold" if bold else "normal",
        style="italic" if italic else "normal",
    )


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
