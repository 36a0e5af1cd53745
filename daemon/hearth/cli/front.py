"""`hearth connect ollama --front` and `hearth disconnect ollama`: Hearth on Ollama's port, and Ollama beside it.

Each step leaves a state that works: Ollama moves first, then hearth.toml follows. On the way back Hearth lets go of the
port first. Where only the user can move Ollama, the commands are printed, and the same command goes on from there.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import click

from hearth.cli.context import paths
from hearth.cli.first_look import ollama_at
from hearth.cli.front_config import (
    check_config,
    front_before,
    ground_here,
    letting_go,
    moved_in,
    restore_config,
    write_config,
)
from hearth.cli.output import say

if TYPE_CHECKING:
    from hearth.connecting.front.move import Move

_COMMAND_S = 60.0


def move_in(port: int, *, yes: bool) -> None:
    """Put Hearth on Ollama's port. Raises `ClickException`, with everything as it was or with what to do next."""
    ground = ground_here()
    front = ground.port
    if front == port:
        if any(one.host == "127.0.0.1" for one in ground.also):
            say(f"Hearth is in front of Ollama already; Ollama answers on port {port}.")
            return
        raise click.ClickException(f"Ollama is on port {port} already. Choose another for it with --port.")
    check_config(moved_in(ground, front, port))
    if not _at(port):
        if not _at(front):
            raise click.ClickException(f"No Ollama answers on port {front}. Start it, then try again.")
        _move(port, yes=yes, front=front)
    if _at(front):
        raise click.ClickException(f"One Ollama answers on port {port}, another on {front} still. Stop that one.")
    write_config(moved_in(ground, front, port))
    say(f"Ollama answers on port {port}, and hearth.toml says so. Hearth takes port {front}.")
    _start_anew()


def move_out(*, yes: bool) -> None:
    """Give Ollama its port back. Raises `ClickException`, with a state that works and what to do next."""
    ground = ground_here()
    front = front_before(ground)
    if not ground.owns(front) and ground.port == front:
        say("Hearth is not in front of Ollama.")
        return
    if ground.owns(front):
        if not yes:
            click.confirm(f"Let go of port {front}, and move Ollama back to it?", abort=True)
        write_config(letting_go(ground, front))
        say(f"Hearth no longer takes port {front}.")
        if _is_ours(front):
            _start_anew()
    if not _at(front):
        _move_back(ground.port, front)
    restore_config(ground, front)
    say(f"Ollama answers on port {front} again, and hearth.toml is as it was before.")


def _at(port: int) -> bool:
    """Whether an Ollama answers on that port of loopback: an Ollama itself, and not this Hearth in its place."""
    return not _is_ours(port) and ollama_at(f"http://127.0.0.1:{port}") is not None


def _is_ours(port: int) -> bool:
    return f"http://127.0.0.1:{port}" in (_listening() or ())


def _listening() -> tuple[str, ...] | None:
    """Return the addresses of a running daemon, None without one."""
    from hearth.client import Client, ClientError

    try:
        with Client(paths()) as daemon:
            return daemon.status().listening
    except ClientError:
        return None


def _plan(port: int) -> Move:
    from hearth.connecting.app import desk_here
    from hearth.connecting.front.move import move

    return move(desk_here(), port, lambda command: not _run(command))


def _run(command: tuple[str, ...]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=_COMMAND_S, check=False, stdin=subprocess.DEVNULL, text=True
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"`{' '.join(command)}`: {error}"
    return "" if done.returncode == 0 else f"`{' '.join(command)}`: {(done.stdout + done.stderr).strip()}"


def _move(port: int, *, yes: bool, front: int) -> None:
    from hearth.connecting.front.moving import MoveFailed, go

    plan = _plan(port)
    if plan.by_hand:
        _print_steps(f"Ollama is run by {plan.manager}, so only you can move it:", plan.by_hand)
        again = f"hearth connect ollama --front --port {port}"
        raise click.ClickException(f"Nothing was changed. Once that is done, run `{again}` again; it goes on there.")
    say(f"Ollama is run by {plan.manager}. It moves from port {front} to {port}:")
    for command in plan.commands:
        say(f"    {' '.join(command)}")
    if not yes:
        click.confirm("Go on?", abort=True)
    try:
        go(plan, _run, lambda: _at(port))
    except MoveFailed as error:
        raise click.ClickException(str(error)) from None


def _move_back(port: int, front: int) -> None:
    from hearth.connecting.front.moving import come_back, wait

    plan = _plan(port)
    if plan.by_hand:
        _print_steps(f"Ollama is run by {plan.manager}, so only you can move it back:", plan.back_by_hand)
        state = f"Hearth goes on with Ollama on port {port} until then"
        raise click.ClickException(f"{state}. Once that is done, run `hearth disconnect ollama` again.")
    wrong = come_back(plan, _run)
    if wrong or not wait(lambda: _at(front)):
        state = f"Hearth goes on asking port {port}"
        raise click.ClickException(f"Ollama does not answer on port {front}{f': {wrong}' if wrong else ''}. {state}.")


def _print_steps(title: str, lines: tuple[str, ...]) -> None:
    say(title)
    for line in lines:
        say(f"    {line}")


def _start_anew() -> None:
    """Have a running daemon listen as hearth.toml says now: that takes a new start, by whoever started it."""
    from hearth.cli.restart import restart
    from hearth.cli.service_plan import plan_here
    from hearth_service.install import ServiceError, install, runs

    plan = plan_here(tray=False)
    if _listening() is None:
        say("Hearth is not running. Start it with `hearth run`.")
    elif not runs(plan):
        click.get_current_context().invoke(restart)
    else:
        try:
            install(plan)
        except ServiceError as error:
            raise click.ClickException(f"{error}. Then: hearth service install") from None
        say(f"{plan.manager} has started Hearth anew, with the addresses of hearth.toml.")
