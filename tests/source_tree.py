"""The project's own Python files as syntax trees: read, never imported, so that rules can be held against them."""

import ast
import gc
from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMPONENTS = ("config", "daemon", "tray", "packaging")
"""The top-level folders that hold one import package each; those that do not exist yet are simply empty."""

OURS = ("hearth", "hearth_config", "hearth_tray", "hearth_service", "hearth_packaging")


class Source:
    """One Python file: its module name, its imports and its calls. `path` is relative to the root, with slashes."""

    def __init__(self, file: Path, base: Path, root: Path = ROOT) -> None:
        self.file = file
        self.path = file.relative_to(root).as_posix()
        parts = file.relative_to(base).with_suffix("").parts
        self.is_package = parts[-1] == "__init__"
        self.module = ".".join(parts[:-1] if self.is_package else parts)

    @cached_property
    def lines(self) -> list[str]:
        """The file's lines, without their ends."""
        return self.file.read_text(encoding="utf-8").splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        """The file's syntax tree. It stays for the whole run, and the collector need not walk it with every test."""
        gc.disable()
        try:
            return ast.parse(self.file.read_bytes(), filename=self.path)
        finally:
            gc.freeze()
            gc.enable()

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of the tree, in no order that matters."""
        return list(ast.walk(self.tree))

    @cached_property
    def imports(self) -> list[tuple[int, str]]:
        """(line, dotted name) of all imports, late ones and those for types included; `from a import b` gives `a.b`."""
        return [found for node in self.nodes for found in self._imported(node)]

    @cached_property
    def calls(self) -> list[tuple[int, str]]:
        """(line, last name) of all calls: `socket.create_connection(…)` gives `create_connection`."""
        return [(node.lineno, _last_name(node.func)) for node in self.nodes if isinstance(node, ast.Call)]

    @cached_property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Every function and method, nested ones included."""
        return [node for node in self.nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]

    def _imported(self, node: ast.AST) -> Iterator[tuple[int, str]]:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = ".".join(part for part in (self._package(node.level), node.module) if part)
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)

    def _package(self, level: int) -> str:
        if level == 0:
            return ""
        parts = self.module.split(".")
        return ".".join(parts[: len(parts) - level + self.is_package])


def product() -> list[Source]:
    """Every file of the import packages that are shipped."""
    return [source for name in COMPONENTS for source in _sources(ROOT / name)]


def everything() -> list[Source]:
    """Every Python file of the project: what is shipped, the tests and the benchmarks."""
    return [*product(), *_sources(ROOT / "tests"), *_sources(ROOT / "benchmarks")]


def under(name: str, prefixes: Iterable[str], separator: str = ".") -> bool:
    """Whether a dotted name (or a path, with separator "/") is one of the prefixes or lies below one."""
    return any(name == prefix or name.startswith(prefix + separator) for prefix in prefixes)


@cache
def _sources(base: Path) -> tuple[Source, ...]:
    """Return the files below a folder; each is parsed once in a process, however many rules are held against it."""
    return tuple(Source(file, base) for file in sorted(base.rglob("*.py")) if "golden" not in file.parts)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
