"""Browser: Package Management as an installer uses it: log in, choose a password, upload, start, open, stop."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import log_in_first
from tests.tiny_package import contents, write
from tests.waiting import until

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser tests")


@pytest.fixture
def page(browser: Any, host: str, tmp_path: Path) -> Iterator[Any]:
    """Logged in, on Package Management; the test fails on any error in the page's console."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda message: problems.append(message.text) if "Content Security Policy" in message.text else None)
    log_in_first(opened, host, tmp_path)
    yield opened
    context.close()
    assert problems == []


def upload(page: Any, path: Path) -> None:
    page.locator("#file").set_input_files(str(path))
    page.get_by_role("button", name="Upload", exact=True).click()


def test_a_package_is_uploaded_started_opened_by_double_click_and_stopped(page: Any, tmp_path: Path) -> None:
    page.get_by_text("No package is installed yet").wait_for()
    assert page.get_by_label("Save to SD card").is_disabled()
    upload(page, write(tmp_path / "TINY-1.0.0-all.tar.gz", contents()))
    page.get_by_text("TINY 1.0.0 is uploaded").wait_for()
    row = page.locator('[data-package="TINY"]')
    row.get_by_text("OFF", exact=True).wait_for()
    row.get_by_role("button", name="Start").click()
    row.get_by_text("ON", exact=True).wait_for()
    row.get_by_text("Version 1.0.0").dblclick()
    page.wait_for_url("**/tiny/")
    until(lambda: page.reload() and "x-gatewright-user" in page.content().lower())
    page.goto(page.url.replace("/tiny/", "/setup/application/vadp.html"))
    row.get_by_role("button", name="Stop").click()
    row.get_by_text("OFF", exact=True).wait_for()
    page.goto(page.url.replace("/setup/application/vadp.html", "/tiny/"))
    page.get_by_role("heading", name="TINY is stopped").wait_for()
    page.get_by_role("main").get_by_role("link", name="Package management").click()
    row.get_by_role("button", name="Start").wait_for()


def test_a_click_before_the_scripts_have_arrived_is_not_lost(page: Any, tmp_path: Path) -> None:
    held: list[Any] = []
    page.route("**/vadp.js", lambda route: held.append(route))
    page.goto(page.url, wait_until="commit")
    page.locator("main[inert]").wait_for()
    page.locator("#file").set_input_files(str(write(tmp_path / "one.tar.gz", contents())))
    with pytest.raises(playwright.TimeoutError):
        page.get_by_role("button", name="Upload", exact=True).click(timeout=300)
    held[0].continue_()
    page.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_text("TINY 1.0.0 is uploaded").wait_for()


def test_a_bad_package_shows_why_and_upgrade_rollback_and_remove_ask_first(page: Any, tmp_path: Path) -> None:
    bad = contents()
    bad["LICENSE"] = b"paid"
    upload(page, write(tmp_path / "bad.tar.gz", bad))
    page.get_by_text("LICENSE: damaged or changed").wait_for()
    upload(page, write(tmp_path / "one.tar.gz", contents()))
    page.get_by_text("TINY 1.0.0 is uploaded").wait_for()
    upload(page, write(tmp_path / "two.tar.gz", contents(version="2.0.0")))
    page.get_by_text("TINY 2.0.0 is uploaded").wait_for()
    licensed = contents(version="2.1.0", conf=lambda text: text.replace("mechanism = none", "mechanism = file"))
    upload(page, write(tmp_path / "licensed.tar.gz", licensed))
    page.get_by_role("heading", name="Install it all the same?").wait_for()
    page.locator("#ask-text").get_by_text("TINY 2.1.0 has no licence on this camera").wait_for()
    page.locator("#ask-yes").click()
    page.get_by_text("TINY 2.1.0 is uploaded").wait_for()
    upload(page, tmp_path / "two.tar.gz")
    page.locator("#ask-text").get_by_text("TINY 2.0.0 is older than 2.1.0").wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Back to 2.0.0").click()
    page.get_by_role("button", name="Go back").click()
    page.get_by_text("went back from 2.1.0 to 2.0.0 by hand").wait_for()
    upload(page, tmp_path / "one.tar.gz")
    page.locator("#ask-yes").click()
    page.get_by_text("TINY 1.0.0 is uploaded").wait_for()
    upload(page, tmp_path / "two.tar.gz")
    page.get_by_text("TINY 2.0.0 is uploaded").wait_for()
    page.get_by_role("button", name="Back to 1.0.0").click()
    page.get_by_role("button", name="Go back").click()
    page.get_by_text("went back from 2.0.0 to 1.0.0 by hand").wait_for()
    page.get_by_role("button", name="Remove").click()
    page.locator("#ask-yes").dispatch_event("click", {"detail": 2})  # of a double click whose first one has opened the question
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Version 1.0.0").wait_for()
    page.get_by_role("button", name="Remove").click()
    page.locator("#ask-yes").click()
    page.get_by_text("No package is installed yet").wait_for()


def test_a_file_that_was_chosen_stays_when_the_session_is_over(page: Any, tmp_path: Path) -> None:
    """The page asks every two seconds, and went to the log-in by itself."""
    page.locator("#file").set_input_files(str(write(tmp_path / "one.tar.gz", contents())))
    session = page.context.cookies()
    page.context.clear_cookies()
    playwright.expect(page.locator("#lost")).to_contain_text("You are logged out, and nothing was sent.")
    page.context.add_cookies(session)  # as if somebody logged in in another tab
    playwright.expect(page.locator("#lost")).to_be_hidden()
    here = page.url
    page.goto(f"{here.split('/setup')[0]}/setup/system/time.html")
    page.go_back()
    playwright.expect(page.locator("#chosen")).to_contain_text("one.tar.gz")  # a browser has it still, and it is sent
    page.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_text("TINY 1.0.0 is uploaded").wait_for()
    page.context.clear_cookies()
    page.wait_for_url("**/login?next=*")


def test_accounts_are_added_and_a_phone_shows_every_page_without_sideways_scrolling(page: Any, tmp_path: Path) -> None:
    upload(page, write(tmp_path / "one.tar.gz", contents()))
    page.get_by_text("TINY 1.0.0 is uploaded").wait_for()
    page.get_by_role("link", name="Accounts").click()
    page.get_by_label("User name").fill("guard")
    page.get_by_label("First password").fill("gatehouse")
    page.get_by_role("button", name="Add account").click()
    page.get_by_role("cell", name="guard").wait_for()
    page.set_viewport_size({"width": 390, "height": 844})
    system = (f"/setup/system/{name}.html" for name in ("time", "storage", "firmware", "backup", "support"))
    for path in ("/setup/security/accounts.html", "/setup/application/vadp.html", *system, "/password", "/tiny/", "/login"):
        page.goto(re.sub(r"(:\d+)/.*", rf"\1{path}", page.url))
        page.get_by_role("main").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_who_would_go_back_to_the_firmware_before_is_told_when_the_camera_is_gone(page: Any) -> None:
    place = '<section class="card upload"'
    button = '<button type="button" id="back" data-version="2.0" data-previous="1.0">Back to 1.0</button>'

    def with_one_before(route: Any) -> None:
        reply = route.fetch()
        route.fulfill(response=reply, body=reply.text().replace(place, button + place))

    page.route("**/firmware.html", with_one_before)
    page.route("**/api/firmware/back", lambda route: route.abort())
    page.goto(re.sub(r"(:\d+)/.*", r"\1/setup/system/firmware.html", page.url))
    page.get_by_role("button", name="Back to 1.0").click()
    page.locator("#ask-yes").click()
    page.get_by_text("The camera does not answer.").wait_for(timeout=10_000)  # nothing happened at all


def test_a_backup_is_downloaded_opened_and_left_and_a_wrong_address_resets_nothing(page: Any, tmp_path: Path) -> None:
    page.goto(re.sub(r"(:\d+)/.*", r"\1/setup/system/backup.html", page.url))
    save = page.locator('form[action="/setup/system/backup/save"]')
    save.get_by_label("Passphrase", exact=False).nth(0).fill("correct horse battery")
    save.get_by_label("Passphrase again").fill("correct horse battery")
    with page.expect_download() as download:
        save.get_by_role("button", name="Download a backup").click()
    file = tmp_path / "camera.gwbackup"
    download.value.save_as(file)
    opening = page.locator("#open")
    opening.get_by_label("File").set_input_files(str(file))
    opening.get_by_label("Passphrase").fill("wrong horse battery")
    opening.get_by_role("button", name="Open").click()
    opening.get_by_text("the passphrase is wrong").wait_for()
    opening.get_by_label("Passphrase").fill("correct horse battery")
    opening.get_by_role("button", name="Open").click()
    page.get_by_role("heading", name="In this backup").wait_for()
    assert page.get_by_label("Accounts, API tokens and device passwords").is_checked()
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Leave it").click()
    page.get_by_role("heading", name="Restore a backup").wait_for()
    reset = page.locator('form[action="/setup/system/backup/reset"]')
    reset.get_by_label("MAC address").fill("00:00:00:00:00:00")
    reset.get_by_label("Your password").fill("correct horse")
    reset.get_by_role("button", name="Reset and restart").click()
    page.get_by_text("Nothing was reset: MAC address: is not this camera's.").wait_for()


def test_the_programs_are_restarted_from_the_page_and_the_host_starts_again(page: Any, tmp_path: Path) -> None:
    page.goto(re.sub(r"(:\d+)/.*", r"\1/setup/system/firmware.html", page.url))
    page.get_by_label("Yes: no gate opens until it runs again").check()
    page.get_by_role("button", name="Restart").click()
    page.get_by_role("heading", name="The camera starts again").wait_for()
    log = tmp_path / "state" / "logs" / "hostd.log"
    until(lambda: log.read_text().count("listening on ") == 2, "the host has started again", 60)


def test_package_management_lies_below_configuration_applications(page: Any) -> None:
    menu = page.get_by_role("navigation", name="Configuration")
    group = menu.locator("section", has=page.get_by_role("heading", name="Applications"))
    group.get_by_role("link", name="Package management").click()
    page.wait_for_url("**/setup/application/vadp.html")
    assert group.locator("[aria-current=page]").inner_text() == "Package management"
