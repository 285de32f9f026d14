"""docs/api.md lists the routes that there are."""

from __future__ import annotations

from pathlib import Path

from webui.api_docs import reference

PAGE = Path(__file__).resolve().parents[3] / "docs" / "api.md"


def test_the_reference_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "run: python -m webui.api_docs > docs/api.md"


def test_every_route_says_what_it_does() -> None:
    assert "|  |" not in reference()
