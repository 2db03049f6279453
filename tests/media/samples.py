"""Images made on the spot: sound ones, and ones that want to do harm."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image


def picture(
    kind: str = "PNG", size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: object
) -> io.BytesIO:
    """Return a sound image of the given kind and size (pixels)."""
    target = io.BytesIO()
    Image.new(mode, size, "#3b5bdb").save(target, kind, **options)  # type: ignore[arg-type]
    target.seek(0)
    return target


def photo_with_metadata() -> io.BytesIO:
    """Return a JPEG that lies on its side and says where it was taken."""
    image = Image.new("RGB", (80, 40), "#2f9e44")
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "SECRET-CAMERA"
    exif.get_ifd(0x8825)[2] = (31.0, 14.0, 0.0)
    target = io.BytesIO()
    image.save(target, "JPEG", exif=exif)
    target.seek(0)
    return target


def animation(frames: int = 4) -> io.BytesIO:
    """Return a GIF that moves."""
    target = io.BytesIO()
    images = [Image.new("RGB", (32, 32), (n * 40 % 256, 0, 0)) for n in range(frames)]
    images[0].save(target, "GIF", save_all=True, append_images=images[1:], duration=80)
    target.seek(0)
    return target


def huge_png(width: int = 30_000, height: int = 30_000) -> io.BytesIO:
    """Return a PNG of a few bytes whose header claims 900 megapixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (
            (b"IHDR", header),
            (b"IDAT", zlib.compress(b"\0" * 1000)),
            (b"IEND", b""),
        )
    )
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + body)


def specks(frames: int) -> io.BytesIO:
    """Return a GIF of one pixel that has as many frames as wanted, 23 bytes each."""
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    control, place = b"\x21\xf9\x04\x04\x01\0\0\0", struct.pack("<HHHHB", 0, 0, 1, 1, 0)
    return io.BytesIO(head + (control + b"\x2c" + place + b"\x02\x02\x44\x01\0") * frames + b";")
