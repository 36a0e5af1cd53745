"""The page `docs/third-party.md`: whose libraries Hearth runs on, from the lock file and from their own metadata."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distributions

from packaging.utils import canonicalize_name

from hearth_packaging.closure import DESKTOP, needed
from hearth_packaging.notices import notice
from source_tree import ROOT

PAGE = ROOT / "docs" / "third-party.md"
INTRODUCTION = """\
# Third-party notices

Hearth itself is under the [MIT licence](../LICENSE). It runs on the libraries below, at the versions that
`requirements.lock` pins, with its extras `tray`, `keyring` and `google` and on every system. The wheel holds none of
them. The Debian package and the single file hold those that their system needs, with the full text of each licence:
`/usr/share/doc/hearthd/third-party-notices.gz`, and `THIRD-PARTY-NOTICES.txt` in the file. The two libraries under the
LGPL, pystray and python-xlib, are in the Debian package alone, as plain files that you may replace.
This page is generated: `make docs` writes it anew. A library that is of no use on the system where that is done keeps
its row.

| library | version | licence | home |
|---|---|---|---|
"""


def page() -> str:
    """Return the whole page."""
    kept = _kept()
    pins = runtime_pins()
    return INTRODUCTION + "".join(_row(name, version, kept) for name, version in sorted(pins.items()))


def runtime_pins() -> dict[str, str]:
    """Return the lock file's pins that Hearth or its extras for the desktop lead to: name to version.

    The lock file does not say for which extra of a library another one is asked; what is installed here does.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *(each for extra in DESKTOP for each in project["optional-dependencies"][extra])]
    wanted: set[str] = {canonicalize_name(re.split(r"[^\w.-]", each, maxsplit=1)[0]) for each in asked}
    pins = _pins()
    while more := {name for name, (_, parents) in pins.items() if parents & wanted} - wanted:
        wanted |= more
    here = {canonicalize_name(one.name) for one in distributions()}
    truly: set[str] = {canonicalize_name(one.name) for one in needed(DESKTOP)}
    return {name: pins[name][0] for name in wanted if name in truly or name not in here}


def _pins() -> dict[str, tuple[str, set[str]]]:
    """Every pin: name to version, and to who asks for it as the comments below it say."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"^(?=[a-z0-9][\w.-]*==)", text, flags=re.MULTILINE)[1:]
    found = {}
    for entry in entries:
        name, _, rest = entry.partition("==")
        parents = re.findall(r"^ +#(?: via)? +([\w.-]+)", entry, re.MULTILINE)
        found[name] = (rest.split()[0], set(parents))
    return found


def _row(name: str, version: str, kept: dict[str, str]) -> str:
    try:
        said = notice(Distribution.from_name(name))
    except PackageNotFoundError:
        return kept.get(f"{name} {version}") or f"| {name} | {version} | see its files |  |\n"
    return f"| {said.name} | {version} | {said.licence} | {said.home} |\n"


def _kept() -> dict[str, str]:
    """The rows that the page has, by canonical name and version."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    rows = re.findall(r"^(\| ([^|]+) \| ([^|]+) \| .*\n)", text, re.MULTILINE)
    return {f"{canonicalize_name(name)} {version}": row for row, name, version in rows}
