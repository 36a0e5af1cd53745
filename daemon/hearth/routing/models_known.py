"""What is known of models that their providers' lists say little about: features and limits, by the model's name.

Sources: wire/providers §4.1 to §4.3, and the vendors' own model pages as far as they are settled. A provider's word and
the config's come first; a name that is not here is unknown, which is tried last and never refused.
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from hearth.routing.globs import pattern_of


class Known(Struct, frozen=True):
    """The words that describe a family of models (`ModelInfo.capabilities`), what it lacks, and limits in tokens."""

    has: frozenset[str]
    lacks: frozenset[str] = frozenset()
    window: int | None = None
    output_limit: int | None = None


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_AGENT = _words("completion tools parallel_tools vision json json_schema")
_NO_CODE = _words("insert embedding")
_VECTORS = Known(_words("embedding"), _words("completion tools vision audio thinking insert json json_schema"))

_MODELS: tuple[tuple[str, Known], ...] = (
    ("gpt-4o-audio*", Known(_words("completion tools audio"), _NO_CODE, 128_000, 16_384)),
    ("gpt-4o*", Known(_AGENT, _NO_CODE | {"thinking"}, 128_000, 16_384)),
    ("gpt-4.1*", Known(_AGENT, _NO_CODE | {"thinking"}, 1_047_576, 32_768)),
    (
        "gpt-4-turbo*",
        Known(_words("completion tools parallel_tools vision json"), _NO_CODE | {"thinking"}, 128_000, 4096),
    ),
    ("gpt-3.5-turbo-instruct*", Known(_words("completion insert"), _words("tools vision thinking embedding"), 4096)),
    ("gpt-3.5-turbo*", Known(_words("completion tools json"), _NO_CODE | {"vision", "thinking"}, 16_385, 4096)),
    ("gpt-5*", Known(_AGENT | {"thinking"}, _NO_CODE)),
    ("gpt-6*", Known(_AGENT | {"thinking"}, _NO_CODE)),
    ("o[134]", Known(_AGENT | {"thinking"}, _NO_CODE, 200_000, 100_000)),
    ("o4-mini*", Known(_AGENT | {"thinking"}, _NO_CODE, 200_000, 100_000)),
    ("o3-mini*", Known(_words("completion tools json json_schema thinking"), _NO_CODE | {"vision"}, 200_000, 100_000)),
    ("claude-*", Known(_words("completion tools parallel_tools vision"), _NO_CODE | {"audio"})),
    ("gemini-embedding*", _VECTORS),
    ("gemini-2.5-*", Known(_AGENT | {"audio", "thinking"}, _NO_CODE, 1_048_576, 65_536)),
    ("gemini-*", Known(_AGENT | {"audio", "thinking"}, _NO_CODE)),
    ("text-embedding-*", _VECTORS),
    ("voyage-*", _VECTORS),
    ("embed-*", _VECTORS),
    ("mistral-embed*", _VECTORS),
    ("codestral-embed*", _VECTORS),
    ("nomic-embed-*", _VECTORS),
    ("codestral-*", Known(_words("completion insert"), _words("vision audio embedding"))),
    *(
        (name, Known(_words("completion tools json"), _words("vision audio embedding")))
        for name in ("deepseek-chat", "deepseek-reasoner", "deepseek-flash", "deepseek-v4-*")
    ),
    ("grok-*", Known(_words("completion tools json json_schema"), _NO_CODE)),
    ("command-a*", Known(_words("completion tools json json_schema"), _NO_CODE)),
)
_PATTERNS = tuple((pattern_of(glob), known) for glob, known in _MODELS)


@lru_cache(maxsize=4096)
def known_of(model: str) -> Known | None:
    """Return what is known of a model; the name of whoever passes it on ("openai/", "ft:") does not matter."""
    plain = model.rpartition("/")[2].removeprefix("ft:")
    return next((known for pattern, known in _PATTERNS if pattern.match(plain)), None)
