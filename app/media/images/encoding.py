"""Writing images anew: no metadata, a kind that browsers know, a size in bytes that can be sent."""

from __future__ import annotations

import io

from PIL import Image, ImageOps

from app.media.images.shaping import Size, shown_size, shrunk
from app.media.pictures import Picture

THUMBNAIL_SIDE = 640
# A picture more than this many times as high as wide is shown by its upper part.
TALL = 2.5
TALL_SHOWN = 2
# WebP's own limit.
WEBP_SIDE = 16_383
# Photographs that come as PNG would stay ten times as large as they need to be.
PNG_BYTES = 6 * 1024 * 1024
LARGE = 8_000_000


def encode(image: Image.Image, source: str, *, note: str = "") -> Picture:
    """Encode a still RGB(A) image that came as `source` (Pillow's name of its format)."""
    clear = image.mode == "RGBA"
    if source == "PNG" and _png_is_small(image):
        return _png(image, note)
    if not clear and source not in ("WEBP", "GIF"):
        return _jpeg(image, note)
    if max(image.size) <= WEBP_SIDE:
        return _webp(image, note)
    return _png(image, note) if clear else _jpeg(image, note)


def thumbnail(image: Image.Image) -> Picture:
    """Return the WebP of at most 640 px that lists show; of a tall image its upper part."""
    if image.height > TALL * image.width:
        image = image.crop((0, 0, image.width, TALL_SHOWN * image.width))
        size = (THUMBNAIL_SIDE, TALL_SHOWN * THUMBNAIL_SIDE)
    else:
        size = (THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    small = image.copy()
    small.thumbnail(size, Image.Resampling.LANCZOS)
    return _webp(small, "")


def fitted(image: Image.Image, size: Size) -> Picture:
    """Return the middle of an image, cropped to exactly `size` (pixels), as WebP."""
    return _webp(ImageOps.fit(shrunk(image, shown_size(image)), size), "")


def _jpeg(image: Image.Image, note: str) -> Picture:
    target = io.BytesIO()
    # In passes only where the encoder's memory for them is small.
    passes = image.width * image.height <= LARGE
    image.save(target, "JPEG", quality=86, optimize=passes, progressive=passes)
    return Picture(target.getvalue(), "image/jpeg", image.width, image.height, note)


def _png(image: Image.Image, note: str) -> Picture:
    target = io.BytesIO()
    image.save(target, "PNG", optimize=False)
    return Picture(target.getvalue(), "image/png", image.width, image.height, note)


def _webp(image: Image.Image, note: str) -> Picture:
    target = io.BytesIO()
    image.save(target, "WEBP", quality=84, method=3)
    return Picture(target.getvalue(), "image/webp", image.width, image.height, note)


def _png_is_small(image: Image.Image) -> bool:
    """Whether the whole would be small as PNG, judged by some of its rows: trying a photograph of
    twenty megapixels takes seconds."""
    rows = min(image.height, 48)
    places = range(0, image.height - rows + 1, max(1, (image.height - rows) // 3))
    sampled = 0
    for top in places:
        sampled += len(_png(image.crop((0, top, image.width, top + rows)), "").data)
    return sampled * image.height <= PNG_BYTES * rows * len(places)
