"""Hot reload where names are no text: a folder may be called by any bytes."""

import os
import sys
from pathlib import Path

import pytest

from config.edits import Edits, atomic, seconds, watching


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name is Unicode")
def test_a_folder_whose_name_is_no_utf_8_is_watched_too(tmp_path: Path) -> None:
    """F51: a name of bytes that mean nothing is a name; it costs a look a second, not the hot reload."""
    home = tmp_path / os.fsdecode(b"n\xff\xe9")
    home.mkdir()
    (home / "hearth.toml").write_text(seconds(5))

    async def scenario(edits: Edits) -> None:
        atomic(edits.file, seconds(6))
        assert await edits.patience() == 6
        edits.file.write_text("patience = = 7")
        assert "hearth.toml:1" in await edits.error()
        edits.file.write_text(seconds(8))
        assert await edits.patience() == 8

    watching(home, scenario)
