"""Opening an image by its header alone: what it costs is judged before a pixel is decoded."""

from __future__ import annotations

from typing import IO

import pillow_heif
from PIL import Image, UnidentifiedImageError

from app.kernel.errors import Invalid
from app.media.images.counting import jpeg_scans

# HEIC is what telephones of one large maker send; its decoder is bound to one thread by us.
pillow_heif.register_heif_opener(thumbnails=False)
pillow_heif.options.DECODE_THREADS = 1

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "HEIF", "AVIF")
MEGA = 1_000_000
# Decoded whole, in some 4 to 16 bytes a pixel: what fits into the child's memory (measured).
MAX_PIXELS = 80 * MEGA
MAX_PIXELS_WEBP = 55 * MEGA
# A JPEG sent in one pass is scaled while it is read: the largest telephones make 200 megapixels.
MAX_PIXELS_JPEG = 220 * MEGA
# Each pass over a picture costs what the picture costs, however few bytes it has. Encoders make ten.
MAX_SCANS = 40
# What Pillow and its plugins raise for a file that is not what it says.
BROKEN = (
    UnidentifiedImageError,
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    RuntimeError,
    ArithmeticError,
    LookupError,
    TypeError,
)

# Ours stand below and are asked of every image.
Image.MAX_IMAGE_PIXELS = None


def opened(stream: IO[bytes]) -> Image.Image:
    """Return the image, not yet decoded; Invalid when it is none, or more than can be borne."""
    stream.seek(0)
    try:
        image = Image.open(stream, formats=FORMATS)
    except BROKEN as error:
        raise Invalid("file", "not_an_image") from error
    most = MAX_PIXELS_WEBP if image.format == "WEBP" else MAX_PIXELS
    if image.format in ("JPEG", "MPO"):
        scans = jpeg_scans(stream, most=MAX_SCANS)
        if scans.number > MAX_SCANS:
            raise Invalid("file", "too_many_scans", limit=MAX_SCANS)
        most = MAX_PIXELS if scans.progressive else MAX_PIXELS_JPEG
        stream.seek(0)
    if image.width * image.height > most:
        raise Invalid("file", "too_many_pixels", limit=most // MEGA)
    return image
