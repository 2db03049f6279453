"""How large an image is kept, and bringing it there upright at a bounded cost."""

from __future__ import annotations

from PIL import Image, ImageOps

from app.kernel.errors import Invalid
from app.media.images.colours import plain_colours, primaries_of
from app.media.images.opening import BROKEN

LONG_SIDE = 2560
# What is left at least of the short side. A page is read downwards: a long screenshot keeps the width of a
# telephone, so that its words stay readable; a panorama is looked at by its width.
TALL_WIDTH = 1080
WIDE_HEIGHT = 512
LONGEST = 32_000
MOST_KEPT = 25_000_000
_SIDEWAYS = frozenset({5, 6, 7, 8})
_ORIENTATION = 0x0112

Size = tuple[int, int]


def shown_size(image: Image.Image) -> Size:
    """Return the size (width, height; upright) in which an image is kept, never above its own: the long
    side at most 2560 px, unless that pressed the short one below what is left at least."""
    width, height = upright_size(image)
    long, short = max(width, height), min(width, height)
    scale = max(LONG_SIDE / long, (TALL_WIDTH if height > width else WIDE_HEIGHT) / short)
    scale = min(1.0, scale, LONGEST / long, (MOST_KEPT / (long * short)) ** 0.5)
    return max(1, round(width * scale)), max(1, round(height * scale))


def upright_size(image: Image.Image) -> Size:
    """Return width and height as people see the image, whichever way the camera lay."""
    width, height = image.size
    try:
        orientation = image.getexif().get(_ORIENTATION)
    except BROKEN:
        orientation = None
    return (height, width) if orientation in _SIDEWAYS else (width, height)


def shrunk(image: Image.Image, size: Size) -> Image.Image:
    """Return an upright RGB(A) copy in sRGB of at most `size`, which has the image's own proportions."""
    lying = size if upright_size(image) == image.size else (size[1], size[0])
    try:
        head = _head(image)
        image.draft("RGB", lying)
        image.load()
        step = min(image.width // lying[0], image.height // lying[1]) // 2
        if step > 1 and image.mode in ("RGB", "RGBA", "L", "CMYK"):
            # Whole steps first: the fine way over fifty megapixels costs ten times as much.
            smaller = image.reduce(step)
            smaller.info = image.info
            smaller.getexif().update(image.getexif())
            image = smaller
        plain = plain_colours(ImageOps.exif_transpose(image), primaries_of(head))
        plain.thumbnail(size, Image.Resampling.LANCZOS)
    except BROKEN as error:
        raise Invalid("file", "not_an_image") from error
    # What Pillow would write along: EXIF, profile, comment, resolution.
    plain.info = {}
    return plain


def _head(image: Image.Image) -> bytes:
    """Return the first bytes of the image's file."""
    stream = getattr(image, "fp", None)
    if stream is None:
        return b""
    at = stream.tell()
    stream.seek(0)
    head: bytes = stream.read(64 * 1024)
    stream.seek(at)
    return head
