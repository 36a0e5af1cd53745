"""Which folders must be watched so that no way of saving a file, nor of swapping a link to it, is missed."""

import os
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

_MAX_LINKS = 40


class Trail(Struct, frozen=True):
    """The way to some files: every link and file on it, and the folders in which those can be replaced."""

    steps: frozenset[str]  # links, files and missing parts
    folders: frozenset[tuple[str, int, int]]  # path, device and inode: a folder made anew is another one

    @property
    def folder_paths(self) -> list[str]:
        """The folders by path."""
        return sorted(path for path, _, _ in self.folders)

    def concerns(self, path: str) -> bool:
        """Whether an event at `path` may change what is read."""
        return path in self.steps or any(path == folder for folder, _, _ in self.folders)


def find_trail(files: Iterable[Path]) -> Trail:
    """Follow the links of each path by hand, as far as it exists; nothing is opened."""
    steps = {str(step) for file in files for step in _steps(file)}
    folders = set()
    for folder in {str(Path(step).parent) for step in steps}:
        try:
            info = Path(folder).stat()
        except OSError:
            continue
        if os.access(folder, os.R_OK | os.X_OK):
            folders.add((folder, info.st_dev, info.st_ino))
    return Trail(frozenset(steps), frozenset(folders))


def _steps(file: Path) -> Iterable[Path]:
    """Each link on the way, and what the way ends at: the file, or the first part that is missing."""
    todo = list(reversed(file.parts))
    here = Path(todo.pop())
    links = 0
    while todo:
        part = todo.pop()
        here = here.parent if part == ".." else here / part
        if here.is_symlink() and links < _MAX_LINKS:
            links += 1
            yield here
            target = here.readlink()
            todo += reversed(target.parts if not target.is_absolute() else target.parts[1:])
            here = Path(target.anchor) if target.is_absolute() else here.parent
        elif not os.path.lexists(here):
            break
    yield here
