"""Animations: counted first, then each frame encoded anew as WebP."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO

from PIL import Image, ImageSequence

from app.kernel.errors import Invalid
from app.media.images.colours import plain_colours
from app.media.images.counting import gif_frames
from app.media.images.opening import BROKEN
from app.media.pictures import Picture

# All frames together, as they are decoded and as they are kept. Each frame costs time of its own
# however small it is: 20 MiB hold almost a million of one pixel.
MAX_READ_PIXELS = 120_000_000
MAX_KEPT_PIXELS = 30_000_000
MAX_FRAMES = 600
LONG_SIDE = 1280
_MOVING = frozenset({"GIF", "PNG", "WEBP", "AVIF"})


def stands_still(image: Image.Image, stream: IO[bytes]) -> str | None:
    """Return None for an animation that is kept moving; else "", or `stands_still` for one that is too
    much. Several pictures in one JPEG or HEIC are no animation: the first is the one to show."""
    if image.format not in _MOVING:
        return ""
    most = min(MAX_FRAMES, MAX_READ_PIXELS // (image.width * image.height))
    frames = _count(image, stream, most)
    if frames < 2:
        return ""
    return None if frames <= most else "stands_still"


def _count(image: Image.Image, stream: IO[bytes], most: int) -> int:
    if image.format == "GIF":
        # Pillow would decode all of them to tell.
        at = stream.tell()
        found = gif_frames(stream, most=most)
        stream.seek(at)
        return found
    frames = int(getattr(image, "n_frames", 1))
    return frames - 1 if _has_cover(image) else frames


def _has_cover(image: Image.Image) -> bool:
    """Whether the first frame is shown only by what cannot show the animation (APNG)."""
    return bool(image.format == "PNG" and image.info.get("default_image"))


def moving(image: Image.Image) -> Picture:
    """Return every frame as animated WebP, its pace and number of turns kept."""
    turns = _turns(image)
    size = _kept_size(image)
    frames, durations = [], []
    try:
        for frame in _frames(image):
            # Only then do WebP and AVIF know how long it is shown.
            frame.load()
            durations.append(int(frame.info.get("duration", 100)) or 100)
            plain = plain_colours(frame).convert("RGBA")
            plain.thumbnail(size, Image.Resampling.BILINEAR)
            frames.append(plain)
    except BROKEN as error:
        raise Invalid("file", "not_an_image") from error
    target = io.BytesIO()
    frames[0].save(
        target,
        "WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=durations,
        loop=turns,
        quality=78,
        method=2,
    )
    return Picture(target.getvalue(), "image/webp", frames[0].width, frames[0].height)


def _frames(image: Image.Image) -> Iterator[Image.Image]:
    frames = ImageSequence.Iterator(image)
    if _has_cover(image):
        next(frames)
    yield from frames


def _turns(image: Image.Image) -> int:
    """Return how often the animation runs, 0 for ever. A GIF's number counts what follows the first."""
    given = image.info.get("loop")
    if image.format != "GIF":
        return min(int(given or 0), 65_535)
    if given is None:
        return 1
    return min(int(given) + 1, 65_535) if given else 0


def _kept_size(image: Image.Image) -> tuple[int, int]:
    frames = max(1, int(getattr(image, "n_frames", 1)))
    pixels = image.width * image.height * frames
    scale = min(1.0, LONG_SIDE / max(image.size), (MAX_KEPT_PIXELS / pixels) ** 0.5)
    return max(1, round(image.width * scale)), max(1, round(image.height * scale))
