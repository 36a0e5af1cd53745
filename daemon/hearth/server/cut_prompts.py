"""Prompts that a provider cut unasked: seen in what it counted, told in status and events (pain 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hearth.outbound.upstream import Upstream
    from hearth.server.core import Core

CUT_SHARE = 0.4
CUT_BYTES_PER_TOKEN = 16
"""Ollama's own cut leaves about half of the window (recording `generate-too-long`).

So a count far too small for what was sent, and not far from half the window, is as suspicious as one that fills it:
no tokenizer packs 16 bytes into a token.
"""


def watch_window(core: Core, upstream: Upstream) -> None:
    """Take note of a prompt count that equals the window: the provider cut the prompt unasked."""
    target = upstream.candidate.target
    usage, window = upstream.meter.usage, target.usable_window
    if usage is None or usage.input is None or not window:
        return
    sent = upstream.asked.call.outline.prompt_bytes
    if usage.input >= window or (usage.input >= window * CUT_SHARE and sent > usage.input * CUT_BYTES_PER_TOKEN):
        core.notes[target.name] = f"cut a prompt at {usage.input} tokens; raise num_ctx for it"
        core.events.say("prompt_cut", target=target.name, window=window, call=upstream.asked.call.id)
