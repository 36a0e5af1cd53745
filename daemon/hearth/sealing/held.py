"""The config as it can hold in a daemon that runs: what the kernel closed at the start, only a new start can open."""

from __future__ import annotations

from msgspec import structs

from hearth_config.load import Loaded

LATER = "takes effect when Hearth is started anew (`hearth restart`)"


def as_started(loaded: Loaded, *, sealed: bool) -> Loaded:
    """Return the config as it holds in a daemon that was started sealed, or was not; with a warning where it differs.

    Sealed, the mode is offline whatever the file says by now.
    """
    settings = loaded.settings
    waits = [] if settings.sealed == sealed else [f"sealed = {str(settings.sealed).lower()}"]
    if sealed and settings.mode != "offline":
        waits.append(f'mode = "{settings.mode}"')
    if not waits:
        return loaded
    holds = "Hearth is sealed, so that mode offline holds" if sealed else "The kernel holds nothing yet"
    warning = f"{loaded.path}: {' and '.join(waits)} {LATER}. {holds}."
    kept = structs.replace(settings, sealed=sealed, mode="offline" if sealed else settings.mode)
    return structs.replace(loaded, settings=kept, warnings=(*loaded.warnings, warning))
