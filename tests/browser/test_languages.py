"""Browser: the host in German: log-in, password, Package Management, accounts, refusals; and back to English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import firmware.pages
from board.kit.languages import COOKIE
from board.kit.registry import find
from board.kit.web.menu import Tab
from tests.browser.conftest import keep_picture, logged_in, page_of_its_own
from tests.browser.reading import CODES, left_in_english
from tests.tiny_package import contents, write

SIZES = {"wide": {"width": 1366, "height": 768}, "phone": {"width": 390, "height": 844}}


@pytest.fixture(params=SIZES)
def page(request: pytest.FixtureRequest, browser: Any, tmp_path: Path) -> Iterator[Any]:
    """A browser that asks for Austrian German; the test fails on any error of a page's script."""
    with page_of_its_own(browser, viewport=SIZES[request.param], locale="de-AT") as opened:
        yield opened


def shown(page: Any, name: str) -> None:
    """The page is German, does not scroll sideways, and is kept as a picture."""
    assert page.locator("html").get_attribute("lang") == "de"
    page.wait_for_load_state("networkidle")  # its style is there
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    keep_picture(page, f"host {name} de")


def test_a_browser_that_asks_for_german_gets_every_page_of_the_host_in_german_until_another_is_chosen(
    page: Any,
    host: str,
    tmp_path: Path,
) -> None:
    first = (tmp_path / "state" / "host" / "initial-password").read_text().strip()
    page.goto(host)
    page.get_by_role("heading", name="An dieser Kamera anmelden").wait_for()
    page.get_by_label("Passwort").fill("falsch")
    page.get_by_role("button", name="Anmelden").click()
    page.get_by_text("Benutzername oder Passwort ist falsch.").wait_for()
    shown(page, "log-in")
    page.get_by_label("Passwort").fill(first)
    page.get_by_role("button", name="Anmelden").click()
    page.get_by_role("heading", name="Wählen Sie ein eigenes Passwort").wait_for()
    page.get_by_label("Jetziges Passwort").fill(first)
    page.get_by_label("Neues Passwort", exact=False).nth(0).fill("grünes Pferd")
    page.get_by_label("Neues Passwort noch einmal").fill("blaues Pferd")
    page.get_by_role("button", name="Passwort speichern").click()
    page.get_by_text("Die beiden neuen Passwörter sind verschieden.").wait_for()
    shown(page, "password")
    page.get_by_label("Jetziges Passwort").fill(first)
    page.get_by_label("Neues Passwort", exact=False).nth(0).fill("grünes Pferd")
    page.get_by_label("Neues Passwort noch einmal").fill("grünes Pferd")
    page.get_by_role("button", name="Passwort speichern").click()

    page.get_by_role("heading", name="Paketverwaltung").wait_for()
    page.get_by_text("Es ist noch kein Paket installiert.").wait_for()
    bad = contents()
    bad["LICENSE"] = b"paid"
    page.locator("#file").set_input_files(str(write(tmp_path / "bad.tar.gz", bad)))
    page.get_by_role("button", name="Hochladen", exact=True).click()
    page.get_by_text("LICENSE: beschädigt oder verändert").wait_for()
    page.locator("#file").set_input_files(str(write(tmp_path / "TINY-1.0.0-all.tar.gz", contents())))
    page.get_by_role("button", name="Hochladen", exact=True).click()
    page.get_by_text("TINY 1.0.0 ist hochgeladen. Drücken Sie Starten.").wait_for()
    row = page.locator('[data-package="TINY"]')
    row.get_by_text("AUS", exact=True).wait_for()
    row.get_by_role("button", name="Starten").click()
    row.get_by_text("EIN", exact=True).wait_for()
    row.get_by_text("Einzelheiten").click()
    row.get_by_text("Zustand dieser Version").wait_for()
    shown(page, "packages")
    row.get_by_role("button", name="Entfernen").click()
    page.get_by_role("heading", name="TINY entfernen?").wait_for()
    page.get_by_role("button", name="Abbrechen").click()
    row.get_by_role("button", name="Stoppen").click()
    row.get_by_text("AUS", exact=True).wait_for()
    page.goto(f"{host}/tiny/")
    page.get_by_role("heading", name="TINY ist gestoppt").wait_for()
    shown(page, "stopped")

    page.goto(f"{host}/setup/security/accounts.html")
    page.get_by_label("Benutzername").fill("jörg")
    page.get_by_label("Erstes Passwort").fill("kurz genug?")
    page.locator("input[name=user]").last.evaluate("field => field.removeAttribute('pattern')")
    page.get_by_role("button", name="Konto hinzufügen").click()
    page.get_by_text("Nicht hinzugefügt: ").wait_for()
    shown(page, "accounts")
    for path, heading in (("programs", "Programme"), ("changes", "Änderungen")):
        page.goto(f"{host}/setup/security/{path}.html")
        page.get_by_role("heading", name=heading, exact=True).first.wait_for()
        shown(page, path)
    page.goto(f"{host}/nowhere")
    page.get_by_role("heading", name="Nicht gefunden").wait_for()

    page.goto(f"{host}/setup/security/changes.html")
    page.get_by_role("button", name="English").click()
    page.get_by_role("heading", name="Changes").wait_for()
    assert page.url.endswith("/setup/security/changes.html")
    assert page.locator("html").get_attribute("lang") == "en"
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("heading", name="Log in to this camera").wait_for()
    page.get_by_role("button", name="Deutsch").click()
    page.get_by_role("heading", name="An dieser Kamera anmelden").wait_for()
    assert re.search(r"/login$", page.url)


ZOOMED = {"width": 320, "height": 256}
"""What a window of 1280 x 1024 px shows at 400 %: nothing may need to be moved sideways then (WCAG 2.2, 1.4.10 Reflow)."""
HOST_PAGES = tuple(
    tab.name.removeprefix("setup/").removesuffix(".html") for tab in find(firmware.pages, "TAB", Tab).values() if tab.order
)


CUT = """() => [...document.querySelectorAll("data.number")].filter((each) => each.getClientRects().length > 1)
  .map((each) => `${each.textContent} is cut`)"""
"""Numbers of which a part stands in the next line: ten thousand read as ten."""


def test_every_page_of_the_host_is_wholly_in_the_language_of_its_reader_and_fits(browser: Any, host: str, tmp_path: Path) -> None:
    found: dict[str, list[str]] = {}
    with page_of_its_own(browser, viewport=SIZES["phone"], locale="en") as page:
        logged_in(page, host, tmp_path)
        for code in CODES:
            page.context.add_cookies([{"name": COOKIE, "value": code, "url": host}])
            for name in HOST_PAGES:
                assert page.goto(f"{host}/setup/{name}.html").status == 200
                page.wait_for_load_state("load")
                wrong = left_in_english(page, code)
                for size in (*SIZES.values(), ZOOMED):
                    page.set_viewport_size(size)
                    wide = page.evaluate("document.documentElement.scrollWidth")
                    wrong += [f"{wide} of {size['width']} px"] if wide > size["width"] else []
                    wrong += page.evaluate(CUT)
                if wrong:
                    found[f"{code} {name}"] = wrong
    assert found == {}
