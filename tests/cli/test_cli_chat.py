"""`hearth chat`: the answer alone on stdout, who gave it on stderr, and never a cut answer for a whole one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.control_server import Reply, serving
from cli.terminal import command, environment, hearth
from hearth.cli.answers import Piece, pieces
from hearth.client import Refused

HEADS = {"X-Hearth-Id": "c1", "X-Hearth-Target": "ollama/m", "X-Hearth-Place": "machine", "X-Hearth-Reason": "local"}
ROUTE = "POST /v1/chat/completions"


def _chunk(**delta: str) -> bytes:
    return b"data: " + msgspec.json.encode({"choices": [{"delta": delta}]}) + b"\n\n"


def test_one_question_prints_the_answer_alone(tmp_path: Path) -> None:
    """The answer goes to stdout; target, place and reason to stderr; the question joins what is piped in."""
    reply = Reply(pieces=(_chunk(content="Hel"), _chunk(content="lo"), b"data: [DONE]\n\n"), headers=HEADS)

    with serving(tmp_path, {ROUTE: reply}) as server:
        shown = hearth(tmp_path, "chat", "fast", "say", "hello", text="to this\n")

    assert (shown.returncode, shown.stdout) == (0, "Hello\n")
    assert shown.stderr == "[ollama/m · this machine · local]\n"
    assert server.asked[0].body == {
        "model": "fast",
        "messages": [{"role": "user", "content": "say hello\n\nto this"}],
        "stream": True,
    }


def test_an_answer_as_json_has_its_facts(tmp_path: Path) -> None:
    """`--json` gives the answer and who gave it, and nothing else."""
    reply = Reply(pieces=(_chunk(content="Hi"), b"data: [DONE]\n\n"), headers=HEADS)

    with serving(tmp_path, {ROUTE: reply}):
        shown = hearth(tmp_path, "chat", "fast", "hello", "--json")

    assert msgspec.json.decode(shown.stdout) == {
        "answer": "Hi",
        "id": "c1",
        "target": "ollama/m",
        "place": "machine",
        "reason": "local",
    }


def test_an_error_in_the_stream_fails(tmp_path: Path) -> None:
    """F-rows of cut streams: what came is shown, then the error, and exit 1."""
    broken = b'data: {"error":{"message":"ollama: it went away.","type":"broken_reply"}}\n\n'

    with serving(tmp_path, {ROUTE: Reply(pieces=(_chunk(content="Hal"), broken))}):
        shown = hearth(tmp_path, "chat", "fast", "hello")

    assert shown.returncode == 1
    assert shown.stdout.startswith("Hal")
    assert "it went away" in shown.stderr


def test_a_stream_without_its_end_is_cut(tmp_path: Path) -> None:
    """An answer that just stops is not taken for finished."""
    with serving(tmp_path, {ROUTE: Reply(pieces=(_chunk(content="Hal"),))}):
        shown = hearth(tmp_path, "chat", "fast", "hello")

    assert shown.returncode == 1
    assert "cut off" in shown.stderr


def test_what_is_no_text_is_wrong_usage(tmp_path: Path) -> None:
    """Bytes that are no UTF-8, piped in or among the arguments, get one line and exit 2."""
    with serving(tmp_path, {}) as server:
        piped = subprocess.run(
            command(tmp_path, "chat", "fast"), input=b"\xff\xfe", capture_output=True, env=environment(), check=False
        )
        argued = hearth(tmp_path, "chat", "fast", "\udcff")

    assert (piped.returncode, argued.returncode, server.asked) == (2, 2, [])
    assert piped.stderr.decode() == argued.stderr == "What was given is not text in UTF-8.\n"


def test_a_terminal_that_lacks_a_character_shows_a_question_mark(tmp_path: Path) -> None:
    """An answer in another alphabet than the terminal's fails no command."""
    reply = Reply(pieces=(_chunk(content="snow: ☃"), b"data: [DONE]\n\n"), headers=HEADS)

    with serving(tmp_path, {ROUTE: reply}):
        there = environment(PYTHONIOENCODING="latin-1")
        shown = subprocess.run(
            command(tmp_path, "chat", "fast", "hello"), input=b"", capture_output=True, env=there, check=False
        )

    assert (shown.returncode, shown.stdout) == (0, b"snow: ?\n")


def test_no_question_is_wrong_usage(tmp_path: Path) -> None:
    """Without a terminal and without a question there is nothing to ask."""
    with serving(tmp_path, {}):
        shown = hearth(tmp_path, "chat", "fast")

    assert shown.returncode == 2


def test_thinking_is_told_from_the_answer() -> None:
    """Thinking comes as pieces of its own, under either name."""
    lines = ['data: {"choices":[{"delta":{"reasoning":"hm"}}]}', "", ": ping", "data: [DONE]"]

    assert list(pieces(lines)) == [Piece("hm", thinking=True)]


@given(st.lists(st.text(max_size=30), max_size=5))
def test_any_lines_end_in_done_or_a_refusal(lines: list[str]) -> None:
    """Whatever comes: no other exception than a refusal, since nothing says that it is done."""
    with pytest.raises(Refused):
        list(pieces([f"data: {line}" for line in lines if line.strip() != "[DONE]"]))
