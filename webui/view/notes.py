"""Notes: what a process said about something, for API and scripts: in the caller's language, and as key and values."""

from __future__ import annotations

from typing import Any

from board.kit.words import Language, Text, plain


def note_data(note: Text, language: Language) -> dict[str, Any]:
    """{"note": in `language`, "key": the English template, "values": what it is filled in with}; all empty for NOTHING."""
    return {"note": note.said(language.translate), **plain(note)}
