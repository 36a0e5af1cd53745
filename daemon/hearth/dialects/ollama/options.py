"""Ollama's `options` and the sampler's knobs: one table, both ways."""

from __future__ import annotations

import math
from collections.abc import Mapping
from operator import attrgetter

import msgspec
from msgspec import Raw, Struct

from hearth.chat import Knobs, Members
from hearth.dialects.body import raw
from hearth.dialects.dialect import Destination
from hearth.dialects.ollama.fields import Fields
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BadRequest

Number = int | float | None


class Options(Struct, frozen=True, gc=False):
    """The options that Ollama checks by type. Unknown ones it ignores; an Ollama behind us is sent them as they are."""

    num_ctx: Number = None
    num_batch: Number = None
    num_gpu: Number = None
    main_gpu: Number = None
    num_thread: Number = None
    draft_num_predict: Number = None
    num_keep: Number = None
    seed: Number = None
    num_predict: Number = None
    top_k: Number = None
    repeat_last_n: Number = None
    temperature: float | None = None
    top_p: float | None = None
    min_p: float | None = None
    typical_p: float | None = None
    repeat_penalty: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    use_mmap: bool | None = None
    stop: list[str] | None = None


_options = msgspec.json.Decoder(Options)
_members = msgspec.json.Decoder(dict[str, Raw])
_INTEGERS = frozenset(
    ("num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "draft_num_predict", "num_keep", "seed"),
) | {"num_predict", "top_k", "repeat_last_n"}
_LOADING = frozenset(("num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "use_mmap", "draft_num_predict"))
"""A different value of one of these loads the model again (wire/ollama §2.1)."""
_NAMES = {name: "num_predict" if name == "max_tokens" else name for name in Knobs.__struct_fields__}
"""Knob → option; all but one have the same name."""
_values = attrgetter(*_NAMES)


def read_options(fields: Fields) -> Options | None:
    """Return the request's options. Raises `BadRequest` in Ollama's words for a wrongly typed one."""
    found = fields.members.get("options")
    if found is None:
        return None
    try:
        return _options.decode(found)
    except UNREADABLE:
        raise _complaint(fields, found) from None


def knobs(options: Options | None) -> Knobs:
    """Return the knobs these options set. -1 and -2 for `num_predict` and a negative seed mean that it is left open."""
    if options is None:
        return Knobs()
    return Knobs(
        temperature=options.temperature,
        top_p=options.top_p,
        top_k=_whole(options.top_k),
        min_p=options.min_p,
        typical_p=options.typical_p,
        seed=_not_negative(options.seed),
        max_tokens=limit(options),
        stop=tuple(options.stop) if options.stop else None,
        presence_penalty=options.presence_penalty,
        frequency_penalty=options.frequency_penalty,
        repeat_penalty=options.repeat_penalty,
        repeat_last_n=_whole(options.repeat_last_n),
    )


def limit(options: Options | None) -> int | None:
    """Return the most tokens that may be written, None for no limit."""
    number = None if options is None else _whole(options.num_predict)
    return number if number is not None and number > 0 else None


def written(sampling: Knobs, to: Destination) -> dict[str, object]:
    """Return the options of a request written from its meaning: knobs, then the target's defaults, then its pins."""
    options: dict[str, object] = {}
    if to.pins.num_ctx is not None:
        options["num_ctx"] = to.pins.num_ctx
    options |= _defaults(to)
    for option, value in zip(_NAMES.values(), _values(sampling), strict=True):
        if value is not None:
            options[option] = value
    return options


def spliced(found: Raw | None, to: Destination) -> Raw | None:
    """Return the caller's options with our `num_ctx` in place of theirs and defaults where they left something open.

    The options that Ollama loads a model by are Hearth's alone: each other value would load it again. All that only
    this answer needs keep their bytes. None when there are no options to send.
    """
    options: Members = {} if found is None else _members.decode(found)
    changed = not _LOADING.isdisjoint(options)
    if changed:
        options = {option: value for option, value in options.items() if option not in _LOADING}
    if to.pins.num_ctx is not None:
        options["num_ctx"] = raw(to.pins.num_ctx)
        changed = True
    for option, value in _defaults(to).items():
        if option not in options:
            options[option] = raw(value)
            changed = True
    if not changed:
        return found
    return raw(options) if options else None


def _defaults(to: Destination) -> Mapping[str, object]:
    """The target's defaults as options; most targets have none."""
    if to.defaults == _NO_KNOBS:
        return _NOTHING
    return {option: value for knob, option in _NAMES.items() if (value := getattr(to.defaults, knob)) is not None}


_NO_KNOBS = Knobs()
_NOTHING: Mapping[str, object] = {}


def _complaint(fields: Fields, found: Raw) -> BadRequest:
    """Find the option that is wrongly typed and say so as Ollama does (recording `error-option-type`)."""
    try:
        options = _members.decode(found)
    except UNREADABLE:
        return fields.wrong_type("options", "map[string]interface {}")
    for name, value in options.items():
        try:
            _options.decode(raw({name: value}))
        except UNREADABLE:
            return BadRequest(f'option "{name}" must be {_expected(name, value)}', param=f"options.{name}")
    return BadRequest("options cannot be read", param="options")


def _expected(name: str, value: Raw) -> str:
    """Ollama's words for the type an option must have."""
    if name == "stop":
        return "of an array of strings" if bytes(value).startswith(b"[") else "of type array"
    if name == "use_mmap":
        return "of type boolean"
    return "of type integer" if name in _INTEGERS else "of type float32"


def _whole(number: Number) -> int | None:
    """Cut a number as Ollama does: the fraction is dropped."""
    return None if number is None or not math.isfinite(number) else int(number)


def _not_negative(number: Number) -> int | None:
    whole = _whole(number)
    return whole if whole is not None and whole >= 0 else None
