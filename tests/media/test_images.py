"""Images: judged by content, bounded, upright, without metadata."""

from __future__ import annotations

import io
import time

import pytest
from PIL import Image

from app.kernel.errors import Invalid
from app.media.images import (
    COVER_SIZE,
    LONG_SIDE,
    MAX_FRAMES,
    read_avatar,
    read_cover,
    read_picture,
)
from tests.media.samples import animation, huge_png, photo_with_metadata, picture, specks


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp"), ("GIF", "image/webp")],
)
def test_each_kind_is_re_encoded(kind: str, content_type: str) -> None:
    full, thumbnail = read_picture(picture(kind))
    assert (full.content_type, full.width, full.height) == (content_type, 64, 48)
    assert thumbnail.content_type == "image/webp"


def test_metadata_is_gone_and_the_photo_is_upright() -> None:
    full, thumbnail = read_picture(photo_with_metadata())
    assert (full.width, full.height) == (40, 80)
    for data in (full.data, thumbnail.data):
        assert b"SECRET-CAMERA" not in data
        assert not Image.open(io.BytesIO(data)).getexif()


def test_large_images_shrink_to_the_long_side() -> None:
    full, thumbnail = read_picture(picture("PNG", (5000, 1000)))
    assert (full.width, full.height) == (LONG_SIDE, 512)
    assert thumbnail.width == 640


def test_transparency_stays() -> None:
    full, _ = read_picture(picture("PNG", mode="RGBA"))
    assert Image.open(io.BytesIO(full.data)).mode == "RGBA"


def test_animations_keep_moving() -> None:
    full, thumbnail = read_picture(animation())
    assert Image.open(io.BytesIO(full.data)).n_frames == 4  # type: ignore[attr-defined]
    assert getattr(Image.open(io.BytesIO(thumbnail.data)), "n_frames", 1) == 1


def test_an_animation_of_countless_frames_stands_still() -> None:
    full, _ = read_picture(animation(MAX_FRAMES))
    assert Image.open(io.BytesIO(full.data)).n_frames > 1  # type: ignore[attr-defined]
    full, _ = read_picture(animation(MAX_FRAMES + 1))
    assert getattr(Image.open(io.BytesIO(full.data)), "n_frames", 1) == 1
    # As many as fit into the largest upload.
    began = time.process_time()
    read_picture(specks(900_000))
    assert time.process_time() - began < 5


def test_a_bomb_is_refused_by_its_header() -> None:
    with pytest.raises(Invalid) as refused:
        read_picture(huge_png())
    assert refused.value.code == "too_many_pixels"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not an image",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"%PDF-1.7",
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0" + b"\0" * 64,
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    ],
)
def test_what_is_no_image_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        read_picture(io.BytesIO(content))
    assert refused.value.code == "not_an_image"


def test_a_truncated_image_is_refused() -> None:
    whole = picture("JPEG", (600, 600)).getvalue()
    with pytest.raises(Invalid):
        read_picture(io.BytesIO(whole[: len(whole) // 2]))


def test_a_script_behind_an_image_does_not_survive() -> None:
    polyglot = io.BytesIO(picture("PNG").getvalue() + b"<script>alert(1)</script>")
    full, _ = read_picture(polyglot)
    assert b"script" not in full.data


def test_avatars_are_squares_and_covers_banners() -> None:
    avatar, cover = read_avatar(picture(size=(300, 90))), read_cover(picture(size=(90, 300)))
    assert (avatar.width, avatar.height) == (256, 256)
    assert (cover.width, cover.height) == COVER_SIZE
