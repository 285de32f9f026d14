"""`engine settings`: what it prints."""

from __future__ import annotations

import pytest

from engine.actions import find_kinds
from engine.cli.settings_docs import main


def test_the_page_says_values_default_and_restart_of_a_setting(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--markdown"]) == 0
    page = capsys.readouterr().out
    assert "| **Trigger edge** `trigger_edge` |" in page
    (line,) = [line for line in page.splitlines() if "`trigger_captures`" in line]
    assert line.endswith("| whole number, at least 1, at most 100 | `5` | yes |")


def test_the_page_has_a_section_for_each_kind_of_action(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--markdown"])
    page = capsys.readouterr().out
    assert [line for line in page.splitlines() if line.startswith("## Action")] == [
        f"## Action {kind.label} (`{name}`)" for name, kind in find_kinds().items()
    ]


def test_without_markdown_each_setting_is_a_line_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "General configuration: trigger_port = 11000" in capsys.readouterr().out.splitlines()
