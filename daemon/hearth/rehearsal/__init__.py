"""A scripted stand-in for Ollama and for cloud providers, which `hearth demo` and the tests use.

It shares no code with the dialects: what it says is written from recordings of real servers, so that it cannot
agree with our own mistakes.
"""

from hearth.rehearsal.calls import Call
from hearth.rehearsal.engine import Load
from hearth.rehearsal.faults import Fault
from hearth.rehearsal.key_limits import KeyLimit
from hearth.rehearsal.rehearsal import Rehearsal
from hearth.rehearsal.script import MODELS, ModelScript, Script

__all__ = ["MODELS", "Call", "Fault", "KeyLimit", "Load", "ModelScript", "Rehearsal", "Script"]
