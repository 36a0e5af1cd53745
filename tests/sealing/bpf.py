"""A small interpreter of classic BPF, by linux/filter.h and seccomp(2): what the kernel would answer to one call."""

from __future__ import annotations

import struct
from typing import NamedTuple

_DATA = struct.Struct("<IIQ6Q")
_INSTRUCTION = struct.Struct("<HBBI")
KINDS = {0x7FFF: "allow", 0x0005: "errno"}


class Verdict(NamedTuple):
    """What becomes of a call: "allow", or "errno" with the error it fails with."""

    kind: str
    errno: int = 0


def judge(program: bytes, architecture: int, number: int, *arguments: int) -> Verdict:
    """Return what a filter says to a call of that number with these arguments, as 64-bit registers."""
    registers = [argument & (1 << 64) - 1 for argument in (*arguments, *[0] * 6)[:6]]
    data = _DATA.pack(number & 0xFFFFFFFF, architecture, 0, *registers)
    steps = list(_INSTRUCTION.iter_unpack(program))
    accumulator, at = 0, 0
    while True:
        code, yes, no, operand = steps[at]
        at += 1
        match code:
            case 0x20:
                assert operand % 4 == 0, "the kernel takes words that are aligned only"
                (accumulator,) = struct.unpack_from("<I", data, operand)
            case 0x54:
                accumulator &= operand
            case 0x06:
                return Verdict(KINDS[operand >> 16], operand & 0xFFFF)
            case 0x15 | 0x35 | 0x45:
                true = {0x15: accumulator == operand, 0x35: accumulator >= operand, 0x45: accumulator & operand}[code]
                at += yes if true else no
            case _:
                raise AssertionError(f"no instruction of ours: {code:#x}")
