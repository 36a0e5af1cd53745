"""A suite for pytest that tells the author of a dialect whether it is right; docs/dialects.md says how to use it.

    pytest --pyargs hearth.conformance --dialect NAME --dialect-examples my_package.examples:EXAMPLES

or, in a test file of one's own: `class TestReplies(ReplyConformance): dialect, examples = "my_dialect", EXAMPLES`.
pytest and hypothesis come with the extra `hearthd[conformance]`; the daemon never imports this package, and every run
of pytest imports the options in it: so its parts are imported when they are asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hearth.conformance.both import RoundTripConformance
    from hearth.conformance.called import CalledConformance
    from hearth.conformance.examples import ErrorReply, Examples, Reply
    from hearth.conformance.replies import ReplyConformance
    from hearth.conformance.served import ServedConformance
    from hearth.conformance.shape import ShapeConformance

__all__ = [
    "CalledConformance",
    "ErrorReply",
    "Examples",
    "Reply",
    "ReplyConformance",
    "RoundTripConformance",
    "ServedConformance",
    "ShapeConformance",
]
_PARTS = {
    "CalledConformance": "called",
    "ErrorReply": "examples",
    "Examples": "examples",
    "Reply": "examples",
    "ReplyConformance": "replies",
    "RoundTripConformance": "both",
    "ServedConformance": "served",
    "ShapeConformance": "shape",
}


def __getattr__(name: str) -> object:
    """Import a part when it is asked for."""
    if name not in _PARTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"hearth.conformance.{_PARTS[name]}"), name)
    return found
