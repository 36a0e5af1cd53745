"""What knows only Ollama: its own command, and programs that take its address from OLLAMA_HOST.

Source: the FAQ of Ollama, "How do I configure Ollama server?" (OLLAMA_HOST is read by server and command alike).
"""

from __future__ import annotations

from hearth.connecting.app import App, Desk, Door, Setting

_WHY = "a variable belongs to your shell, and one for all programs would move Ollama's server too"
_AFTER = (
    "Set it where such a program is started, never for Ollama's own server.",
    "For programs that know nothing but port 11434: hearth connect ollama --front",
)


def _found(desk: Desk) -> bool:
    return desk.has("ollama")


def _setting(desk: Desk, door: Door) -> Setting:
    word = "$env:OLLAMA_HOST = " if desk.system == "win32" else "export OLLAMA_HOST="
    quoted = f'"{door.url}"' if desk.system == "win32" else door.url
    return Setting(f"{word}{quoted}", by_hand=_WHY, after=_AFTER)


APP = App("ollama", "Ollama's command", "https://docs.ollama.com/faq", _found, _setting)
