"""The pictures in docs: `python tests/pictures.py` takes them from what the tests of tray and dashboard left behind."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

from source_tree import ROOT

TAKEN = ROOT / "screenshots"
KEPT = ROOT / "docs" / "pictures"
MOST_BYTES = 200_000
"""All pictures together: a clone stays small."""
STATES = ("idle", "local", "cloud", "queue", "offline", "config_error", "away")
_MENU_AT = 585
"""The menu opens at the test's screen's right side, from here on."""
_CELL = 32


def menu() -> Image.Image:
    """Return the open menu, without the empty screen around it."""
    side = Image.open(TAKEN / "tray/menu.png").convert("RGB")
    side = side.crop((_MENU_AT, 0, side.width, side.height))
    return side.crop(side.getbbox())


def icons() -> Image.Image:
    """Return every state of the icon side by side."""
    sheet = Image.new("RGB", (len(STATES) * _CELL * 2, _CELL * 2))
    for column, state in enumerate(STATES):
        icon = _icon(TAKEN / f"tray/appindicator-light-{state}.png")
        sheet.paste(icon.resize((2 * _CELL, 2 * _CELL)), (column * 2 * _CELL, 0))
    return sheet


def _icon(file: Path) -> Image.Image:
    """Return the icon out of a picture of the screen, at whose top right it stands."""
    screen = Image.open(file).convert("RGB")
    return screen.crop((screen.width - _CELL, 0, screen.width, _CELL))


if __name__ == "__main__":
    if not (TAKEN / "tray/menu.png").exists():
        sys.exit("There are no pictures yet. Run the tests of the tray first: make test ARGS=tests/tray")
    KEPT.mkdir(exist_ok=True)
    for name, picture in (("tray-menu", menu()), ("tray-icons", icons())):
        picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=64).save(KEPT / f"{name}.png", optimize=True)
