"""`python -m hearth.rehearsal`: play Ollama or a cloud provider in the foreground."""

from __future__ import annotations

import argparse
import asyncio
import errno
import sys
from pathlib import Path
from typing import get_args

import msgspec

from hearth.rehearsal.rehearsal import Rehearsal
from hearth.rehearsal.script import Flavour, Kind, Script
from hearth.senses.ports import holder


async def _play(script: Script, port: int) -> None:
    async with Rehearsal(script, port=port, record=False) as rehearsal:
        sys.stdout.write(f"{rehearsal.url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    """Listen on loopback, print the URL, and answer until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m hearth.rehearsal", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 finds a free one (default)")
    parser.add_argument("--kind", choices=get_args(Kind), default="ollama", help="which kind of server to play")
    parser.add_argument(
        "--flavour", choices=get_args(Flavour), default="openai", help="which provider, for --kind openai"
    )
    parser.add_argument("--script", type=Path, help="a JSON file with the fields of Script, instead of the two above")
    chosen = parser.parse_args()
    script = Script(kind=chosen.kind, flavour=chosen.flavour)
    if chosen.script is not None:
        try:
            script = msgspec.json.decode(chosen.script.read_bytes(), type=Script)
        except (OSError, msgspec.DecodeError) as error:
            parser.error(f"{chosen.script}: {error}")
    try:
        asyncio.run(_play(script, chosen.port))
    except KeyboardInterrupt:
        sys.exit(0)
    except OSError as error:
        sys.exit(_refused(error, chosen.port))


def _refused(error: OSError, port: int) -> str:
    if error.errno != errno.EADDRINUSE:
        return f"127.0.0.1:{port}: {error.strerror or error}. Give another --port; 0 finds a free one."
    who = holder("127.0.0.1", port)
    return f"127.0.0.1:{port} is taken{f' by {who}' if who else ''}. Stop that program, or give another --port."


if __name__ == "__main__":
    main()
