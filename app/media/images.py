"""Images: judged by content, bounded, re-encoded without metadata. The only importer of Pillow."""

from __future__ import annotations

import io
import threading
import warnings
from dataclasses import dataclass
from typing import IO

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from app.kernel.errors import Invalid

MAX_PIXELS = 24_000_000
# All frames of an animation together; more than that is shown as its first frame. Each frame costs
# time of its own however small it is: 20 MiB hold almost a million of one pixel.
MAX_ANIMATION_PIXELS = 60_000_000
MAX_FRAMES = 600
LONG_SIDE = 2560
THUMBNAIL_SIDE = 640
AVATAR_SIDE = 256
COVER_SIZE = (1600, 640)
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")

# One image at a time per process: 24 megapixels are about 100 MB while they are open.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Picture:
    """A re-encoded image: bytes, type, size in pixels."""

    data: bytes
    content_type: str
    width: int
    height: int


def read_picture(stream: IO[bytes]) -> tuple[Picture, Picture]:
    """Return the image re-encoded (long side at most 2560 px) and its thumbnail (640 px, WebP).

    Invalid(code `not_an_image` or `too_many_pixels`) for anything else than a sound JPEG, PNG, WebP
    or GIF of at most 24 megapixels. SVG is no image here: it is a program.
    """
    with _one_at_a_time, _opened(stream) as image:
        if _is_animated(image):
            return _animation(image), _encode(_shrunk(image, THUMBNAIL_SIDE), "WEBP")
        keep = image.format if image.format in ("JPEG", "PNG") else "WEBP"
        full = _shrunk(image, LONG_SIDE)
        return _encode(full, keep or "WEBP"), _encode(_shrunk(full, THUMBNAIL_SIDE), "WEBP")


def read_avatar(stream: IO[bytes]) -> Picture:
    """Return the image cropped to its middle square, 256 px, WebP. Errors as `read_picture`."""
    with _one_at_a_time, _opened(stream) as image:
        side = (AVATAR_SIDE, AVATAR_SIDE)
        return _encode(ImageOps.fit(_shrunk(image, AVATAR_SIDE * 4), side), "WEBP")


def read_cover(stream: IO[bytes]) -> Picture:
    """Return the image cropped to a banner of 1600 × 640 px, WebP. Errors as `read_picture`."""
    with _one_at_a_time, _opened(stream) as image:
        return _encode(ImageOps.fit(_shrunk(image, LONG_SIDE), COVER_SIZE), "WEBP")


def _opened(stream: IO[bytes]) -> Image.Image:
    """Open after a look at the header alone: the size is judged before a pixel is decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(stream, formats=_FORMATS)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise Invalid("file", "too_many_pixels", limit=MAX_PIXELS // 1_000_000) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise Invalid("file", "not_an_image") from error
    if image.width * image.height > MAX_PIXELS:
        raise Invalid("file", "too_many_pixels", limit=MAX_PIXELS // 1_000_000)
    return image


def _is_animated(image: Image.Image) -> bool:
    if not getattr(image, "is_animated", False):
        return False
    most = min(MAX_FRAMES, MAX_ANIMATION_PIXELS // (image.width * image.height))
    try:
        # Not by `n_frames`, which walks through all of them.
        image.seek(most)
    except EOFError:
        image.seek(0)
        return True
    except (OSError, ValueError, SyntaxError) as error:
        raise Invalid("file", "not_an_image") from error
    image.seek(0)
    return False


def _shrunk(image: Image.Image, side: int) -> Image.Image:
    """Return an upright RGB(A) copy whose long side is at most `side` px."""
    try:
        image.draft("RGB", (side, side))
        upright = ImageOps.exif_transpose(image)
        has_alpha = "A" in upright.getbands() or "transparency" in upright.info
        plain = upright.convert("RGBA" if has_alpha else "RGB")
        plain.thumbnail((side, side), Image.Resampling.LANCZOS)
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError) as error:
        raise Invalid("file", "not_an_image") from error
    return plain


def _encode(image: Image.Image, kind: str) -> Picture:
    """Encode without metadata: a fresh image carries no EXIF, no profile, no comment."""
    clean = Image.new(image.mode, image.size)
    clean.paste(image)
    target = io.BytesIO()
    if kind == "JPEG":
        clean.convert("RGB").save(target, "JPEG", quality=86, optimize=True, progressive=True)
    elif kind == "PNG":
        clean.save(target, "PNG", optimize=False)
    else:
        clean.save(target, "WEBP", quality=84, method=3)
    return Picture(target.getvalue(), f"image/{kind.lower()}", image.width, image.height)


def _animation(image: Image.Image) -> Picture:
    """Re-encode every frame as animated WebP."""
    frames, durations = [], []
    try:
        for frame in ImageSequence.Iterator(image):
            durations.append(int(frame.info.get("duration", 100)) or 100)
            plain = frame.convert("RGBA")
            plain.thumbnail((LONG_SIDE // 2, LONG_SIDE // 2), Image.Resampling.BILINEAR)
            frames.append(plain)
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise Invalid("file", "not_an_image") from error
    target = io.BytesIO()
    frames[0].save(
        target,
        "WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=durations,
        loop=0,
        quality=78,
        method=2,
    )
    return Picture(target.getvalue(), "image/webp", frames[0].width, frames[0].height)
