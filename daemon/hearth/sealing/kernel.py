"""The two questions to the Linux kernel that close a process for good: prctl(2) and seccomp(2)."""

from __future__ import annotations

import ctypes
import os
import platform

from hearth.sealing.errors import CannotSeal
from hearth.sealing.program import INSTRUCTION, MACHINES, Machine

_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_SET_MODE_FILTER = 1
_SECCOMP_FILTER_FLAG_TSYNC = 1
_BITS = 64
_UNSEALED = (
    'Set sealed = false, or run it on Linux, on x86-64 or arm64; mode = "offline" holds here too, by Hearth alone'
)


class _Program(ctypes.Structure):
    """A `struct sock_fprog` (linux/filter.h)."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def this_machine() -> Machine:
    """Return the architecture we run on. Raises `CannotSeal` where there is no filter for it."""
    return machine_of(platform.system(), platform.machine(), 8 * ctypes.sizeof(ctypes.c_void_p))


def machine_of(system: str, architecture: str, bits: int) -> Machine:
    """Return an architecture by platform.system(), platform.machine() and the bits of a pointer. Raises `CannotSeal`.

    A 32-bit program on a 64-bit kernel calls it by other numbers.
    """
    if system != "Linux":
        raise CannotSeal(f"{system or 'this system'} has nothing that Hearth could ask for it", _UNSEALED)
    machine = MACHINES.get(architecture)
    if machine is None or bits != _BITS:
        raise CannotSeal(f"there is no filter for {bits}-bit programs on {architecture}", _UNSEALED)
    return machine


def apply(program: bytes, machine: Machine) -> None:
    """Put all threads of this process, and every process it starts, under a filter that nobody can take away again.

    Raises `CannotSeal` if the kernel refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    nothing = ctypes.c_ulong(0)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), nothing, nothing, nothing):
        raise _refused("no_new_privs")
    filled = _Program(len(program) // INSTRUCTION.size, program)
    result = libc.syscall(
        ctypes.c_long(machine.seccomp),
        ctypes.c_ulong(_SECCOMP_SET_MODE_FILTER),
        ctypes.c_ulong(_SECCOMP_FILTER_FLAG_TSYNC),
        ctypes.byref(filled),
    )
    if result:
        raise _refused("seccomp" if result < 0 else f"seccomp for its thread {result}")


def _refused(what: str) -> CannotSeal:
    why = os.strerror(ctypes.get_errno())
    return CannotSeal(
        f"the kernel refuses {what} ({why})", "Run it outside of the container or sandbox that forbids it"
    )
