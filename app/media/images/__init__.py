"""Images: judged by content, bounded, re-encoded without metadata. The only importer of Pillow.

Runs in the child process of `app.media.pictures`, never in one that answers requests.
"""

from __future__ import annotations

from typing import IO

from app.media.images.animation import MAX_FRAMES, moving, stands_still
from app.media.images.encoding import encode, fitted, thumbnail
from app.media.images.opening import opened
from app.media.images.shaping import LONG_SIDE, shown_size, shrunk
from app.media.pictures import Picture

__all__ = [
    "AVATAR_SIDE",
    "COVER_SIZE",
    "LONG_SIDE",
    "MAX_FRAMES",
    "read_avatar",
    "read_cover",
    "read_picture",
]

AVATAR_SIDE = 256
COVER_SIZE = (1600, 640)


def read_picture(stream: IO[bytes]) -> tuple[Picture, Picture]:
    """Return the image re-encoded, in a size that can be read (`shown_size`), and its thumbnail.

    Invalid(code `not_an_image`, `too_many_pixels` or `too_many_scans`) for anything else than a sound
    JPEG, PNG, WebP, GIF, HEIC or AVIF of a size that can be borne. SVG is no image here: it is a program.
    """
    with opened(stream) as image:
        still = stands_still(image, stream)
        if still is None:
            return moving(image), thumbnail(shrunk(image, shown_size(image)))
        full = shrunk(image, shown_size(image))
        return encode(full, image.format or "", note=still), thumbnail(full)


def read_avatar(stream: IO[bytes]) -> Picture:
    """Return the image cropped to its middle square, 256 px, WebP. Errors as `read_picture`."""
    with opened(stream) as image:
        return fitted(image, (AVATAR_SIDE, AVATAR_SIDE))


def read_cover(stream: IO[bytes]) -> Picture:
    """Return the image cropped to a banner of 1600 × 640 px, WebP. Errors as `read_picture`."""
    with opened(stream) as image:
        return fitted(image, COVER_SIZE)
