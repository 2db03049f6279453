"""What a file of pictures claims to hold, counted before a pixel is decoded.

Pure Python over bytes, linear in their number, and it trusts nothing that it reads.
"""

from __future__ import annotations

import mmap
import re
from typing import IO, NamedTuple

# After a scan's header come its data, in which 0xFF is followed by 0 or by a restart marker only.
_END_OF_DATA = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
# Frames that are sent in several passes, each over the whole picture.
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_GIF_EXTENSION, _GIF_IMAGE = 0x21, 0x2C


class Scans(NamedTuple):
    """How many scans a JPEG holds, and whether each goes over all of it (progressive)."""

    number: int
    progressive: bool


def jpeg_scans(stream: IO[bytes], *, most: int) -> Scans:
    """Count the scans of a JPEG's first image; stops when there are more than `most`."""
    data = _content(stream)
    at, count, progressive = 2, 0, False
    while at + 4 <= len(data) and count <= most:
        if data[at] != 0xFF:
            break
        kind = data[at + 1]
        if kind == _END_OF_IMAGE:
            break
        if kind in _ALONE:
            at += 2
            continue
        if kind == 0xFF:
            at += 1
            continue
        progressive = progressive or kind in _PROGRESSIVE
        at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
        if kind == _START_OF_SCAN:
            count += 1
            found = _END_OF_DATA.search(data, at)
            at = found.start() if found else len(data)
    return Scans(count, progressive)


def gif_frames(stream: IO[bytes], *, most: int) -> int:
    """Count the frames of a GIF; stops when there are more than `most`."""
    data = _content(stream)
    if len(data) < 13:
        return 0
    at, count = 13 + _palette(data[10]), 0
    while at + 1 < len(data) and count <= most:
        if data[at] == _GIF_EXTENSION:
            at = _skip_blocks(data, at + 2)
        elif data[at] == _GIF_IMAGE and at + 9 < len(data):
            count += 1
            at = _skip_blocks(data, at + 11 + _palette(data[at + 9]))
        else:
            break
    return count


def _palette(flags: int) -> int:
    """Return the bytes of the palette that a GIF's flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _skip_blocks(data: bytes | mmap.mmap, at: int) -> int:
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return at + 1


def _content(stream: IO[bytes]) -> bytes | mmap.mmap:
    """Return all bytes of a stream; a file's are not copied."""
    try:
        return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):
        stream.seek(0)
        return stream.read()
