"""A prompt clearly longer than a target's window is not sent there: it would be cut, or refused after a wait."""

from __future__ import annotations

from hearth.call import Call
from hearth.routing.policy import ALLOW, Verdict, refuse
from hearth.routing.targets import Target
from hearth.routing.world import World
from hearth_config.settings import Settings

NAME = "context_window"

MOST_BYTES_PER_TOKEN = 6
"""No usual text packs more bytes into a token. Between this and the usual four the engine counts by itself."""

LEAST_IMAGE_TOKENS = 64


def judge(call: Call, target: Target, world: World, settings: Settings) -> Verdict:  # noqa: ARG001 - the one shape
    """Refuse when even the least the prompt can be fills the window.

    `max_tokens` is not added: an answer that reaches the window's end stops there and says so (`length`). Embedding
    inputs count one by one, and only their sum is known here: the engine measures them.
    """
    window = target.usable_window
    if window is None:
        return ALLOW
    outline = call.outline
    least = outline.prompt_bytes // MOST_BYTES_PER_TOKEN + outline.images * LEAST_IMAGE_TOKENS
    if least < window or outline.operation == "embed":
        return ALLOW
    return refuse(NAME, f"holds {window:,} tokens, and the prompt has at least {least:,}")
