"""What telephones and ill-wishers send: read in a bounded child, right or with a clear word."""

from __future__ import annotations

import io
import sys
import time

import pytest
from PIL import Image

from app.kernel.errors import Invalid
from app.media import pictures
from app.media.images import MAX_FRAMES, read_picture
from app.media.images.animation import MAX_READ_PIXELS
from app.media.images.colours import plain_colours, primaries_of
from app.media.images.counting import gif_frames, jpeg_scans
from app.media.images.opening import MAX_PIXELS, MAX_SCANS
from tests.media.samples import (
    animation,
    many_scans,
    picture,
    sixteen_bits,
    specks,
    two_in_one,
    wide_gamut,
)


def _colour(data: bytes, place: tuple[int, int] = (8, 4)) -> tuple[int, ...]:
    with Image.open(io.BytesIO(data)) as image:
        found = image.convert("RGB").getpixel(place)
    assert isinstance(found, tuple)
    return found


def test_a_scan_sent_again_and_again_is_refused_before_it_is_decoded() -> None:
    hostile = many_scans(60_000)
    began = time.process_time()
    with pytest.raises(Invalid) as refused:
        read_picture(hostile)
    assert (refused.value.code, refused.value.values) == ("too_many_scans", {"limit": MAX_SCANS})
    assert time.process_time() - began < 0.5


def test_scans_are_counted_as_the_decoder_meets_them() -> None:
    assert jpeg_scans(picture("JPEG"), most=99) == (1, False)
    plain = jpeg_scans(picture("JPEG", progressive=True), most=99)
    assert plain.progressive
    assert jpeg_scans(many_scans(7), most=99).number == plain.number + 7
    # The marker within a comment, and after the end, is none.
    commented = picture("JPEG").getvalue()
    commented = commented[:2] + b"\xff\xfe\x00\x06\xff\xda\xff\xda" + commented[2:]
    assert jpeg_scans(io.BytesIO(commented + b"\xff\xda\x00\x04" * 50), most=99).number == 1
    for broken in (
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff\xda\x00",
        b"\xff" * 99,
        b"\xff\xd8\xff\xda\0\0" * 9,
    ):
        assert jpeg_scans(io.BytesIO(broken), most=99).number < 12


def test_frames_are_counted_without_decoding() -> None:
    assert gif_frames(animation(4), most=99) == 4
    assert gif_frames(specks(900_000), most=600) == 601
    for broken in (b"", b"GIF89a", b"GIF89a" + b"\xff" * 99, picture("GIF").getvalue()[:-20]):
        assert gif_frames(io.BytesIO(broken), most=9) <= 1


def test_a_picture_is_read_by_a_child() -> None:
    full, thumbnail = pictures.read(picture("PNG"), "picture")
    assert (full.content_type, full.width, full.height) == ("image/png", 64, 48)
    assert thumbnail.content_type == "image/webp"
    assert [one.width for one in pictures.read(picture("PNG"), "avatar")] == [256]
    with pytest.raises(Invalid) as refused:
        pictures.read(many_scans(100), "picture")
    assert refused.value.code == "too_many_scans"


@pytest.mark.parametrize("deed", ["while True: pass", "bytearray(8 << 30)", "1 / 0"])
def test_a_decoder_that_goes_too_far_is_stopped(monkeypatch: pytest.MonkeyPatch, deed: str) -> None:
    script = (
        "from app.media import pictures; pictures.CPU_SECONDS = 1\n"
        f"from app.media.images import child; child.bound()\n{deed}"
    )
    monkeypatch.setattr(pictures, "COMMAND", (sys.executable, "-c", script))
    with pytest.raises(Invalid) as refused:
        pictures.read(picture("PNG"), "picture")
    assert refused.value.code == "too_much_work"


def test_a_machine_that_is_too_busy_is_no_fault_of_the_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pictures, "COMMAND", (sys.executable, "-c", "import time; time.sleep(60)"))
    monkeypatch.setattr(pictures, "WALL_SECONDS", 0.2)
    with pytest.raises(Invalid) as refused:
        pictures.read(picture("PNG"), "picture")
    assert refused.value.code == "busy"


@pytest.mark.parametrize(
    ("kind", "size"),
    [("JPEG", (5712, 4284)), ("JPEG", (8064, 6048)), ("JPEG", (8160, 6120)), ("JPEG", (16_000, 3_800)),
     ("PNG", (7000, 3500))],
)  # fmt: skip
def test_what_telephones_make_is_scaled(kind: str, size: tuple[int, int]) -> None:
    full, thumbnail = read_picture(picture(kind, size))
    assert full.width == 2560
    assert abs(full.width / full.height - size[0] / size[1]) < 0.05
    assert thumbnail.width == 640


def test_a_photograph_of_two_hundred_megapixels_is_scaled_while_it_is_read() -> None:
    full, _ = read_picture(picture("JPEG", (16_320, 12_240), "L", quality=30))
    assert (full.width, full.height) == (2560, 1920)


def test_more_than_can_be_borne_says_how_much_can() -> None:
    with pytest.raises(Invalid) as refused:
        read_picture(picture("PNG", (9_000, 9_000), "1"))
    assert refused.value.code == "too_many_pixels"
    assert refused.value.values == {"limit": MAX_PIXELS // 1_000_000}


def test_a_long_screenshot_can_still_be_read() -> None:
    full, thumbnail = read_picture(picture("PNG", (1080, 20_000)))
    assert (full.width, full.height) == (1080, 20_000)
    # Lists show its upper part, not a thread.
    assert (thumbnail.width, thumbnail.height) == (640, 1280)
    full, _ = read_picture(picture("WEBP", (1200, 16_000)))
    assert full.width == 1080
    full, thumbnail = read_picture(picture("JPEG", (1000, 60_000)))
    assert min(full.width, thumbnail.width) > 500


def test_small_pictures_are_never_made_larger() -> None:
    full, thumbnail = read_picture(picture("PNG", (20, 600)))
    assert (full.width, full.height, thumbnail.width) == (20, 600, 20)


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_pictures_of_telephones_become_what_every_browser_shows(kind: str) -> None:
    full, thumbnail = read_picture(picture(kind, (320, 240)))
    assert (full.content_type, full.width, full.height) == ("image/jpeg", 320, 240)
    assert thumbnail.content_type == "image/webp"
    assert _colour(full.data) == pytest.approx((0x3B, 0x5B, 0xDB), abs=6)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF"])
def test_wide_gamut_colours_come_out_as_they_were_meant(kind: str) -> None:
    target = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 60, 60)).save(target, kind, icc_profile=wide_gamut())
    full, _ = read_picture(target)
    # The same numbers in sRGB would be a paler red.
    red, green, _blue = _colour(full.data)
    assert red > 205
    assert green < 55
    assert b"ICC" not in full.data
    assert b"acsp" not in full.data


def test_primaries_named_without_a_profile_count_too() -> None:
    red = Image.new("RGBA", (4, 4), (200, 60, 60, 128))
    assert primaries_of(b"....colrnclx\x00\x0c\x00\x0d") == 12
    assert primaries_of(b"\x89PNG....cICP\x09\x0d") == 9
    assert primaries_of(b"nothing of the kind") == 0
    for primaries in (9, 12):
        found = plain_colours(red, primaries).getpixel((0, 0))
        assert isinstance(found, tuple)
        assert (found[0] > 205, found[1] < 55, found[3]) == (True, True, 128)
    assert plain_colours(red, 1).getpixel((0, 0)) == (200, 60, 60, 128)


def test_a_profile_that_is_none_does_no_harm() -> None:
    target = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 60, 60)).save(target, "PNG", icc_profile=b"x" * 900)
    assert _colour(read_picture(target)[0].data) == (200, 60, 60)


def test_print_colours_become_screen_colours() -> None:
    target = io.BytesIO()
    Image.new("CMYK", (64, 48), (0, 255, 255, 0)).save(target, "JPEG")
    assert _colour(read_picture(target)[0].data) == pytest.approx((255, 0, 0), abs=12)


def test_sixteen_bits_are_shades_and_not_white() -> None:
    full, _ = read_picture(sixteen_bits())
    shades = [_colour(full.data, (x, 4))[0] for x in (0, 64, 128, 255)]
    assert shades == pytest.approx([0, 64, 128, 255], abs=2)


def test_two_pictures_in_one_file_are_no_animation() -> None:
    full, _ = read_picture(two_in_one())
    assert full.content_type == "image/jpeg"
    assert _colour(full.data) == pytest.approx((254, 0, 0), abs=3)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_every_kind_of_animation_keeps_moving_at_its_pace(kind: str) -> None:
    target = io.BytesIO()
    frames = [Image.new("RGB", (32, 32), (n * 60, 0, 0)) for n in range(4)]
    frames[0].save(target, kind, save_all=True, append_images=frames[1:], duration=120, loop=0)
    full, _ = read_picture(target)
    with Image.open(io.BytesIO(full.data)) as image:
        assert image.n_frames == 4  # type: ignore[attr-defined]
        image.load()
        assert (image.info["duration"], image.info["loop"]) == (120, 0)


def test_what_plays_once_plays_once() -> None:
    full, _ = read_picture(animation())
    with Image.open(io.BytesIO(full.data)) as image:
        assert image.info["loop"] == 1


def test_an_animation_that_is_too_much_says_that_it_stands_still() -> None:
    assert read_picture(animation(MAX_FRAMES + 1))[0].note == "stands_still"
    assert read_picture(animation(20))[0].note == ""
    frames = MAX_READ_PIXELS // (1000 * 1000) + 1
    target = io.BytesIO()
    images = [Image.new("P", (1000, 1000), n) for n in range(frames)]
    images[0].save(target, "GIF", save_all=True, append_images=images[1:])
    assert read_picture(target)[0].note == "stands_still"
