"""`sealed` in hearth.toml: what it needs, and what of an edit waits until Hearth is started anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.sealing.held import as_started
from hearth_config.errors import ConfigError
from hearth_config.load import Loaded, load_text
from hearth_config.secrets import SecretError
from hearth_config.variables import Variables
from hearth_config.words import MODES


def _read(text: str, folder: Path = Path("/h")) -> Loaded:
    return load_text(text, folder / "hearth.toml", Variables({}, {}))


@pytest.mark.parametrize("mode", ["lan", "prefer-local", "any"])
def test_sealed_needs_mode_offline(mode: str) -> None:
    """The kernel could not let out what another mode allows: an error with line and next step."""
    with pytest.raises(ConfigError) as refused:
        _read(f'\nmode = "{mode}"\nsealed = true\n')

    assert (refused.value.line, refused.value.key) == (3, "sealed")
    assert mode in refused.value.reason
    assert 'mode = "offline"' in refused.value.next_step


def test_sealed_alone_names_the_default_mode() -> None:
    """Without a mode the default would hold, which is not offline."""
    with pytest.raises(ConfigError, match="prefer-local"):
        _read("sealed = true\n")


@given(mode=st.sampled_from(MODES), wanted=st.booleans(), started=st.booleans())
def test_what_was_sealed_stays_so_until_a_new_start(mode: str, *, wanted: bool, started: bool) -> None:
    """A daemon that runs keeps its seal, or its lack of one, whatever an edit says, and warns of the difference."""
    if wanted:
        mode = "offline"

    held = as_started(_read(f'mode = "{mode}"\nsealed = {str(wanted).lower()}\n'), sealed=started)

    assert held.settings.sealed == started
    assert held.settings.mode == ("offline" if started else mode)
    as_written = wanted == started and (mode == "offline" or not started)
    assert [warning for warning in held.warnings if "started anew (`hearth restart`)" in warning] == (
        [] if as_written else list(held.warnings)
    )
    assert as_written or str(held.path) in held.warnings[-1]


def test_the_keyring_is_not_asked_when_sealed(tmp_path: Path) -> None:
    """It answers on D-Bus, whose socket the kernel refuses: a sentence says so, and other places for keys work."""
    loaded = _read('mode = "offline"\nsealed = true\n', tmp_path)

    with pytest.raises(SecretError) as refused:
        loaded.secret("keyring:work")

    assert "D-Bus" in refused.value.reason
    assert loaded.secret("cmd:echo canary").reveal() == "canary"
