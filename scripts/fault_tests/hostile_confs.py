"""Hostile manifests: lines of package.conf that no camera may take, though the trusted vendor has signed them."""

from __future__ import annotations

from collections.abc import Mapping

CONFS: Mapping[str, tuple[str, ...]] = {
    "url = /tiny/": ("url = /login/", "url = /API/", "url = /cgi-bin/", "url = /../", "url = //evil/", "url = /tiny/x/",
        "url = /ti ny/", "url = javascript:x", "url = /tiny/\nsocket = pins.sock", "url = /tiny/\nsocket = ../pins.sock",
        "url = /t%69ny/", "url = /tiny/\nsocket = people.sock", "url = /tiny/\nsocket = /run/x.sock", ""),
    "command = tiny": ("command = os;rm", "command = ../tiny", "command = tiny -c x", "command = ", "command = -c"),
    "args = live": ("args = $(reboot)", "args = `id`", "args = " + "x" * 300, "args = 'x' \"y\""),
    "[process.pins]": ("[process.hostd]", "[process.ftp]", "[process.../x]", "[process.Pins]", "[process.]",
        "[process.manager]", "[prozess.pins]"),
    "order = 1": ("order = 2", "order = -1", "order = 1e9", "order = 100", "order = ١", "order = ", "order = 1\norder = 3"),
    "version = 6.0.0": ("version = ６.0.0", "version = 6", "version = 6.0.0 x", "version = 6.0.0\nversion = 7.0.0",
        "version = 6.0.0-<b>", "version = 999999.0", "version ="),
    "name = TINY": ("name = ../TINY", "name = TINY/x", "name = .", "name = ..", "name = ", "name = ТINY",
        "name = " + "T" * 41, "name = TINY\u0000", "name = TI NY"),
    "extendedname = Tiny package": ("extendedname = " + "x" * 41, "extendedname = a\u0007b", "extendedname = a\u202eb"),
    "vendorurl = https://example.invalid/": ("vendorurl = javascript:alert(1)", "vendorurl = https://a b/",
        "vendorurl = https://" + "x" * 200),
    "vendor = Acme": ("vendor = Acme\npostinstall = rm", "vendor = Acme\n[include]\nfile = /etc/passwd",
        "vendor = Acme\n[package]\nname = X"),
    "arch = all": ("arch = ALL", "arch = x86", ""),
    "runmode = respawn": ("runmode = always", "runmode = respawn\ninitscr = /bin/sh", "runmode = respawn\ninitscr = ../x"),
    "min_platform = 1.0.0.0": ("min_platform = 1", "min_platform = ٩.٠", "min_platform = 1.0.0.0.0"),
    "mechanism = none": ("mechanism = shell", "mechanism = %(name)s"),
    "grace_s = 30": ("grace_s = 0", "grace_s = 999999"),
    "silent_s = 15": ("silent_s = nan",),
    "window_s = 1": ("window_s = -1",),
    "failures = 1": ("failures = 101", "failures = 1\nfailures = 2"),
    "format = 1": ("format = 3", "format = ", "format = 01", ""),
    "[health]": ("[" + "x" * 9000 + "]\n[health]", "[a\u0007b]\n[health]", "[process." + "x" * 9000 + "]\n[health]",
        "[Health]", "health]"),
    "[licence]": ("x" * 9000 + " = 1\n[licence]", "a\u0007b = 1\n[licence]", "x" * 9000 + "\n[licence]",
        "[licence]\nno equals sign", "[licence\n"),
    "[package]": ("[PACKAGE]", ""),
}  # fmt: skip
"""{what stands there: what may not stand there instead}"""
