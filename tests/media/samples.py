"""Images made on the spot: sound ones, and ones that want to do harm."""

from __future__ import annotations

import io
import struct
import zlib

import pillow_heif
from PIL import Image

# For making what telephones send; reading is the application's own.
pillow_heif.register_heif_opener()


def picture(
    kind: str = "PNG", size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: object
) -> io.BytesIO:
    """Return a sound image of the given kind and size (pixels)."""
    target = io.BytesIO()
    Image.new(mode, size, "#3b5bdb").save(target, kind, **options)
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
    body = _chunks((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)))
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + body)


def many_scans(repeats: int, size: tuple[int, int] = (400, 300)) -> io.BytesIO:
    """Return a progressive JPEG whose last scan is sent again and again: each costs a pass over all."""
    data = picture("JPEG", size, quality=60, progressive=True).getvalue()
    last = data.rindex(b"\xff\xda")
    scan = data[last:-2]
    return io.BytesIO(data[:-2] + scan * repeats + b"\xff\xd9")


def sixteen_bits() -> io.BytesIO:
    """Return a PNG of grey from black to white, two bytes a sample."""
    rows = b"".join(
        b"\0" + b"".join(struct.pack(">H", x * 257) for x in range(256)) for _ in range(8)
    )
    header = struct.pack(">IIBBBBB", 256, 8, 16, 0, 0, 0, 0)
    return io.BytesIO(
        b"\x89PNG\r\n\x1a\n" + _chunks((b"IHDR", header), (b"IDAT", zlib.compress(rows)))
    )


def two_in_one() -> io.BytesIO:
    """Return a JPEG as telephones send it: the photograph, and behind it a map of its light."""
    target = io.BytesIO()
    first, second = Image.new("RGB", (64, 48), "#ff0000"), Image.new("RGB", (64, 48), "#0000ff")
    first.save(target, "MPO", save_all=True, append_images=[second])
    target.seek(0)
    return target


def wide_gamut() -> bytes:
    """Return an ICC profile whose red lies beyond that of sRGB: Display P3, as telephones write it."""

    def fixed(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    def place(x: float, y: float, z: float) -> bytes:
        return b"XYZ \0\0\0\0" + fixed(x) + fixed(y) + fixed(z)

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)) + b"\0\0"
    tags = [
        (b"wtpt", place(0.9642, 1.0, 0.8249)),
        (b"rXYZ", place(0.5151, 0.2412, -0.0011)),
        (b"gXYZ", place(0.2920, 0.6922, 0.0419)),
        (b"bXYZ", place(0.1571, 0.0666, 0.7841)),
        *((name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")),
    ]
    at, table, body = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, content in tags:
        table += name + struct.pack(">II", at + len(body), len(content))
        body += content
    head = struct.pack(">I", at + len(body)) + b"\0" * 4 + b"\x02\x10\0\0mntrRGB XYZ " + b"\0" * 12
    head += b"acsp" + b"\0" * 28 + fixed(0.9642) + fixed(1.0) + fixed(0.8249) + b"\0" * 48
    return head + table + body


def _chunks(*parts: tuple[bytes, bytes]) -> bytes:
    return b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (*parts, (b"IEND", b""))
    )


def specks(frames: int) -> io.BytesIO:
    """Return a GIF of one pixel that has as many frames as wanted, 23 bytes each."""
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    control, place = b"\x21\xf9\x04\x04\x01\0\0\0", struct.pack("<HHHHB", 0, 0, 1, 1, 0)
    return io.BytesIO(head + (control + b"\x2c" + place + b"\x02\x02\x44\x01\0") * frames + b";")
