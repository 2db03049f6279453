"""Pictures, read where they can do no harm: each in a child process of its own with bounds.

A picture decides by its bytes how long and how large its decoder grows, so no decoder runs in the
process that answers requests. The child is a fresh interpreter that reads one picture and ends
(docs/adr/0013): nothing of one picture meets another, and its memory goes back whole.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Literal

from app.kernel.errors import Invalid

CPU_SECONDS = 10
MEMORY_BYTES = 1280 * 1024 * 1024
OUTPUT_BYTES = 96 * 1024 * 1024
WALL_SECONDS = 90.0
"""For one picture. CPU time is what bounds it; this only meets a machine that is too busy."""
QUEUE_SECONDS = 60.0
"""For the pictures of other people before this one."""

Kind = Literal["picture", "avatar", "cover"]

COMMAND = (sys.executable, "-m", "app.media.images.child")

_ROOT = Path(__file__).resolve().parents[2]
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "LD_LIBRARY_PATH", "MALLOC_ARENA_MAX")
"""What the child may see of our environment: no keys, no database address."""
# One at a time in each process: a large photograph takes some hundred MiB while it is open.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Picture:
    """A re-encoded image: bytes, type, size in pixels. `note` is what its sender should be told
    though it was taken: `stands_still` for an animation of which only the first frame was kept."""

    data: bytes
    content_type: str
    width: int
    height: int
    note: str = ""


def read(stream: IO[bytes], kind: Kind) -> list[Picture]:
    """Return the image re-encoded: a picture and its thumbnail, or one avatar or cover.

    Invalid(field `file`): `not_an_image`, `too_many_pixels` (limit: megapixels), `too_many_scans`
    (limit), `too_much_work` when it took more time or memory than it may, `busy` when others' pictures
    or the machine kept this one waiting.
    """
    if not _one_at_a_time.acquire(timeout=QUEUE_SECONDS):
        raise Invalid("file", "busy")
    try:
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as result:
            stream.seek(0)
            shutil.copyfileobj(stream, source, 1024 * 1024)
            source.seek(0)
            _run(kind, source, result)
            result.seek(0)
            return _unpack(result)
    finally:
        _one_at_a_time.release()


def pack(target: IO[bytes], pictures: list[Picture]) -> None:
    """Write what the child hands back: a line of JSON, then the bytes one after the other."""
    described = [asdict(one) | {"data": len(one.data)} for one in pictures]
    target.write(json.dumps({"pictures": described}).encode() + b"\n")
    for one in pictures:
        target.write(one.data)
    target.flush()


def pack_refusal(target: IO[bytes], refused: Invalid) -> None:
    """Write why the child took the picture for none."""
    target.write(json.dumps({"code": refused.code, "values": refused.values}).encode() + b"\n")
    target.flush()


def _run(kind: Kind, source: IO[bytes], result: IO[bytes]) -> None:
    """Let the child read `source` and write into `result`; Invalid when it did not end well."""
    child = subprocess.Popen(  # noqa: S603  our own module, no input in it
        (*COMMAND, kind),
        stdin=source,
        stdout=result,
        stderr=subprocess.DEVNULL,
        cwd=_ROOT,
        env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
    )
    try:
        status = child.wait(timeout=WALL_SECONDS)
    except subprocess.TimeoutExpired:
        raise Invalid("file", "busy") from None
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
    if status != 0:
        raise Invalid("file", "too_much_work")


def _unpack(result: IO[bytes]) -> list[Picture]:
    answer: dict[str, Any] = json.loads(result.readline())
    if "code" in answer:
        raise Invalid("file", answer["code"], **answer["values"])
    return [Picture(**one | {"data": result.read(one["data"])}) for one in answer["pictures"]]
