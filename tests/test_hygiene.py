"""What never stands in the project's files, and how its tests are written."""

import ast
import re
import subprocess

import pytest

from source_tree import ROOT, Source, everything

# Each pattern has a letter in brackets, so that this file does not find itself.
HOSTS = r"[p]ypi\.org|[p]ythonhosted\.org|[n]pmjs\.(org|com)|[p]roxy\.golang\.org|[c]rates\.io"
PLACES = r"/[w]ork/(main|shared)\b|/[r]oot/|/tmp/[b]ash"
PROMISES = r"\b([T]ODO|[F]IXME|[X]XX|[N]otImplementedError)\b"


def _tracked() -> list[str]:
    """Every tracked file that is text, as a path from the root."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, timeout=30)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"git cannot list the files here ({error}), so there is nothing to search")
    return [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def _found(pattern: str, *, outside: str = "") -> list[str]:
    """`path:line` of every match in the tracked files, those below the folder `outside` left out."""
    matcher = re.compile(pattern.encode())
    return [
        f"{name}:{number}"
        for name in _tracked()
        if not (outside and name.startswith(outside))
        for number, line in enumerate((ROOT / name).read_bytes().splitlines(), 1)
        if matcher.search(line)
    ]


def test_no_registry_is_named() -> None:
    """A lock file pins names and hashes; where they are fetched from is the user's own setting."""
    assert not _found(HOSTS)


def test_no_path_of_one_machine_is_named() -> None:
    """Nothing refers to a folder that exists on one computer only."""
    assert not _found(PLACES)


def test_nothing_is_left_for_later() -> None:
    """What is here is done; what is not done is not here. Recordings may say what they like."""
    assert not _found(PROMISES, outside="tests/golden/")


def _tests() -> list[Source]:
    return [source for source in everything() if source.path.startswith("tests/")]


def test_every_test_is_a_sentence() -> None:
    """Each test says in its docstring which behaviour it holds."""
    silent = [
        f"{source.path}:{node.lineno} {node.name}"
        for source in _tests()
        for node in source.functions
        if node.name.startswith("test_") and source.file.name.startswith("test_") and not ast.get_docstring(node)
    ]

    assert not silent


def test_nothing_is_patched() -> None:
    """Tests use real sockets, files and databases: a patched part proves nothing about the real one."""
    patched = [
        f"{source.path}:{line} imports {name}"
        for source in _tests()
        for line, name in source.imports
        if re.match(r"(unittest\.mock|mock|pytest_mock|respx|aioresponses)\b", name)
    ]
    asked = [
        f"{source.path}:{node.lineno} asks for {argument.arg}"
        for source in _tests()
        for node in source.functions
        for argument in node.args.args
        if argument.arg in ("monkeypatch", "mocker")
    ]

    assert not patched + asked


def test_test_files_have_names_of_their_own() -> None:
    """Two test files of one name would hide each other in reports; folders of tests are no packages."""
    names = [source.file.name for source in _tests()]

    twice = {name for name in names if names.count(name) > 1 and name != "conftest.py"}

    assert not twice
    assert "__init__.py" not in names
