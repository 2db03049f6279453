"""Smaller answers: pages packed as they are sent, static files packed once.

Pages are packed only where no proxy stands before us that would do it, and never for a request that another
site made a signed-in browser send: the size of such an answer could tell what it holds
(docs/adr/0014-compression.md).
"""

from __future__ import annotations

import gzip
import secrets
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import brotli

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Less is not worth the work: it goes out in one packet either way.
LEAST_BYTES = 1_200
# zlib's 1 to 9. Measured on a feed: docs/benchmarks.md.
LEVEL = 1
PACKED_TYPES = (
    "text/html",
    "text/csv",
    "text/markdown",
    "text/plain",
    "application/json",
    "application/manifest+json",
    "application/xml",
    "image/svg+xml",
)
PACKED_FILES = (".css", ".js", ".json", ".svg", ".ico")
# At most so many bytes that mean nothing, so that a size says less of what is in it.
PADDING = 64


class Packed:
    """Packs what `application` answers, for those who take gzip. Lengths are known: streams are left as
    they are, and so is what is packed already or part of a file."""

    def __init__(self, application: WSGIApplication, *, cookie: str) -> None:
        self.application = application
        self.cookie = f"{cookie}="

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the application does, in fewer bytes."""
        if not self._may_pack(environ):
            return self.application(environ, start_response)
        started: list[tuple[str, list[tuple[str, str]], Any]] = []

        def start(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Callable[[bytes], object]:
            if _is_text(status, headers):
                started.append((status, headers, exc_info))
                # Nothing of ours writes by the callable that PEP 3333 keeps for old servers.
                return _refuse_to_write
            return start_response(status, headers, exc_info)

        answer = self.application(environ, start)
        if not started:
            return answer
        status, headers, exc_info = started[-1]
        try:
            body = pack(b"".join(answer))
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()
        start_response(status, _described(headers, len(body)), exc_info)
        return [body]

    def _may_pack(self, environ: WSGIEnvironment) -> bool:
        if environ["REQUEST_METHOD"] == "HEAD":
            return False
        if "gzip" not in environ.get("HTTP_ACCEPT_ENCODING", ""):
            return False
        elsewhere = environ.get("HTTP_SEC_FETCH_SITE") in ("cross-site", "same-site")
        return not (elsewhere and self.cookie in environ.get("HTTP_COOKIE", ""))


def pack(body: bytes) -> bytes:
    """Return a body as gzip, with some bytes of a random number in its head: a name that nobody reads."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(body) + packer.flush()
    # RFC 1952: deflate, a name follows, no time, no hint, system unknown; then checksum and length.
    name = b"-" * secrets.randbelow(PADDING) + b"\0"
    end = zlib.crc32(body).to_bytes(4, "little") + (len(body) & 0xFFFFFFFF).to_bytes(4, "little")
    return b"\x1f\x8b\x08\x08\0\0\0\0\0\xff" + name + packed + end


def _refuse_to_write(_data: bytes) -> object:
    raise RuntimeError("answers are iterables")


def _is_text(status: str, headers: list[tuple[str, str]]) -> bool:
    """Whether an answer is text of some length, whole and not packed yet."""
    known = {name.lower(): value for name, value in headers}
    if status.startswith(("206", "304")) or "content-encoding" in known or "etag" in known:
        return False
    kind = known.get("content-type", "").partition(";")[0].strip()
    length = known.get("content-length", "")
    return kind in PACKED_TYPES and length.isdecimal() and int(length) >= LEAST_BYTES


def _described(headers: list[tuple[str, str]], length: int) -> list[tuple[str, str]]:
    kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
    return [
        *kept,
        ("Content-Length", str(length)),
        ("Content-Encoding", "gzip"),
        ("Vary", "Accept-Encoding"),
    ]


def pack_files(source: Path, target: Path) -> Path:
    """Copy the static files to `target` with a packed twin (.br, .gz) beside each text, and return it.

    Made once for each content; several processes may do so at a time, one of them is used.
    """
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix="new-", dir=target.parent))
    shutil.copytree(source, made, dirs_exist_ok=True)
    for file in [path for path in made.rglob("*") if path.suffix in PACKED_FILES]:
        plain = file.read_bytes()
        for suffix, packed in ((".br", brotli.compress(plain)), (".gz", gzip.compress(plain, 9))):
            if len(packed) < len(plain):
                file.with_name(file.name + suffix).write_bytes(packed)
    try:
        made.rename(target)
    except OSError:
        # Another process was quicker.
        shutil.rmtree(made)
    for old in target.parent.iterdir():
        if old.is_dir() and old != target and not old.name.startswith("new-"):
            shutil.rmtree(old, ignore_errors=True)
    return target


def pack_text(plain: bytes, encodings: Iterable[str]) -> tuple[str, bytes]:
    """Return the best of the accepted encodings and the text in it; ("", plain) without any."""
    accepted = set(encodings)
    if "br" in accepted:
        return "br", brotli.compress(plain)
    if "gzip" in accepted:
        return "gzip", gzip.compress(plain, 9, mtime=0)
    return "", plain
