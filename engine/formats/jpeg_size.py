"""JPEG size: width and height of a JPEG from its header, without decoding it."""

from __future__ import annotations

import io


def jpeg_size(content: bytes) -> tuple[int, int] | None:
    """(width, height) in pixels; None for what is no JPEG."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
            return image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
