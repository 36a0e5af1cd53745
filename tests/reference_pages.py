"""What is made from the code for docs and packages: `python tests/reference_pages.py` writes all of it anew."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import errors_page
import metrics_page
from hearth.server.control import TABLE
from hearth_packaging import completions, manual
from hearth_packaging.commands import Entry, entries
from notices_page import page as notices_page
from source_tree import ROOT

_GENERATED = "This page is generated: `make docs` writes it anew."
COMMANDS = f"""\
# Commands

Every command with its options, as `hearth COMMAND --help` and `man hearth` show them. `hearth --home DIR COMMAND`
speaks to a Hearth that lives in that folder. {_GENERATED}
"""
CONFIG = f"""\
# hearth.toml

`hearth config path` says where the file belongs, `hearth config edit` opens it, `hearth config check` names file, line
and key of a mistake, and `hearth config show` prints every value in force. Nothing in it is needed: without the file
this machine's Ollama answers, and no cloud. What follows is the whole of
[example.toml](../config/hearth_config/example.toml), every setting at its default. {_GENERATED}
"""
CONTROL = f"""\
# The control API

Command line, tray and dashboard steer Hearth through these routes, and your own programs can too. On the Unix socket
they are yours without a token; on TCP they take the admin token (`hearth token --admin`) as `Authorization: Bearer …`,
or the cookie of a dashboard that you signed in to.

```sh
curl --unix-socket "$XDG_RUNTIME_DIR/hearth/hearth.sock" http://hearth/hearth/v1/status
```

Answers are JSON; `events` is a stream of server-sent events. `GET /hearth/v1/openapi.json` describes the same to
programs. {_GENERATED}
"""


def commands() -> str:
    """Return the page of all commands."""
    return "\n".join([COMMANDS, *(line for one in entries()[1:] for line in _command(one))]) + "\n"


def config() -> str:
    """Return the page of all settings: the example, a heading where it has a rule."""
    text = (ROOT / "config/hearth_config/example.toml").read_text(encoding="utf-8")
    first, *pieces = re.split(r"^# -{20,} (.+)$", text, flags=re.MULTILINE)
    titles, bodies = pieces[::2], pieces[1::2]
    blocks = [f"## {title[0].upper()}{title[1:]}\n\n{_toml(body)}" for title, body in zip(titles, bodies, strict=True)]
    return "\n\n".join([CONFIG + "\n" + _toml(first), *blocks]) + "\n"


def control() -> str:
    """Return the page of the control API."""
    routes = [route for methods in TABLE.values() for route in methods.values() if route.handler is not None]
    rows = (_route(route.handler.__doc__ or "") for route in routes)
    return "\n".join([CONTROL, "| route | what it does |", "|---|---|", *rows]) + "\n"


def _command(one: Entry) -> Iterator[str]:
    yield f"## {one.name}\n"
    yield f"```\n{one.usage}\n```\n"
    yield f"{_escaped(one.help)}\n"
    if one.options:
        yield "| option | what it does |\n|---|---|"
        yield from (f"| `{_cell(option.written)}` | {_cell(_escaped(option.help))} |" for option in one.options)
        yield ""
    if one.note:
        yield f"{_escaped(one.note)}\n"


def _route(text: str) -> str:
    """Return the row of a route, from its docstring: "`GET calls?limit=N`: those that fit, newest first."."""
    said = " ".join(text.strip().split("\n\n")[0].split())
    route, _, does = said.removeprefix("`").partition("`: ")
    method, _, path = route.partition(" ")
    whole = path if path.startswith("/") else f"/hearth/v1/{path}"
    return f"| `{method} {_cell(whole)}` | {_cell(does[:1].upper() + does[1:])} |"


def _toml(text: str) -> str:
    return f"```toml\n{text.strip()}\n```"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _escaped(text: str) -> str:
    """Return text in which a word in angle brackets is not taken for markup."""
    return text.replace("<", "&lt;")


PAGES: dict[Path, Callable[[], str]] = {
    ROOT / "docs/commands.md": commands,
    ROOT / "docs/config.md": config,
    ROOT / "docs/control-api.md": control,
    ROOT / "docs/third-party.md": notices_page,
    metrics_page.PAGE: metrics_page.page,
    errors_page.PAGE: errors_page.page,
    ROOT / "packaging/share/man/man1/hearth.1": manual.page,
    **{ROOT / "packaging" / place: partial(completions.script, shell) for shell, place in completions.PLACES.items()},
}
"""Every file that is made from the code, and what makes it."""


if __name__ == "__main__":
    for path, made in PAGES.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made(), encoding="utf-8")
