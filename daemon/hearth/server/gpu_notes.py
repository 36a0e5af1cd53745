"""Whether loaded models lie on the GPU, and what a person is told of those that do not (pains 3, 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hearth.routing.targets import Target
    from hearth.server.core import Core

ON_GPU = 0.99
"""The part of a model from which on it counts as being on the GPU: sizes are rounded."""


class GpuNotes:
    """The notes of models that are not on the GPU, or not all of them."""

    def __init__(self, core: Core) -> None:
        """Have seen nothing yet."""
        self._core = core
        self._best: dict[str, float] = {}
        """The largest part of each model that was seen on the GPU."""
        self._said: dict[str, str] = {}

    def see(self, target: Target, share: float | None) -> None:
        """Note how much of a model is on the GPU now, and take the note back that holds no more; None: not known."""
        if share is None:
            return
        core, name, best = self._core, target.name, self._best.get(target.name, 0.0)
        self._best[name] = max(share, best)
        said, before = _note(share, best, target.loaded_window), self._said.get(name, "")
        if said == before:
            return
        if core.notes.get(name) == before:
            del core.notes[name]
        self._said[name] = said
        if said:
            core.notes.setdefault(name, said)
        if said and not share:
            core.events.say("gpu_lost", target=name)


def gpu_share(target: Target) -> float | None:
    """Return the part of a loaded model that is on the GPU, 0 to 1; None where its engine does not say."""
    info = target.info
    return info.size_vram / info.size if info.size and info.size_vram is not None and target.loaded else None


def _note(share: float, best: float, window: int | None) -> str:
    """Return what a person should know of a loaded model whose part `share` is on the GPU, where `best` was before."""
    if not share:
        return "was on the GPU and is not any more, as after a sleep: restart its engine" if best else ""
    if share >= ON_GPU:
        return ""
    smaller = f" (try {window // 2})" if window else ""
    return f"only {share:.0%} of it fits on the GPU, which is slow; a smaller num_ctx takes less{smaller}"
