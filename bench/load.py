"""A cheap keep-alive HTTP/1.1 load generator, and what a server's processes cost.

One thread, raw sockets and `selectors`: a request costs the generator about 30 µs, little beside
what the server does. Used by every benchmark that speaks of requests per second.

On a machine that others share, requests per second say who else was awake; CPU time per request
says what the server does. Both are reported, the second is the one to compare.
"""

from __future__ import annotations

import contextlib
import itertools
import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import psutil

LOOPBACK = "127.0.0.1"
READ_SIZE = 262144


@dataclass
class Measured:
    """What one run of load gave. Times in milliseconds."""

    seconds: float
    latencies: list[float] = field(repr=False)
    statuses: Counter[int]
    errors: int
    cpu_ms: float
    received: int = 0

    @property
    def requests(self) -> int:
        return len(self.latencies)

    @property
    def rps(self) -> float:
        """Answered requests per second of wall time."""
        return self.requests / self.seconds if self.seconds else 0.0

    @property
    def cpu_ms_per_request(self) -> float:
        """CPU time of all server processes for one request."""
        return self.cpu_ms / self.requests if self.requests else 0.0

    def percentile(self, share: float) -> float:
        """The latency that `share` (0..1) of the requests did not exceed."""
        return percentile(self.latencies, share)


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest-rank percentile; 0.0 of nothing."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def request(
    path: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    close: bool = False,
) -> bytes:
    """The bytes of one request to loopback."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    if close:
        lines.append("Connection: close")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Incoming:
    """Finds the end of each response in a stream of bytes."""

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.head_end = -1
        self.length = -1
        self.status = 0
        self.keep = True

    def feed(self, data: bytes) -> bool:
        """Take `data`; true when one response is complete."""
        self.buffer += data
        if self.head_end < 0:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return False
            self._read_head(bytes(self.buffer[:end]).lower(), end + 4)
        if self.length >= 0:
            return len(self.buffer) >= self.head_end + self.length
        return self.buffer.endswith(b"0\r\n\r\n")

    def _read_head(self, head: bytes, end: int) -> None:
        self.head_end = end
        self.status = int(head[9:12])
        self.keep = b"connection: close" not in head
        start = head.find(b"\r\ncontent-length:")
        if start >= 0:
            stop = head.find(b"\r\n", start + 2)
            self.length = int(head[start + 17 : stop if stop > 0 else None])
        elif b"\r\ntransfer-encoding: chunked" not in head:
            self.length = 0

    def body(self) -> bytes:
        """What followed the head (chunk marks included, when it was chunked)."""
        return bytes(self.buffer[self.head_end :])

    def reset(self) -> None:
        self.__init__()  # type: ignore[misc]


class Connection:
    """One client: sends a request, waits for the whole answer, sends the next."""

    def __init__(self, port: int, requests: Iterator[bytes]) -> None:
        self.port = port
        self.requests = requests
        self.incoming = Incoming()
        self.sent_at = 0.0
        self.sock = self._connect()

    def _connect(self) -> socket.socket:
        sock = socket.create_connection((LOOPBACK, self.port), timeout=5)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def send(self) -> None:
        """Send the next request. Bodies are small: sendall does not block on loopback."""
        self.incoming.reset()
        self.sent_at = time.perf_counter()
        with contextlib.suppress(OSError):  # closed meanwhile: reading will tell
            self.sock.sendall(next(self.requests))

    def reconnect(self) -> None:
        self.sock.close()
        self.sock = self._connect()


def server_cpu_ms(pids: Iterable[int]) -> float:
    """CPU milliseconds (user and system) used so far by these processes and their children."""
    used: float = sum(
        (times.user + times.system) * 1000 for times in (p.cpu_times() for p in family(pids))
    )
    return used


def server_memory_mb(pids: Iterable[int]) -> float:
    """Memory of these processes and their children in MiB, shared pages counted once (PSS)."""
    held: float = sum(p.memory_full_info().pss for p in family(pids)) / 2**20
    return held


def family(pids: Iterable[int]) -> list[psutil.Process]:
    """These processes and all their descendants that are alive."""
    found: dict[int, psutil.Process] = {}
    for pid in pids:
        try:
            parent = psutil.Process(pid)
            found |= {p.pid: p for p in [parent, *parent.children(recursive=True)]}
        except psutil.NoSuchProcess:
            continue
    return list(found.values())


def measure(
    port: int,
    requests: Sequence[bytes],
    *,
    pids: Iterable[int],
    seconds: float = 5.0,
    connections: int = 8,
) -> Measured:
    """Send `requests` round and round over `connections` for `seconds`; report what it cost."""
    pids = list(pids)
    turn = itertools.cycle(requests)
    selector = selectors.DefaultSelector()
    clients = [Connection(port, turn) for _ in range(connections)]
    result = Measured(0.0, [], Counter(), 0, 0.0)
    cpu_before = server_cpu_ms(pids)
    began = time.perf_counter()
    for client in clients:
        client.send()
        selector.register(client.sock, selectors.EVENT_READ, client)
    while (now := time.perf_counter()) - began < seconds:
        for key, _ in selector.select(timeout=min(0.5, seconds - (now - began))):
            _advance(key.data, selector, result)
    result.seconds = time.perf_counter() - began
    result.cpu_ms = server_cpu_ms(pids) - cpu_before
    for client in clients:
        client.sock.close()
    selector.close()
    return result


def _advance(client: Connection, selector: selectors.BaseSelector, result: Measured) -> None:
    try:
        data = client.sock.recv(READ_SIZE)
    except OSError:
        data = b""
    if data:
        result.received += len(data)
        if not client.incoming.feed(data):
            return
        result.latencies.append((time.perf_counter() - client.sent_at) * 1000)
        result.statuses[client.incoming.status] += 1
        if client.incoming.keep:
            client.send()
            return
    else:
        result.errors += 1
    selector.unregister(client.sock)
    client.reconnect()
    client.send()
    selector.register(client.sock, selectors.EVENT_READ, client)


def fetch(port: int, raw: bytes, *, timeout: float = 10.0) -> Incoming:
    """One request on a connection of its own. Raises OSError when no whole answer came in time."""
    ends = time.perf_counter() + timeout
    incoming = Incoming()
    with socket.create_connection((LOOPBACK, port), timeout=timeout) as sock:
        sock.sendall(raw)
        while True:
            sock.settimeout(max(0.01, ends - time.perf_counter()))
            data = sock.recv(READ_SIZE)
            if not data:
                raise ConnectionError("closed before the answer was complete")
            if incoming.feed(data):
                return incoming


def wait_until_up(port: int, path: str = "/", *, timeout: float = 30.0) -> float:
    """Seconds until the server answered at all. Raises TimeoutError."""
    began = time.perf_counter()
    while time.perf_counter() - began < timeout:
        try:
            fetch(port, request(path, close=True), timeout=2)
        except OSError:
            time.sleep(0.05)
        else:
            return time.perf_counter() - began
    raise TimeoutError(f"nothing answered on port {port} within {timeout:.0f} s")
