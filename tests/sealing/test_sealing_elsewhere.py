"""Where Hearth cannot be sealed it says so, with what to do; it never runs unsealed instead."""

from __future__ import annotations

import pytest

from hearth.sealing.errors import CannotSeal
from hearth.sealing.kernel import machine_of
from hearth.sealing.program import MACHINES


@pytest.mark.parametrize(
    ("system", "architecture", "bits", "named"),
    [
        ("Darwin", "arm64", 64, "Darwin"),
        ("Windows", "AMD64", 64, "Windows"),
        ("", "", 64, "this system"),
        ("Linux", "riscv64", 64, "riscv64"),
        ("Linux", "armv7l", 32, "armv7l"),
        ("Linux", "x86_64", 32, "32-bit"),
    ],
)
def test_other_systems_are_named(system: str, architecture: str, bits: int, named: str) -> None:
    """The sentence names what is missing here, and what to write instead."""
    with pytest.raises(CannotSeal, match=r"^Hearth cannot be sealed here: ") as refused:
        machine_of(system, architecture, bits)

    assert named in str(refused.value)
    assert 'mode = "offline"' in str(refused.value)


@pytest.mark.parametrize("architecture", MACHINES)
def test_both_architectures_have_a_filter(architecture: str) -> None:
    """Linux on x86-64 and on arm64, for programs of 64 bits."""
    assert machine_of("Linux", architecture, 64) == MACHINES[architecture]
