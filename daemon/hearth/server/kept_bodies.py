"""Whether what is said is kept on disk: as the config of now says, at start and after each edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from hearth.server.core import Core


def keep_bodies(core: Core, file: Path | None = None) -> None:
    """Keep what is said, or stop keeping it, in this file or the one named before.

    What an earlier time has left there can be looked at and deleted, and grows too old, also while nothing is kept.
    """
    core.bodies_in = file or core.bodies_in
    wanted = core.generation.settings.usage
    if core.said is None and core.bodies_in is not None and (wanted.bodies or core.bodies_in.exists()):
        from hearth.bodies.bodies import Bodies  # not before somebody wants it: it brings a database along

        core.said = Bodies(core.bodies_in)
    if core.said is not None:
        core.said.use(on=wanted.bodies, keep_s=wanted.keep, room=wanted.bodies_size)
    core.bodies = core.said if wanted.bodies else None
