"""Which processes on this machine are engines: what they take is not "other programs"."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

NAMES = frozenset(
    {
        "ollama", "ollama.exe", "ollama app.exe", "ollama_llama_server", "ollama_llama_se", "ollama-runner",
        "llama-server", "llama-server.exe", "llama-cli", "llamafile", "llama-swap",
        "lm studio", "lm studio.exe", "lm studio helper", "lm-studio", "lmstudio", "llmster", "lms", "lms.exe",
        "vllm", "sglang", "koboldcpp", "local-ai", "localai", "tabby", "text-generation-launcher",
        "text-generation-server", "text-generation-router", "mlx_lm.server", "jan", "cortex-server",
    }
)  # fmt: skip
"""Names of engines' processes, in small letters; Linux cuts them off after 15 characters."""
PREFIXES = ("vllm::", "sglang::", "llama-server", "lm studio helper")
USERS = frozenset({"ollama", "_ollama", "llama", "llama-cpp", "lmstudio", "vllm", "localai"})
"""The users that packaged engines run as."""
MODULES = ("vllm", "sglang", "mlx_lm", "llama_cpp", "tabbyapi")
"""Python scripts and modules that are engines."""


class Running(Struct, frozen=True):
    """One process: `command` is filled for Python's processes only, whose name says nothing."""

    pid: int
    parent: int
    name: str
    user: str = ""
    command: tuple[str, ...] = ()


def engines(running: Iterable[Running]) -> frozenset[int]:
    """Return the ids of the engines' processes, their children included."""
    by_pid = {process.pid: process for process in running}
    found = {process.pid for process in by_pid.values() if is_engine(process)}
    children: dict[int, list[int]] = {}
    for process in by_pid.values():
        children.setdefault(process.parent, []).append(process.pid)
    todo = list(found)
    while todo:
        fresh = [pid for pid in children.get(todo.pop(), ()) if pid not in found]
        found.update(fresh)
        todo.extend(fresh)
    return frozenset(found)


def is_engine(process: Running) -> bool:
    """Say whether name, user or command make a process an engine."""
    name = process.name.lower()
    if name in NAMES or name.startswith(PREFIXES) or process.user.lower() in USERS:
        return True
    return _script(process.command).split(".")[0] in MODULES


def _script(command: tuple[str, ...]) -> str:
    """Return what Python was told to run, a file without its folders or a module; what follows are its arguments."""
    return next((word.rpartition("/")[2].lower() for word in command[1:] if not word.startswith("-")), "")
