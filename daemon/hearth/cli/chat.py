"""`hearth chat`: ask one question, or talk."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from hearth.cli.context import client, json_option
from hearth.cli.output import print_json, say
from hearth.cli.words import where
from hearth_config.words import MODES

if TYPE_CHECKING:
    from hearth.client import Client

Message = dict[str, str]


@click.command()
@click.argument("model", default="default")
@click.argument("question", nargs=-1)
@click.option("--mode", type=click.Choice(MODES[:-1]), help="Tighten the mode for this chat.")
@json_option
def chat(*, model: str, question: tuple[str, ...], mode: str | None, as_json: bool) -> None:
    """Talk to MODEL, or ask it one QUESTION.

    What comes in by a pipe is part of the question. Who answered, where and
    why is said on stderr, so that the answer alone can be piped on.
    """
    daemon = client()
    extra: dict[str, object] = {"hearth": {"mode": mode}} if mode else {}
    asked = _asked(question)
    if asked:
        answer, heads = _answer(daemon, {"model": model, "messages": [_user(asked)], **extra}, quiet=as_json)
        if as_json:
            print_json({"answer": answer, **heads})
    elif as_json:
        raise click.UsageError("--json needs a QUESTION.")
    elif sys.stdin.isatty():
        _talk(daemon, model, extra)
    else:
        raise click.UsageError("There is no question: neither in the arguments nor on stdin.")


def _asked(words: tuple[str, ...]) -> str:
    piped = "" if sys.stdin.isatty() else sys.stdin.read()
    return "\n\n".join(part for part in (" ".join(words), piped.strip()) if part)


def _talk(daemon: Client, model: str, extra: dict[str, object]) -> None:
    """Ask and answer until the end of input; Ctrl-C while it answers ends that answer alone."""
    from contextlib import suppress

    from hearth.client import Refused

    with suppress(ImportError):
        import readline  # noqa: F401 -- gives input() its line editing
    daemon.status()
    say("Ctrl-D ends the chat.", err=True)
    messages: list[Message] = []
    while (line := _next_line()) is not None:
        if not line.strip():
            continue
        turn = [*messages, _user(line)]
        try:
            answer, _ = _answer(daemon, {"model": model, "messages": turn, **extra})
        except KeyboardInterrupt:
            say("\n(stopped)", err=True)
        except Refused as refusal:
            say(str(refusal), err=True)
        else:
            messages = [*turn, {"role": "assistant", "content": answer}]


def _next_line() -> str | None:
    try:
        return input("> ")
    except EOFError:
        click.echo(err=True)
        return None


def _user(text: str) -> Message:
    return {"role": "user", "content": text}


def _answer(daemon: Client, body: dict[str, object], *, quiet: bool = False) -> tuple[str, dict[str, str]]:
    """Print an answer as it comes; returns it whole, with what the head says of it."""
    from hearth.cli.answers import pieces

    told: list[str] = []
    with daemon.stream("POST", "/v1/chat/completions", {**body, "stream": True}) as response:
        heads = _heads(response.headers)
        if not quiet:
            say(_who(heads), err=True)
        for piece in pieces(response.iter_lines()):
            if not piece.thinking:
                told.append(piece.text)
            if not quiet:
                _print(piece.text, thinking=piece.thinking)
    if not quiet:
        click.echo()
    return "".join(told), heads


def _print(text: str, *, thinking: bool) -> None:
    if not thinking:
        say(text, nl=False)
    elif sys.stderr.isatty():
        click.secho(text.replace("\x1b", ""), dim=True, err=True, nl=False)


def _heads(headers: Mapping[str, str]) -> dict[str, str]:
    names = ("Id", "Target", "Place", "Reason", "Attempts")
    return {name.lower(): found for name in names if (found := headers.get(f"X-Hearth-{name}"))}


def _who(heads: Mapping[str, str]) -> str:
    if "target" not in heads:
        return f"[{heads.get('id', 'waiting')}]"
    return f"[{heads['target']} · {where(heads.get('place', '?'))} · {heads.get('reason', '?')}]"
