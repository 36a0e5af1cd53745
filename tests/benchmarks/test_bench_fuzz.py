"""What is fuzzed for hours (G8), here for a moment: good input, some that is changed, and all that once raised."""

from __future__ import annotations

import random
import sys
from itertools import islice
from pathlib import Path

import pytest

from fuzz_changes import ODD, changed
from fuzz_engines import Lines
from fuzz_targets import TARGETS

FOUND: tuple[tuple[str, bytes], ...] = (
    ("hearth.toml", b'\0[providers.x]\npreset = "/' + b"l" * 300 + b'"\n'),
    ("hearth.toml", b'\0[providers.x]\npreset = "~nobody/x.toml"\n'),
    (
        "hearth.toml",
        b'\0[providers.x]\npreset = "generic"\naddress = "http://127.0.0.1:1/v1"\nca = "' + b"a" * 300 + b'"\n',
    ),
    ("hearth.toml", b'\0[providers.x]\npreset = "generic"\naddress = "http://127.0.0.1:1/v1"\nca = "~nobody/x"\n'),
    (
        "requests: ollama",
        (
            b'\0{"messages":[{"role":"user","content":"a"}],"tools":[{"type":"function",'
            b'"function":{"name":"f","parameters":2e+308}}]}'
        ),
    ),
    (
        "replies: openai_chat",
        (
            b'V{"id":"a","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"length",'
            b'"logprobs":{"content":[{"token":"Hi","logprob":-4.5,"top_logprobs":["x"]}]}}]}'
        ),
    ),
    ("replies: openai_responses", b'\x14{"output":[{"type":"message","content":1e+308}],"status":"completed"}'),
    (
        "replies: openai_responses",
        b'\x14{"output":[{"type":"reasoning","summary":7,"content":true}],"status":"completed"}',
    ),
    ("replies: openai_responses", b'\x14{"output":[{"type":"message","id":["a"]}],"status":"completed"}'),
    (
        "replies: openai_responses",
        b'\0event: response.output_item.done\ndata: {"type":"response.output_item.done","item":{"id":{}}}\n\n',
    ),
    ("replies: gemini", b'\2{"error":{"code":true,"details":true}}'),
    ("replies: openai_chat", b'\0{"data":[{"id":"a","providers":7}]}'),
    (
        "replies: openai_chat",
        b'\0{"data":[{"id":"a","supported_parameters":[],"architecture":{"input_modalities":true}}]}',
    ),
)
"""Each ended in an error that nobody caught, before it was mended."""
CHANGES = 60
AT_MOST = 4096


@pytest.mark.parametrize(("target", "data"), FOUND)
def test_what_was_found_is_mended(target: str, data: bytes) -> None:
    """G8: an input that raised once never does again."""
    TARGETS[target].check(data)


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_holds_for_good_input_and_bad(target: str) -> None:
    """G8: recorded and reference input passes, and so does some that is changed, the same on each run."""
    dice = random.Random(target)
    seeds = list(islice(TARGETS[target].seeds(), 200))
    assert seeds

    for seed in seeds:
        TARGETS[target].check(seed)
    for _ in range(CHANGES):
        TARGETS[target].check(changed(dice.choice(seeds), dice, AT_MOST))


def test_changes_can_be_changed_without_end() -> None:
    """What is changed a thousand times over is still input, and what changes are made of stays as it was."""
    dice, before = random.Random(5), repr(ODD)
    data = b'\0{"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}],"tools":[]}'

    for _ in range(3000):
        data = changed(data, dice, AT_MOST) if len(data) > 2 else b"\0" + b"[" * 2000
    deep = changed(b"\0" + b"[" * 900 + b"]" * 900, dice, AT_MOST)

    assert repr(ODD) == before
    assert 0 < len(deep) <= AT_MOST


def test_new_lines_are_noticed(tmp_path: Path) -> None:
    """The own engine keeps what takes a new way through the code, and nothing else."""
    lines = Lines()
    check = TARGETS["hearth.env"].check
    before = sys.gettrace()

    first, again, other = (lines.new(check, data) for data in (b"\0A=1", b"\0B=2", b"\0A='1'"))

    sys.settrace(before)
    assert (first, again, other) == (True, False, True)
