"""What is wrong with the configuration, said so that the user can mend it: file, line, key, reason, next step."""

import difflib
from collections.abc import Iterable

Path = tuple[str | int, ...]


class ConfigError(Exception):
    """The configuration cannot be used.

    `file` is the path as the user knows it, `line` counts from 1 (None: the file as a whole), `key` is the dotted
    path of the setting, `reason` and `next_step` are sentences without a full stop. No part holds a secret.
    """

    def __init__(self, file: str, line: int | None, key: str | None, reason: str, next_step: str) -> None:
        super().__init__(file, line, key, reason, next_step)
        self.file = file
        self.line = line
        self.key = key
        self.reason = reason
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{located(self.file, self.line, self.key)}{self.reason}. {self.next_step}."


class Problem(Exception):
    """One wrong setting, known by its path only; `load` turns it into a ConfigError with file and line."""

    def __init__(self, path: Path, reason: str, next_step: str) -> None:
        super().__init__(path, reason, next_step)
        self.path = path
        self.reason = reason
        self.next_step = next_step


def located(file: str, line: int | None, key: str | None) -> str:
    """The words before a message: "hearth.toml:3: busy.patience: "."""
    where = f"{file}:{line}: " if line else f"{file}: "
    return f"{where}{key}: " if key else where


def dotted(path: Path) -> str:
    """A path as TOML writes it: providers.ollama.models."qwen3:8b".slots, keys[1].value."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if _is_bare(part) else f'"{part}"')
    return text


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that looks most like `word`, if one does."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a reason: `; did you mean "x"`, or nothing where no known word looks like `word`."""
    near = nearest(word, known)
    return f'; did you mean "{near}"' if near else ""


def one_of(words: Iterable[str]) -> str:
    """A readable choice: "a", "b" or "c"."""
    quoted = [f'"{word}"' for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def _is_bare(part: str) -> bool:
    return part.isascii() and part.replace("-", "").replace("_", "").isalnum()
