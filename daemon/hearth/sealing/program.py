"""The filter of a sealed Hearth as bytes: which system calls are refused, as classic BPF (seccomp(2)); pure.

It closes the network, and nothing else: sockets of the network are not made, nothing is connected, and what would make
or fetch a connected socket by another way is refused too. Numbers: arch/x86/entry/syscalls/syscall_64.tbl and
include/uapi/asm-generic/unistd.h of Linux.
"""

from __future__ import annotations

import struct
from errno import EACCES, ENOSYS
from typing import NamedTuple

INSTRUCTION = struct.Struct("=HBBI")
"""A `struct sock_filter` (linux/filter.h): code, how far to jump if true and if not, operand."""

# linux/bpf_common.h
LOAD, AND, RETURN = 0x20, 0x54, 0x06  # a word of the call's facts; with a mask; a verdict
EQUAL, AT_LEAST, ANY_BIT = 0x15, 0x35, 0x45

# struct seccomp_data (linux/seccomp.h): number, architecture, instruction pointer, six arguments of 8 bytes
NUMBER_AT, ARCHITECTURE_AT, ARGUMENTS_AT = 0, 4, 16

ALLOW = 0x7FFF0000
REFUSE = 0x00050000
"""SECCOMP_RET_ERRNO: the call is not made and fails with the error in the low bits. Nothing is killed by a mistake."""

AF_UNIX, AF_NETLINK, SOCK_DIAG = 1, 16, 4
SOCK_STREAM, SOCK_SEQPACKET, TYPE_MASK = 1, 5, 0xF
MSG_FASTOPEN = 0x20000000
"""Connects an unconnected TCP socket, such as a listener that was shut down, while it sends."""

NEWEST = 470
"""The newest system call these lists were read for. Later ones are answered as unknown, which libraries can bear; so
are the numbers of the x32 ABI, which all are larger."""


class Machine(NamedTuple):
    """An architecture as the kernel names it (AUDIT_ARCH_…, linux/audit.h) and its numbers of the calls looked at."""

    architecture: int
    seccomp: int
    socket: int
    socketpair: int
    sendto: int
    sendmsg: int
    sendmmsg: int
    refused: dict[str, int]
    """What is refused whatever its arguments are, by name."""


RINGS = {"io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427}
"""The kernel works on a ring's orders without asking the filter."""
_BOTH = {**RINGS, "pidfd_getfd": 438}
MACHINES = {
    "x86_64": Machine(
        0xC000003E, seccomp=317, socket=41, socketpair=53, sendto=44, sendmsg=46, sendmmsg=307,
        refused={
            "connect": 42, "ptrace": 101, "request_key": 249, "process_vm_readv": 310, "process_vm_writev": 311,
            "bpf": 321, "userfaultfd": 323, **_BOTH,
        },
    ),
    "aarch64": Machine(
        0xC00000B7, seccomp=277, socket=198, socketpair=199, sendto=206, sendmsg=211, sendmmsg=269,
        refused={
            "connect": 203, "ptrace": 117, "request_key": 218, "process_vm_readv": 270, "process_vm_writev": 271,
            "bpf": 280, "userfaultfd": 282, **_BOTH,
        },
    ),
}  # fmt: skip
"""By platform.machine(). Both are little-endian, which the places of the arguments' halves below rely on.

request_key is among them since the kernel looks up a name for it (key type dns_resolver); ptrace and its like since
another process may have a socket that could be taken from it.
"""


class Step(NamedTuple):
    """One instruction; jumps go to the step with that `label`, "" to the next one."""

    code: int
    operand: int
    yes: str = ""
    no: str = ""
    label: str = ""


def without_rings(machine: Machine) -> bytes:
    """Return the filter that comes first, before an event loop could make a ring: it refuses io_uring alone."""
    return _assembled([*_known_calls(machine), *(Step(EQUAL, nr, yes="refused") for nr in RINGS.values()), *_VERDICTS])


def sealed(machine: Machine) -> bytes:
    """Return the filter that closes the network."""
    looked_at = {
        machine.socket: "socket",
        machine.socketpair: "pair",
        machine.sendto: "sendto",
        machine.sendmsg: "sendmsg",
        machine.sendmmsg: "sendmmsg",
    }
    return _assembled(
        [
            *_known_calls(machine),
            *(Step(EQUAL, number, yes=label) for number, label in looked_at.items()),
            *(Step(EQUAL, number, yes="refused") for number in machine.refused.values()),
            Step(RETURN, ALLOW),
            *_SOCKETS,
            *_SENDING,
            *_VERDICTS,
        ]
    )


def _known_calls(machine: Machine) -> tuple[Step, ...]:
    """No other architecture (the 32-bit ways into the kernel have other numbers), and no call that is newer than us."""
    return (
        Step(LOAD, ARCHITECTURE_AT),
        Step(EQUAL, machine.architecture, no="refused"),
        Step(LOAD, NUMBER_AT),
        Step(AT_LEAST, NEWEST + 1, yes="unknown"),
    )


def _low(argument: int) -> int:
    """Where the half of an argument stands that the kernel reads an `int` from."""
    return ARGUMENTS_AT + 8 * argument


def _high(argument: int) -> int:
    return _low(argument) + 4


_SOCKETS = (
    Step(LOAD, _low(0), label="socket"),
    Step(EQUAL, AF_UNIX, yes="type"),
    Step(EQUAL, AF_NETLINK, no="refused"),
    Step(LOAD, _low(2)),
    Step(EQUAL, SOCK_DIAG, yes="allowed", no="refused"),
    Step(LOAD, _low(0), label="pair"),
    Step(EQUAL, AF_UNIX, no="refused"),
    Step(LOAD, _low(1), label="type"),
    Step(AND, TYPE_MASK),
    Step(EQUAL, SOCK_STREAM, yes="allowed"),
    Step(EQUAL, SOCK_SEQPACKET, yes="allowed", no="refused"),
)
"""Unix sockets, but no datagrams: those may be sent to any address without a connection, in a way no filter sees."""

_SENDING = (
    Step(LOAD, _low(4), label="sendto"),
    Step(EQUAL, 0, no="refused"),
    Step(LOAD, _high(4)),
    Step(EQUAL, 0, no="refused"),
    Step(LOAD, _low(3), label="sendmmsg"),
    Step(ANY_BIT, MSG_FASTOPEN, yes="refused", no="allowed"),
    Step(LOAD, _low(2), label="sendmsg"),
    Step(ANY_BIT, MSG_FASTOPEN, yes="refused", no="allowed"),
)
"""Only along a connection that is there: to no address, and without the flag that makes one."""

_VERDICTS = (
    Step(RETURN, ALLOW, label="allowed"),
    Step(RETURN, REFUSE | EACCES, label="refused"),
    Step(RETURN, REFUSE | ENOSYS, label="unknown"),
)


def _assembled(steps: list[Step]) -> bytes:
    places = {step.label: index for index, step in enumerate(steps) if step.label}

    def distance(label: str, index: int) -> int:
        return places[label] - index - 1 if label else 0

    return b"".join(
        INSTRUCTION.pack(step.code, distance(step.yes, index), distance(step.no, index), step.operand)
        for index, step in enumerate(steps)
    )
