"""Text in prompts that changes with each call and tells a model nothing, frozen so that prompt caches hold (pain 28).

Claude Code begins its instructions with a line for Anthropic's billing, in which a checksum (`cch`) and the last part
of the version change with what is said: `x-anthropic-billing-header: cc_version=2.1.37.0d9; cc_entrypoint=cli;
cch=fa690;`. An engine that keeps the prompt of the last call would read the whole of the next one anew
(ggml-org/llama.cpp#21793).
"""

from __future__ import annotations

import re

from msgspec import Raw

from hearth.chat import Members

_MARK = b"x-anthropic-billing-header:"
_LINE = re.compile(rb'"x-anthropic-billing-header:[^"\\]*')
_CHANGES = (
    (re.compile(rb"(\bcch=)[^;\s]*"), rb"\g<1>00000"),
    (re.compile(rb"(\bcc_version=\d+\.\d+\.\d+)\.\w+"), rb"\1"),
)


def steadied(members: Members) -> Members:
    """Return the members with the billing line of their `system` frozen; the very same where there is none."""
    system = members.get("system")
    if system is None or _MARK not in bytes(system):
        return members
    frozen = _LINE.sub(_frozen, bytes(system))
    return members if frozen == bytes(system) else {**members, "system": Raw(frozen)}


def _frozen(line: re.Match[bytes]) -> bytes:
    text = line[0]
    for changing, fixed in _CHANGES:
        text = changing.sub(fixed, text)
    return text
