"""`engine countries`: what it prints."""

from __future__ import annotations

import pytest

from engine.cli.countries import main


def test_the_list_has_a_line_for_each_country_with_code_region_and_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "DE      Europe         Germany" in lines
    assert "US-TX   North America  Texas" in lines


def test_the_page_has_a_row_for_each_country_with_its_formats(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--markdown"]) == 0
    page = capsys.readouterr().out
    assert "| AD | Andorra | `LNNNN` 1 |" in page
    assert "| black on yellow, NL blue<br>black on light blue, NL blue: taxi<br>" in page
    assert page.startswith("# Countries\n")
