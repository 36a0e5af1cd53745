"""The icon, drawn at run time: a flame whose colour and mark say the state, for light and for dark bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageDraw

from hearth_tray.menu import IconState

if TYPE_CHECKING:
    from collections.abc import Sequence

Point = tuple[float, float]
Colour = tuple[int, int, int, int]

_FINE = 8
"""Everything is drawn that many times larger, then made small: PIL's own edges are jagged."""
_OUTER: tuple[Point, ...] = (
    (50, 4), (58, 20), (72, 32), (80, 48), (82, 64), (76, 80), (64, 91), (50, 95),
    (36, 91), (24, 80), (18, 64), (20, 50), (28, 38), (34, 46), (40, 32), (44, 18),
)  # fmt: skip
_INNER: tuple[Point, ...] = ((51, 50), (60, 62), (64, 74), (58, 85), (50, 89), (41, 85), (36, 74), (42, 64), (48, 60))


class _Look(NamedTuple):
    """How a state looks: the flame's colour or None for a bare outline, and the mark in the corner."""

    flame: Colour | None
    mark: str = ""


_ORANGE: Colour = (240, 120, 32, 255)
_BLUE: Colour = (58, 130, 246, 255)
_RED: Colour = (220, 48, 48, 255)
_GREEN: Colour = (38, 158, 92, 255)
_LOOKS: dict[IconState, _Look] = {
    "idle": _Look(None),
    "local": _Look(_ORANGE),
    "cloud": _Look(_BLUE, "cloud"),
    "queue": _Look(_ORANGE, "dots"),
    "offline": _Look(None, "shield"),
    "config_error": _Look(_ORANGE, "error"),
    "away": _Look(None, "cross"),
}


def draw(state: IconState, *, dark: bool, size: int = 64) -> Image.Image:
    """Return the icon of a state as RGBA, `size` pixels square; `dark` says that the bar behind it is dark."""
    look = _LOOKS[state]
    line: Colour = (245, 245, 245, 255) if dark else (40, 40, 40, 255)
    if state == "away":
        line = (*line[:3], 150)
    image = Image.new("RGBA", (size * _FINE, size * _FINE), (0, 0, 0, 0))
    pen = _Pen(ImageDraw.Draw(image), size * _FINE / 100, line)
    pen.flame(look.flame)
    if look.mark:
        _MARKS[look.mark](pen)
    return image.resize((size, size), Image.Resampling.LANCZOS)


class _Pen:
    """Draws in hundredths of the icon's side."""

    def __init__(self, canvas: ImageDraw.ImageDraw, unit: float, line: Colour) -> None:
        self.canvas = canvas
        self.unit = unit
        self.line = line

    def flame(self, fill: Colour | None) -> None:
        """Draw the flame: full, or as an outline."""
        outer = self._scaled(_smooth(_OUTER))
        if fill is None:
            self.canvas.line([*outer, *outer[:2]], fill=self.line, width=round(8 * self.unit), joint="curve")
            return
        self.canvas.polygon(outer, fill=fill)
        self.canvas.line([*outer, *outer[:2]], fill=self.line, width=round(4 * self.unit), joint="curve")
        self.canvas.polygon(self._scaled(_smooth(_INNER)), fill=(255, 236, 190, 255))

    def disc(self, x: float, y: float, radius: float, fill: Colour) -> None:
        """Draw a full circle."""
        box = [(x - radius) * self.unit, (y - radius) * self.unit, (x + radius) * self.unit, (y + radius) * self.unit]
        self.canvas.ellipse(box, fill=fill)

    def badge(self, fill: Colour) -> None:
        """Draw the round ground of a mark, with a rim that parts it from the flame."""
        rim: Colour = (40, 40, 40, 255) if self.line[0] < 128 else (245, 245, 245, 255)
        self.disc(72, 72, 28, rim)
        self.disc(72, 72, 24, fill)

    def stroke(self, points: Sequence[Point], fill: Colour, width: float) -> None:
        """Draw a line through points."""
        self.canvas.line(self._scaled(points), fill=fill, width=round(width * self.unit), joint="curve")

    def shape(self, points: Sequence[Point], fill: Colour) -> None:
        """Draw a full shape."""
        self.canvas.polygon(self._scaled(points), fill=fill)

    def _scaled(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self.unit, y * self.unit) for x, y in points]


_WHITE: Colour = (255, 255, 255, 255)


def _cloud(pen: _Pen) -> None:
    pen.badge(_BLUE)
    for x, y, radius in ((64, 76, 8), (73, 70, 10), (81, 77, 7)):
        pen.disc(x, y, radius, _WHITE)
    pen.shape(((62, 84), (62, 76), (83, 76), (83, 84)), _WHITE)


def _dots(pen: _Pen) -> None:
    pen.badge((90, 90, 90, 255))
    for x in (60, 72, 84):
        pen.disc(x, 72, 4.5, _WHITE)


def _shield(pen: _Pen) -> None:
    pen.badge(_GREEN)
    pen.shape(((72, 56), (84, 61), (83, 74), (72, 88), (61, 74), (60, 61)), _WHITE)


def _error(pen: _Pen) -> None:
    pen.badge(_RED)
    pen.stroke(((72, 57), (72, 76)), _WHITE, 8)
    pen.disc(72, 85, 4.5, _WHITE)


def _cross(pen: _Pen) -> None:
    pen.badge((120, 120, 120, 255))
    pen.stroke(((62, 62), (82, 82)), _WHITE, 7)
    pen.stroke(((82, 62), (62, 82)), _WHITE, 7)


_MARKS = {"cloud": _cloud, "dots": _dots, "shield": _shield, "error": _error, "cross": _cross}


def _smooth(points: Sequence[Point], steps: int = 8) -> list[Point]:
    """Return a closed curve through the points (Catmull-Rom)."""
    count = len(points)
    curve: list[Point] = []
    for index in range(count):
        before, start, end, after = (points[(index + step) % count] for step in (-1, 0, 1, 2))
        for step in range(steps):
            t = step / steps
            curve.append(
                (
                    _between(before[0], start[0], end[0], after[0], t),
                    _between(before[1], start[1], end[1], after[1], t),
                )
            )
    return curve


def _between(before: float, start: float, end: float, after: float, t: float) -> float:
    return 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )
