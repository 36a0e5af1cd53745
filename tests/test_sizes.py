"""Files and functions stay small enough to be read at a glance, and each file opens by saying what it is."""

import ast

from source_tree import everything

LONGEST_FILE = 300
LONGEST_CODEC = 400
LONGEST_FUNCTION = 50


def test_files_stay_short() -> None:
    """A file holds one idea: 300 lines at most, 400 for the codec of a stream."""
    long = [
        f"{source.path}: {len(source.lines)} lines"
        for source in everything()
        if len(source.lines) > (LONGEST_CODEC if source.file.name == "streams.py" else LONGEST_FILE)
    ]

    assert not long


def test_functions_stay_short() -> None:
    """A function can be read at a glance: about 10 lines, 50 at the very most."""
    long = [
        f"{source.path}:{node.lineno} {node.name}: {lines} lines"
        for source in everything()
        for node in source.functions
        if (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    ]

    assert not long


def test_every_module_says_what_it_is() -> None:
    """The first line of each module is a sentence that a stranger understands."""
    silent = [source.path for source in everything() if not ast.get_docstring(source.tree)]

    assert not silent
