"""POST /embeddings of an OpenAI-compatible provider: floats, or base64 of 32-bit little-endian floats."""

from __future__ import annotations

import base64
import secrets
import struct
from typing import Any

from hearth.rehearsal.content import count_tokens
from hearth.rehearsal.http import Reply
from hearth.rehearsal.openai_wire import Problem, find, json_reply
from hearth.rehearsal.script import Script
from hearth.rehearsal.vectors import normalised, vector

Object = dict[str, Any]


def inputs(value: object) -> list[str]:
    """The texts of `input`: a string, strings, token ids, or lists of token ids."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and value:
        if all(isinstance(each, str) for each in value):
            return list(value)
        if all(isinstance(each, int) for each in value):
            return [" ".join(map(str, value))]
        if all(isinstance(each, list) for each in value):
            return [" ".join(map(str, each)) for each in value]
    raise Problem(400, "'$.input' is invalid. Please check the API reference.", param="input")


def encoded(numbers: list[float], form: object) -> list[float] | str:
    """The vector in the form asked for."""
    if form == "base64":
        return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
    return numbers


def embed(script: Script, members: Object) -> Reply:
    """Answer with one vector an input."""
    model = find(script, members.get("model"))
    if script.flavour == "llama-server" and not model.embeds:
        raise Problem(501, "This server does not support embeddings. Start it with `--embeddings`")
    texts = inputs(members.get("input"))
    wanted = members.get("output_dimension" if script.flavour == "mistral" else "dimensions")
    size = int(wanted or model.embedding_length)
    vectors = [normalised(vector(text, model.embedding_length)[:size]) for text in texts]
    form = members.get("encoding_format")
    tokens = sum(count_tokens(text) for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    entries = [(index, encoded(numbers, form)) for index, numbers in enumerate(vectors)]
    if script.flavour == "llama-server":
        listed = [{"embedding": numbers, "index": index, "object": "embedding"} for index, numbers in entries]
        return json_reply(script, 200, {"model": model.name, "object": "list", "usage": usage, "data": listed})
    data = [{"object": "embedding", "index": index, "embedding": numbers} for index, numbers in entries]
    named: Object = {"id": secrets.token_hex(16)} if script.flavour == "mistral" else {}
    return json_reply(script, 200, named | {"object": "list", "data": data, "model": model.name, "usage": usage})
