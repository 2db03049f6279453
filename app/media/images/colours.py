"""Colours as every screen shows them: eight bits, sRGB, whatever an image was made in."""

from __future__ import annotations

import io
import re

from PIL import Image, ImageCms, ImageFilter

# Primaries by their number in ITU-T H.273, as matrices from linear light of theirs to linear sRGB.
_TO_SRGB = {
    # BT.2020
    9: ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)),
    # Display P3
    12: ((1.2249, -0.2247, 0.0), (-0.0420, 1.0419, 0.0), (-0.0197, -0.0786, 1.0979)),
}
# Where HEIC and AVIF, and PNG, say their primaries when they carry no profile.
_PRIMARIES = re.compile(rb"colrnclx\x00(.)|cICP(.)", re.S)
_HEAD = 64 * 1024


def plain_colours(image: Image.Image, primaries: int = 0) -> Image.Image:
    """Return an RGB or RGBA copy in sRGB. `primaries` counts where the image has no profile."""
    profile = image.info.get("icc_profile")
    image = _eight_bits(image)
    clear = "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info
    wanted = "RGBA" if clear else "RGB"
    if isinstance(profile, bytes) and profile:
        image = _by_profile(image, profile, wanted)
    elif primaries in _TO_SRGB:
        image = _by_primaries(image.convert(wanted), primaries)
    return image.convert(wanted)


def primaries_of(head: bytes) -> int:
    """Return the number of the primaries that the beginning of a file names; 0 when it names none."""
    found = _PRIMARIES.search(head[:_HEAD])
    return (found[1] or found[2])[0] if found else 0


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return what has sixteen bits a sample in eight: converting alone would make all of it white."""
    if image.mode.startswith("I"):
        return image.point(lambda value: value * (1 / 257)).convert("L")
    return image


def _by_profile(image: Image.Image, profile: bytes, wanted: str) -> Image.Image:
    """Return the image as its profile means it; as it is when the profile is none or fits it not."""
    # A palette's colours, and the grey beside transparency, are what the profile speaks of.
    if image.mode not in ("RGB", "RGBA", "L", "CMYK"):
        image = image.convert(wanted)
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in (source.profile.profile_description or "").lower():
            return image
        found = ImageCms.profileToProfile(
            image,
            source,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGBA" if image.mode == "RGBA" else "RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image
    return found or image


def _by_primaries(image: Image.Image, primaries: int) -> Image.Image:
    matrix = _TO_SRGB[primaries]

    def mend(red: float, green: float, blue: float) -> tuple[float, float, float]:
        light = [_linear(red), _linear(green), _linear(blue)]
        first, second, third = (
            _curved(sum(share * part for share, part in zip(row, light, strict=True)))
            for row in matrix
        )
        return first, second, third

    table = ImageFilter.Color3DLUT.generate(33, mend)
    if image.mode != "RGBA":
        return image.filter(table)
    mended = image.convert("RGB").filter(table)
    mended.putalpha(image.getchannel("A"))
    return mended


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _curved(value: float) -> float:
    value = min(1.0, max(0.0, value))
    return value * 12.92 if value <= 0.0031308 else float(1.055 * value ** (1 / 2.4) - 0.055)
