"""Every page of the host in a real browser: nothing leaves its card or the page at any width, and axe-core finds nothing serious in
light and dark, on a desktop and a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.browser.conftest import logged_in, page_of_its_own
from tests.browser.test_languages import HOST_PAGES
from tests.browser.test_pages import DIALOG, looked_at
from tests.tiny_package import contents, write

PAGES = (*(f"setup/{name}.html" for name in HOST_PAGES), "password", "nowhere", "tiny/")


def with_a_package(page: Any, host: str, folder: Path) -> None:
    """Logged in; a package is installed and stopped."""
    logged_in(page, host, folder)
    page.locator("#file").set_input_files(str(write(folder / "TINY-1.0.0-all.tar.gz", contents())))
    page.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_text("TINY 1.0.0 is uploaded").wait_for()


def test_nothing_leaves_its_card_or_the_page_and_axe_finds_nothing_serious(browser: Any, host: str, tmp_path: Path) -> None:
    found: dict[str, list[str]] = {}

    def look(page: Any, name: str, within: str = "") -> None:
        looked = looked_at(page, f"host {name}", within)
        wrong = [f"{each} at {width} px" for by in (looked.leaves, looked.axe) for width in by for each in by[width]]
        if wrong:
            found[name] = wrong

    with page_of_its_own(browser, viewport={"width": 1366, "height": 900}, reduced_motion="reduce") as page:
        page.goto(f"{host}/login")
        look(page, "login")
        page.set_viewport_size({"width": 1366, "height": 900})
        with_a_package(page, host, tmp_path)
        for name in PAGES:
            page.goto(f"{host}/{name}")
            page.wait_for_load_state("load")
            look(page, name)
        page.goto(f"{host}/setup/application/vadp.html")
        page.locator('[data-package="TINY"]').get_by_role("button", name="Remove").click()
        page.locator(DIALOG).wait_for()
        look(page, "remove a package", DIALOG)
    assert found == {}
