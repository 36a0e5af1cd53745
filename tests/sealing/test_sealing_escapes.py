"""Every way out that we know, tried for real inside a sealed process: the kernel refuses each."""

from __future__ import annotations

import json
import platform
import socket
from errno import EACCES
from pathlib import Path

import pytest

from sealing.sealed_process import needs_a_seal, run

NOTHING = "async def prepare(): pass\n"
SOCKETS = (
    NOTHING
    + """
async def attempt(_):
    stream, datagram, raw = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW
    kinds = [
        (socket.AF_INET, stream, 0), (socket.AF_INET, datagram, 0), (socket.AF_INET6, stream, 0),
        (socket.AF_INET, raw, 1), (socket.AF_PACKET, raw, 0), (socket.AF_NETLINK, raw, 0),
        (socket.AF_VSOCK, stream, 0), (socket.AF_ALG, socket.SOCK_SEQPACKET, 0), (socket.AF_UNIX, datagram, 0),
    ]
    return [tried(lambda: socket.socket(*kind).close()) for kind in kinds]
"""
)
NAMES = (
    NOTHING
    + """
async def attempt(_):
    try:
        return str(socket.getaddrinfo("example.com", 443))
    except socket.gaierror:
        return "no name"
"""
)
CHILD = (
    NOTHING
    + """
async def attempt(_):
    code = "import socket; socket.create_connection(('127.0.0.1', 9), 2)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return ran.stderr.strip().splitlines()[-1]
"""
)
THREAD = """
async def prepare():
    go, said = threading.Event(), []
    def later():
        go.wait()
        said.append(tried(lambda: socket.socket(socket.AF_INET).close()))
    thread = threading.Thread(target=later)
    thread.start()
    return go, said, thread

async def attempt(before):
    go, said, thread = before
    go.set()
    thread.join()
    return said
"""
RINGS = (
    NOTHING
    + """
async def attempt(_):
    room = ctypes.create_string_buffer(256)
    return [errno.errorcode[call(number, 4, room)] for number in (425, 426, 427)]
"""
)
OTHERS = (
    NOTHING
    + """
async def attempt(_):
    from hearth.sealing.kernel import this_machine
    return {name: errno.errorcode[call(number, 0, 0, 0, 0, 0)] for name, number in this_machine().refused.items()}
"""
)
ACCEPTED = """
async def prepare():
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    accepted, _ = listener.accept()
    return listener, client, accepted

async def attempt(before):
    listener, client, accepted = before
    nobody = struct.pack("=H14x", socket.AF_UNSPEC)
    unspec = errno.errorcode.get(libc.connect(accepted.fileno(), nobody, len(nobody)) and ctypes.get_errno())
    again = tried(lambda: accepted.connect(listener.getsockname()))
    return [unspec, again, tried(lambda: accepted.send(b"x") and "sent")]
"""
FASTOPEN = """
async def prepare():
    target = socket.create_server(("127.0.0.1", 0))
    listener = socket.create_server(("127.0.0.1", 0))
    return target, listener

async def attempt(before):
    target, listener = before
    listener.shutdown(socket.SHUT_RD)
    address = target.getsockname()
    return [
        tried(lambda: listener.sendmsg([b"x"], (), socket.MSG_FASTOPEN, address) and "sent"),
        tried(lambda: listener.sendto(b"x", socket.MSG_FASTOPEN, address) and "sent"),
        tried(lambda: listener.sendto(b"x", 0, address) and "sent"),
    ]
"""
RESOLVER = (
    NOTHING
    + """
async def attempt(_):
    return tried(lambda: socket.socket(socket.AF_UNIX).connect(WHERE))
"""
)
OLD_DOOR = """
async def prepare():
    import mmap
    code = bytes.fromhex("53b867010000bb02000000b90100000031d2cd805bc3")  # socket(AF_INET, SOCK_STREAM, 0) by int 0x80
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    return page, ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))

async def attempt(before):
    page, make = before
    return make()
"""
UNDONE = (
    NOTHING
    + """
async def attempt(_):
    allow = struct.pack("=HBBI", 6, 0, 0, 0x7FFF0000)
    from hearth.sealing.kernel import apply, this_machine
    apply(allow, this_machine())
    return tried(lambda: socket.socket(socket.AF_INET).close())
"""
)
STILL = (
    NOTHING
    + """
async def attempt(_):
    one, other = socket.socketpair()
    one.send(b"x")
    child = await asyncio.create_subprocess_exec("cat", stdin=-1, stdout=-1)
    said, _ = await child.communicate(b"as before")
    return [other.recv(1).decode(), said.decode(), os.path.exists("/proc/self/status")]
"""
)


def _outcome(scene: str) -> object:
    needs_a_seal()
    ran = run(scene)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_no_socket_of_the_network_is_made() -> None:
    """T30, G1: neither TCP, UDP, raw, packets, other netlink, virtual machines, nor a Unix datagram."""
    said = _outcome(SOCKETS)

    assert said == ["EACCES"] * 9


@pytest.mark.parametrize(
    ("scene", "said"),
    [
        pytest.param(NAMES, "no name", id="a name lookup"),
        pytest.param(CHILD, "PermissionError: [Errno 13] Permission denied", id="a child process"),
        pytest.param(THREAD, ["EACCES"], id="a thread that was there before"),
        pytest.param(RINGS, ["EACCES"] * 3, id="io_uring"),
        pytest.param(FASTOPEN, ["EACCES"] * 3, id="a listener that connects while it sends"),
        pytest.param(UNDONE, "EACCES", id="another filter that allows all"),
    ],
)
def test_a_way_out_is_refused(scene: str, said: object) -> None:
    """T30, G1: what could carry something off this machine fails with an error of the kernel's."""
    assert _outcome(scene) == said


def test_a_connection_that_came_in_goes_nowhere_else() -> None:
    """T30: a client's socket can be neither disconnected nor connected anew; answering it works as before."""
    assert _outcome(ACCEPTED) == ["EACCES", "EACCES", "sent"]


def test_calls_that_reach_around_the_filter_are_refused() -> None:
    """T30: rings, tracing, other processes' descriptors and memory, and the kernel's own name lookups."""
    said = _outcome(OTHERS)

    assert isinstance(said, dict)
    assert {"io_uring_setup", "ptrace", "pidfd_getfd", "request_key"} <= set(said)
    assert set(said.values()) == {"EACCES"}


@pytest.mark.skipif(platform.machine() != "x86_64", reason="int 0x80 is x86's")
def test_the_32_bit_way_into_the_kernel_is_closed() -> None:
    """T30: a 64-bit process may also call the kernel as a 32-bit one, with other numbers; not so when sealed."""
    needs_a_seal()
    ran = run(OLD_DOOR)
    if ran.returncode:
        pytest.skip("this kernel has no 32-bit calls, or lets no page be written and run")

    assert json.loads(ran.stdout) == -EACCES


def test_no_local_service_is_asked_over_its_unix_socket(tmp_path: Path) -> None:
    """T30, finding 6: a resolver, D-Bus or Docker on a Unix socket cannot be had to send anything."""
    with socket.socket(socket.AF_UNIX) as resolver:
        resolver.bind(str(tmp_path / "resolver"))
        resolver.listen()

        said = _outcome(RESOLVER.replace("WHERE", repr(str(tmp_path / "resolver"))))

    assert said == "EACCES"


def test_all_else_works_as_before() -> None:
    """The network is closed and nothing else: pairs of sockets, children and files."""
    assert _outcome(STILL) == ["x", "as before", True]
