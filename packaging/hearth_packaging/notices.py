"""Whose work a bundle holds besides ours, and under which licences: a table for docs, full texts for bundles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackagePath
from pathlib import Path

from msgspec import Struct

_LICENCE_FILE = re.compile(r"(?:licen[cs]e|copying|notice|authors)", re.IGNORECASE)
_RULE = "=" * 78


class Notice(Struct, frozen=True):
    """One library: its name as its authors write it, the version, the licence as its metadata names it, its home."""

    name: str
    version: str
    licence: str
    home: str


def notice(library: Distribution) -> Notice:
    """Read a library's own metadata. The licence is "see its files" where the metadata names none."""
    return Notice(
        name=library.name, version=library.version, licence=_licence(library) or "see its files", home=_home(library)
    )


def texts(libraries: Iterable[Distribution]) -> str:
    """Return the notice that goes into a bundle: every library with the full text of its licence files."""
    return "".join(piece for library in libraries for piece in _with_texts(library))


def licence_files(library: Distribution) -> list[PackagePath]:
    """Return the files in which a library says under what licence it is."""
    inside = (file for file in library.files or () if file.parts[0].endswith(".dist-info"))
    return sorted(file for file in inside if "licenses" in file.parts or _LICENCE_FILE.match(file.name))


def _with_texts(library: Distribution) -> Iterator[str]:
    said = notice(library)
    yield f"{_RULE}\n{said.name} {said.version}\nLicence: {said.licence}\n{said.home}\n{_RULE}\n\n"
    for file in licence_files(library):
        text = Path(str(file.locate())).read_text(encoding="utf-8", errors="replace")
        yield f"{file.name}:\n\n{text.strip()}\n\n"


def _licence(library: Distribution) -> str:
    metadata = library.metadata
    expression = _said(library, "License-Expression")
    old = _said(library, "License")
    classified = [
        line.rpartition(" :: ")[2] for line in metadata.get_all("Classifier") or () if line.startswith("License :: ")
    ]
    short = old if "\n" not in old and len(old) < 60 else ""
    return expression or short or ", ".join(one for one in classified if one != "OSI Approved")


def _home(library: Distribution) -> str:
    metadata = library.metadata
    named = {
        label.strip().lower(): address.strip()
        for label, _, address in (line.partition(",") for line in metadata.get_all("Project-URL") or ())
    }
    best = next(
        (named[word] for word in ("homepage", "source", "source code", "repository", "github") if word in named), ""
    )
    return _said(library, "Home-page") or best or next(iter(named.values()), "")


def _said(library: Distribution, field: str) -> str:
    return library.metadata[field] if field in library.metadata else ""  # noqa: SIM401 -- the type has no get before 3.12
