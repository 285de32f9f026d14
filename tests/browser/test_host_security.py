"""Browser: the Network and Security pages of the host, wide and on a phone: certificates, sessions, keys, changes, addresses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware.packages.keys import make_pair
from tests.browser.conftest import logged_in
from tests.certificates import make_certificates
from tests.waiting import until

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser tests")

SIZES = {"wide": (1280, 800), "phone": (390, 844)}
PAGES = (
    "network/addresses", "network/https", "network/ftp", "security/accounts", "security/programs", "security/sessions",
    "security/keys", "security/changes",
)  # fmt: skip


@pytest.fixture(params=SIZES)
def page(browser: Any, host: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Logged in; the test fails on any error in the page's console."""
    width, height = SIZES[request.param]
    context = browser.new_context(viewport={"width": width, "height": height}, base_url=host)
    opened = context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda message: problems.append(message.text) if "Content Security Policy" in message.text else None)
    logged_in(opened, host, tmp_path)
    yield opened
    context.close()
    assert problems == []


def test_the_menu_leads_to_every_page_and_none_scrolls_sideways(page: Any) -> None:
    wide = page.viewport_size["width"] > 720
    for path in PAGES:
        if not wide:
            page.get_by_role("button", name="Menu").click()
        page.locator(f'nav.tree a[href="/setup/{path}.html"]').click()
        page.wait_for_url(f"**/setup/{path}.html")
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], path
        assert page.locator("nav.tree a[aria-current]").count() == 1
        assert page.locator("nav.tree").is_visible() == wide


def test_a_certificate_is_installed_and_what_is_wrong_with_one_is_said(page: Any, tmp_path: Path) -> None:
    made = make_certificates(tmp_path)
    page.goto("/setup/network/https.html")
    form = page.get_by_role("form", name="Install a certificate")
    form.locator("#certificate").set_input_files(str(made.certificate))
    form.get_by_role("button", name="Check and install").click()
    form.get_by_text("there is no key for it").wait_for()
    form.locator("#key").set_input_files(str(made.key))
    form.get_by_role("button", name="Check and install").click()
    page.get_by_text("CN=Test authority").wait_for()
    page.get_by_role("button", name="Remove it and use the camera's own").click()
    until(lambda: page.get_by_text("CN=Test authority").count() == 0)


def test_a_signing_request_is_made_downloaded_and_dropped(page: Any, tmp_path: Path) -> None:
    page.goto("/setup/network/https.html")
    page.locator("input[name=name]").fill("gate.example")
    page.get_by_role("button", name="Make a request").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the request").click()
    download.value.save_as(tmp_path / "camera.csr")
    assert (tmp_path / "camera.csr").read_text().startswith("-----BEGIN CERTIFICATE REQUEST-----")
    page.get_by_role("button", name="Drop it").click()
    page.get_by_role("button", name="Make a request").wait_for()


def test_a_key_is_trusted_and_removed_by_its_fingerprint(page: Any, tmp_path: Path) -> None:
    page.goto("/setup/security/keys.html")
    page.get_by_label("Name").fill("vendor")
    page.get_by_label("Public key").fill(make_pair(tmp_path / "vendor.key").read_text())
    page.get_by_role("button", name="Trust this key").click()
    keys = page.get_by_label("Trusted keys", exact=True)
    row = keys.locator(".package", has_text="vendor")
    print_ = row.locator("code").inner_text()
    row.locator("summary").click()
    row.get_by_label("First 8 digits of the fingerprint").fill("00000000")
    row.get_by_role("button", name="Remove").click()
    page.get_by_text("type the first 8 digits of its fingerprint to confirm").wait_for()
    row.locator("summary").click()
    row.get_by_label("First 8 digits of the fingerprint").fill(print_[:8])
    row.get_by_role("button", name="Remove").click()
    until(lambda: keys.locator(".package").count() == 1)
    page.goto("/setup/security/changes.html")
    page.get_by_label("Text").fill("no longer")
    page.get_by_role("button", name="Filter").click()
    until(lambda: page.locator("tbody tr").count() == 1)
    page.get_by_text(f"vendor ({print_[:16]})").wait_for()


def test_another_browser_is_logged_out(page: Any, browser: Any, host: str) -> None:
    with browser.new_context(base_url=host) as context:
        other = context.new_page()
        other.goto("/login")
        other.get_by_label("Password").fill("correct horse")
        other.get_by_role("button", name="Log in").click()
        other.get_by_role("heading", name="Package management").wait_for()
        page.goto("/setup/security/sessions.html")
        page.get_by_role("button", name="End the session of admin").click()
        until(lambda: page.locator("tbody tr").count() == 1)
        other.goto("/setup/application/vadp.html")
        other.get_by_role("heading", name="Log in to this camera").wait_for()


@pytest.mark.parametrize("page", ["phone"], indirect=True)
def test_what_was_typed_is_not_lost_without_a_word(page: Any, tmp_path: Path) -> None:
    """Somebody had logged out in another tab, the camera was being started again, or another language was chosen: a form that was
    half filled in was empty then."""
    page.goto("/setup/network/ftp.html")
    port = page.locator("[name=port]")
    save = page.get_by_role("button", name="Save", exact=True)
    port.fill("2121")
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.get_by_role("button", name="Deutsch").click()
    until(lambda: page.wait_for_timeout(50) or asked, "the question")
    assert asked == ["beforeunload"]

    page.route("**/api/me", lambda route: route.abort())
    save.click()
    playwright.expect(page.get_by_text("The camera does not answer, and nothing was sent")).to_be_visible()
    page.unroute("**/api/me")
    page.context.clear_cookies()
    save.click()
    playwright.expect(page.get_by_text("You are logged out, and nothing was sent")).to_be_visible()
    playwright.expect(page.locator(".unsent")).to_have_count(1)
    playwright.expect(port).to_have_value("2121")
    log_in_again(page)
    with page.expect_navigation():
        save.click()
    page.goto("/setup/network/ftp.html")
    playwright.expect(port).to_have_value("2121")


@pytest.mark.parametrize("page", ["phone"], indirect=True)
def test_what_was_typed_stands_beside_what_is_wrong_with_it(page: Any) -> None:
    """An account whose password was refused became a viewer's, and names had to be typed again."""
    page.goto("/setup/security/accounts.html")
    form = page.locator("form[action$=add]")
    form.get_by_label("User name").fill("anna")
    form.get_by_label("Role").select_option("operator")
    form.get_by_label("First password").fill("password1")
    form.get_by_role("button").click()
    page.get_by_text("this password is one of the first that are tried").wait_for()
    playwright.expect(form.get_by_label("Role")).to_have_value("operator")
    assert form.get_by_label("First password").input_value() == ""
    form.get_by_label("First password").fill("gatehouse")
    form.get_by_role("button").click()
    page.get_by_role("cell", name="anna").wait_for()
    playwright.expect(form.get_by_label("User name")).to_have_value("")

    page.goto("/setup/security/programs.html")
    form = page.locator("form[action$=token]")
    form.get_by_label("Name").fill("Gate desk")
    form.get_by_label("Expires").fill("2001-01-01")
    form.get_by_role("checkbox").nth(1).check()
    form.get_by_role("button").click()
    page.locator("main .alert.bad[role=alert]").wait_for()
    playwright.expect(form.get_by_label("Name")).to_have_value("Gate desk")
    playwright.expect(form.get_by_role("checkbox").nth(1)).to_be_checked()
    form.get_by_label("Expires").fill("")
    form.get_by_role("button").click()
    page.locator("#secret").wait_for()
    playwright.expect(form.get_by_label("Name")).to_have_value("")

    page.goto("/setup/network/ftp.html")
    page.locator("[name=port]").fill("2122")
    other = {"port": 2121, "room_mb": 77}
    origin = page.evaluate("location.origin")
    assert page.request.put("/api/ftp", data=other, headers={"Origin": origin}).ok
    save = page.get_by_role("button", name="Save", exact=True)
    save.click()
    page.get_by_text("somebody else has changed this meanwhile").wait_for()
    playwright.expect(page.locator("[name=port]")).to_have_value("2122")
    playwright.expect(page.locator("[name=room_mb]")).to_have_value("77")  # what the other one has stored, and nobody touched here
    with page.expect_navigation():
        save.click()
    page.wait_for_url("**/ftp.html")
    stored = page.request.get("/api/ftp").json()["settings"]
    assert (stored["port"], stored["room_mb"]) == (2122, 77)


def log_in_again(page: Any) -> None:
    """In another tab."""
    form = {"user": "admin", "password": "correct horse"}
    origin = page.evaluate("location.origin")
    assert page.request.post("/login", form=form, headers={"Origin": origin}, max_redirects=0).status == 303


@pytest.mark.parametrize("page", ["phone"], indirect=True)
def test_what_a_button_does_while_the_camera_is_away_is_said_in_words(page: Any, tmp_path: Path) -> None:
    """There stood "Failed to fetch", the browser's own."""
    away = "The camera does not answer."
    page.route("**/api/packages/older", lambda route: route.abort())
    page.goto("/setup/application/vadp.html")
    page.locator("#older").select_option(index=1)
    playwright.expect(page.locator("#result")).to_have_text(away)
    page.route("**/api/https/certificate", lambda route: route.abort())
    page.goto("/setup/network/https.html")
    page.locator("#certificate").set_input_files(str(make_certificates(tmp_path).certificate))
    page.get_by_role("button", name="Check and install").click()
    playwright.expect(page.locator("#installed")).to_have_text(away)


@pytest.mark.parametrize("page", ["phone"], indirect=True)
def test_a_token_is_not_revoked_by_a_slip(page: Any) -> None:
    """A finger beside its mark shut a program out for good."""
    page.goto("/setup/security/programs.html")
    form = page.locator("form", has=page.get_by_role("button", name="Add token"))
    form.get_by_label("Name").fill("Gate desk")
    form.get_by_role("checkbox").first.check()
    form.get_by_role("button", name="Add token").click()
    page.locator("#secret").wait_for()
    tokens = page.get_by_label("Tokens", exact=True)
    assert tokens.locator("tbody tr").count() == 1
    tokens.get_by_text("Revoke", exact=True).click()
    page.goto("/setup/security/programs.html")
    assert tokens.locator("tbody tr").count() == 1
    tokens.get_by_text("Revoke", exact=True).click()
    tokens.get_by_role("button", name="Revoke Gate desk").click()
    tokens.get_by_text("No program has a token.").wait_for()
