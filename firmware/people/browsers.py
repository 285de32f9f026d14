"""Browsers: what a browser calls itself, in words that a person knows."""

from __future__ import annotations

BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
"""(part of a User-Agent, browser): the first that is there counts, as each also names those that it wants to be taken for."""

SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def browser_of(agent: str) -> str:
    """ "Firefox, Windows" of a User-Agent (RFC 9110, section 10.1.5), a stranger's text; that text where it says neither."""
    found = [next((name for part, name in known if part in agent), "") for known in (BROWSERS, SYSTEMS)]
    return ", ".join(name for name in found if name) or agent
