"""The filter's bytes, judged by an interpreter of our own: what is refused on which architecture, whatever the rest."""

from __future__ import annotations

import re
from errno import EACCES, ENOSYS
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.sealing.program import INSTRUCTION, MACHINES, NEWEST, RINGS, sealed, without_rings
from sealing.bpf import Verdict, judge

ALLOWED, REFUSED, UNKNOWN = Verdict("allow"), Verdict("errno", EACCES), Verdict("errno", ENOSYS)
UNIX, INET, INET6, NETLINK, PACKET = 1, 2, 10, 16, 17
STREAM, DGRAM, RAW, SEQPACKET, NONBLOCK_CLOEXEC = 1, 2, 3, 5, 0o2004000
FASTOPEN, NOSIGNAL = 0x20000000, 0x4000
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}

machines = pytest.mark.parametrize("name", MACHINES)
words = st.integers(0, 2**64 - 1)
calls = st.tuples(st.integers(0, 2**32 - 1), words, words, words, words, words, words)


def _judged(name: str, number: int, *arguments: int) -> Verdict:
    machine = MACHINES[name]
    return judge(sealed(machine), machine.architecture, number, *arguments)


@machines
def test_sockets_are_unix_streams_or_the_question_whose_a_connection_is(name: str) -> None:
    """T30: no socket of the network is made, nor a datagram that could be sent anywhere without connecting."""
    made = MACHINES[name].socket

    verdicts = {
        kind: _judged(name, made, *kind)
        for kind in [
            (UNIX, STREAM, 0), (UNIX, STREAM | NONBLOCK_CLOEXEC, 0), (UNIX, SEQPACKET, 0), (NETLINK, RAW, 4),
            (UNIX, DGRAM, 0), (UNIX, RAW, 0), (INET, STREAM, 6), (INET6, DGRAM, 17), (PACKET, RAW, 0),
            (NETLINK, RAW, 0),
        ]
    }  # fmt: skip

    allowed = {kind for kind, verdict in verdicts.items() if verdict == ALLOWED}
    assert allowed == {(UNIX, STREAM, 0), (UNIX, STREAM | NONBLOCK_CLOEXEC, 0), (UNIX, SEQPACKET, 0), (NETLINK, RAW, 4)}
    assert {verdict for kind, verdict in verdicts.items() if kind not in allowed} == {REFUSED}


@machines
@given(arguments=st.tuples(words, words, words, words, words, words))
def test_sockets_of_other_families_are_refused_whatever_else_is_asked(name: str, arguments: tuple[int, ...]) -> None:
    """T30: only the low half of a family is the kernel's, so the high half opens nothing."""
    family, kind, protocol = (argument & 0xFFFFFFFF for argument in arguments[:3])
    fine = (family == UNIX and kind & 0xF in (STREAM, SEQPACKET)) or (family == NETLINK and protocol == 4)

    assert _judged(name, MACHINES[name].socket, *arguments) == (ALLOWED if fine else REFUSED)
    pair = family == UNIX and kind & 0xF in (STREAM, SEQPACKET)
    assert _judged(name, MACHINES[name].socketpair, *arguments) == (ALLOWED if pair else REFUSED)


@machines
@given(arguments=st.tuples(words, words, words, words, words, words))
def test_nothing_connects_by_any_argument(name: str, arguments: tuple[int, ...]) -> None:
    """T30: connect, rings, other processes' memory and descriptors, and the kernel's own lookups are refused always."""
    verdicts = {what: _judged(name, number, *arguments) for what, number in MACHINES[name].refused.items()}

    assert set(verdicts) >= {"connect", "ptrace", "pidfd_getfd", "request_key", "bpf", *RINGS}
    assert set(verdicts.values()) == {REFUSED}


@machines
@given(address=words, flags=words)
def test_bytes_go_along_a_connection_only(name: str, address: int, flags: int) -> None:
    """T30: nothing is sent to an address, and the flag that connects while sending is refused."""
    machine, fine = MACHINES[name], not flags & FASTOPEN

    assert _judged(name, machine.sendto, 3, 4096, 10, flags, address, 16) == (
        ALLOWED if fine and address == 0 else REFUSED
    )
    assert _judged(name, machine.sendmsg, 3, 4096, flags) == (ALLOWED if fine else REFUSED)
    assert _judged(name, machine.sendmmsg, 3, 4096, 1, flags) == (ALLOWED if fine else REFUSED)
    assert _judged(name, machine.sendto, 3, 4096, 10, NOSIGNAL) == ALLOWED


@machines
@given(call=calls, architecture=st.sampled_from([0x40000003, 0x40000028, 0xC000003E, 0xC00000B7, 0x00000016]))
def test_other_architectures_get_nothing(name: str, call: tuple[int, ...], architecture: int) -> None:
    """T30: the 32-bit ways into the kernel (int 0x80, Arm's compat mode) have other numbers: refused."""
    machine = MACHINES[name]
    if architecture == machine.architecture:
        architecture = 0x40000003

    assert judge(sealed(machine), architecture, *call) == REFUSED
    assert judge(without_rings(machine), architecture, *call) == REFUSED


@machines
@given(number=st.integers(NEWEST + 1, 2**32 - 1))
def test_calls_of_a_later_kernel_and_of_x32_are_unknown(name: str, number: int) -> None:
    """T30: what nobody looked at when the lists were made does not exist; libraries then do without."""
    assert _judged(name, number) == UNKNOWN


@machines
@given(number=st.integers(0, NEWEST))
def test_all_else_is_allowed(name: str, number: int) -> None:
    """The network is closed, and nothing else: files, threads, children and memory are as before."""
    machine = MACHINES[name]
    looked_at = {machine.socket, machine.socketpair, *machine.refused.values()}

    assert _judged(name, number) == (ALLOWED if number not in looked_at else REFUSED)


@machines
@given(call=calls)
def test_the_first_filter_refuses_rings_alone(name: str, call: tuple[int, ...]) -> None:
    """Before the event loop is made only io_uring is closed, so that listeners can still be opened."""
    machine = MACHINES[name]
    number = call[0] % (NEWEST + 1)

    verdict = judge(without_rings(machine), machine.architecture, number, *call[1:])

    assert verdict == (REFUSED if number in RINGS.values() else ALLOWED)


@machines
def test_the_program_is_one_the_kernel_takes(name: str) -> None:
    """Its jumps fit their bytes and stay inside, and it is far shorter than the 4096 instructions a kernel takes."""
    program = sealed(MACHINES[name])
    steps = list(INSTRUCTION.iter_unpack(program))

    assert len(steps) < 128
    assert all(at + 1 + max(yes, no) < len(steps) for at, (_, yes, no, _) in enumerate(steps[:-1]))
    assert steps[-1][0] == 0x06


@machines
def test_the_numbers_are_the_kernels_own(name: str) -> None:
    """The numbers of the calls are those of the system's headers, where those are installed."""
    if not HEADERS[name].exists():
        pytest.skip(f"no {HEADERS[name]}: the headers of Linux are not installed")
    said = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", HEADERS[name].read_text()))
    machine = MACHINES[name]
    ours = {one: getattr(machine, one) for one in machine._fields[1:-1]} | machine.refused

    assert {one: int(said[one]) for one in ours if one in said} == {one: ours[one] for one in ours if one in said}
    assert {"socket", "connect", "sendto", "seccomp"} <= set(said)
