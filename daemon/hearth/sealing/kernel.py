"""The two questions to the Linux kernel that close a process for good: prctl(2) and seccomp(2)."""

from __future__ import annotations

import ctypes
import os
import platform
import sys

from hearth.sealing.errors import CannotSeal
from hearth.sealing.program import INSTRUCTION, MACHINES, Machine

_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_SET_MODE_FILTER = 1
_SECCOMP_FILTER_FLAG_TSYNC = 1
_POINTER_OF_64_BITS = 8
_UNSEALED = (
    'Set sealed = false, or run it on Linux, on x86-64 or arm64; mode = "offline" holds here too, by Hearth alone'
)


class _Program(ctypes.Structure):
    """A `struct sock_fprog` (linux/filter.h)."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def this_machine() -> Machine:
    """Return the architecture we run on. Raises `CannotSeal` where there is no filter for it."""
    if sys.platform != "linux":
        raise CannotSeal(f"{platform.system() or sys.platform} has nothing that Hearth could ask for it", _UNSEALED)
    machine = MACHINES.get(platform.machine())
    if machine is None or ctypes.sizeof(ctypes.c_void_p) != _POINTER_OF_64_BITS:
        raise CannotSeal(f"there is no filter for {platform.machine()} ({platform.architecture()[0]})", _UNSEALED)
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
