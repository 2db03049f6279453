"""What an anonymous asker leaves behind without noticing, taken away."""

from __future__ import annotations

from collections.abc import Iterable

from app.media.models import Attachment


def forget_names(rows: Iterable[Attachment]) -> None:
    """Give an anonymous asker's uploads names that say nothing: a file's own may say who he is, by
    its ending too. What is no image is refused afterwards."""
    for number, row in enumerate(rows, start=1):
        row.filename = f"{row.purpose}-{number}.{row.content_type.rpartition('/')[2]}"
