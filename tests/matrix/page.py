"""The matrix as `docs/dialects.md` shows it, from what the tests expect: `python tests/matrix/page.py` writes it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / name) for name in ("tests", "daemon", "config")]

from matrix.cast import CLIENTS, PROVIDERS  # noqa: E402 -- found by the line above
from matrix.expected import REFUSED, UNASKED, UNSEEN  # noqa: E402 -- the same
from matrix.questions import FEATURES, Feature  # noqa: E402 -- the same

PAGE = ROOT / "docs" / "dialects.md"
BEGIN, END = "<!-- matrix -->\n", "<!-- end of matrix -->"
KEPT, NOTHING = "✓", "–"


def table() -> str:
    """Return the table and the notes below it."""
    notes: list[str] = []
    rows = [_row(served, called, notes) for served in CLIENTS for called in PROVIDERS]
    lines = [_line("client → provider", *FEATURES), f"|{'---|' * (len(FEATURES) + 1)}", *rows, ""]
    return "\n".join([*lines, *_explained(notes)]) + "\n"


def page() -> str:
    """Return the page with its table made anew."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return f"{before}{BEGIN}{table()}{END}{rest.partition(END)[2]}"


def _row(served: str, called: str, notes: list[str]) -> str:
    return _line(f"{served} → {called}", *(_cell(served, called, feature, notes) for feature in FEATURES))


def _cell(served: str, called: str, feature: Feature, notes: list[str]) -> str:
    if feature in UNASKED.get(served, ()):
        return NOTHING
    refused = REFUSED.get(called, {}).get(feature)
    unseen = feature in UNSEEN.get(called, ())
    if refused is None and not unseen:
        return KEPT
    note = f"{called}: {f'refused, “{refused}”' if refused else 'asked for; the provider does not show its thoughts'}"
    if note not in notes:
        notes.append(note)
    return f"{KEPT if unseen else 'refused'} ({notes.index(note) + 1})"


def _explained(notes: list[str]) -> Iterator[str]:
    yield f"{KEPT}: arrives and is understood, streamed and whole. {NOTHING}: the client's dialect has no words for it."
    yield ""
    yield from (f"{number}. {note}" for number, note in enumerate(notes, 1))


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
