"""Package maker: `python -m vadp_package build | firmware | verify | keygen | licence`; each has --help."""

from __future__ import annotations

import argparse
import base64
import json
import sys
from datetime import date
from pathlib import Path

from board.kit.errors import GatewrightError, PackageError, in_one_line
from firmware.packages.keys import fingerprint, make_pair, public_beside, public_of, public_pem, read_private, read_public
from firmware.packages.licence import licence_bytes
from firmware.packages.manifest import NAME
from firmware.packages.verify import verify
from vadp_package.build import Carry, build, build_firmware, sign
from vadp_package.libraries import ARCHITECTURES, CACHE, PYTHONS

DEFAULT_KEY = Path("~/.config/gatewright/signing.key")


def main(arguments: list[str] | None = None) -> int:
    """0, or 1 with one line on stderr that says why."""
    options = _options().parse_args(arguments)
    try:
        options.act(options)
    except (GatewrightError, OSError) as why:
        print(f"vadp_package: {in_one_line(why)}", file=sys.stderr)
        return 1
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m vadp_package", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    make = commands.add_parser("build", help="builds and signs ANPR-<version>-<arch>.tar.gz; its path is the last line printed")
    make.add_argument("--out", type=Path, required=True, help="folder for the package")
    make.add_argument("--key", type=Path, help=f"signing key (PEM); without it {DEFAULT_KEY} is used, and made when missing")
    make.add_argument("--arch", choices=ARCHITECTURES, help="carries its libraries for this architecture: no network on the camera")
    make.add_argument(
        "--python", choices=PYTHONS, default=PYTHONS[0], help="of the camera, with --arch: 3.11 bookworm, 3.13 trixie"
    )
    make.add_argument("--licensed", action="store_true", help="it reads plates only with a licence (see licence)")
    make.add_argument("--wheels", type=Path, default=CACHE, help=f"where wheels are kept, with --arch (default {CACHE})")
    make.set_defaults(act=_build, builder=build)
    anew = commands.add_parser("sign", help="signs a package that was built elsewhere, whoever signed it before")
    anew.add_argument("package", type=Path)
    anew.add_argument("--out", type=Path, required=True, help="folder for the signed package")
    anew.add_argument("--key", type=Path, default=DEFAULT_KEY)
    anew.set_defaults(act=_sign)
    host = commands.add_parser("firmware", help="builds and signs HOST-<version>-all.tar.gz, the host itself, for System, Firmware")
    host.add_argument("--out", type=Path, required=True, help="folder for the file")
    host.add_argument("--key", type=Path, help="signing key (PEM), as for build")
    host.set_defaults(act=_build, builder=build_firmware)
    look = commands.add_parser("verify", help="checks a package as a camera does and prints what it is, as JSON")
    look.add_argument("package", type=Path)
    look.add_argument("--trust", type=Path, action="append", required=True, help="public key of a vendor")
    look.add_argument("--machine", default="", help="architecture to check against, or any (default: this machine)")
    look.set_defaults(act=_verify)
    keys = commands.add_parser("keygen", help="makes a signing key and, beside it, the .pub file that cameras trust")
    keys.add_argument("--key", type=Path, default=DEFAULT_KEY)
    keys.set_defaults(act=_keygen)
    grant = commands.add_parser("licence", help="writes a licence for one camera, for packages with mechanism = file")
    grant.add_argument("--key", type=Path, default=DEFAULT_KEY)
    grant.add_argument("--package", default="ANPR")
    serial = "the camera's serial number, which Package management shows, or one of its MAC addresses"
    grant.add_argument("--serial", type=_serial, required=True, help=serial)
    grant.add_argument("--expires", default="", help="last valid day, YYYY-MM-DD; without it the licence never ends")
    grant.add_argument("--out", type=Path, required=True, help="file to write")
    grant.set_defaults(act=_licence)
    return parser


def _build(options: argparse.Namespace) -> None:
    path = (options.key or DEFAULT_KEY).expanduser()
    if options.key is None and not path.exists():
        public = _new_pair(path)
        print(f"a new signing key was made: {path} (keep it secret and safe)", file=sys.stderr)
        print(f"cameras trust what it signs with: {public}", file=sys.stderr)
    key = read_private(path)
    public = public_beside(path)
    if not public.exists():
        public.write_bytes(public_pem(public_of(key)))
    if read_public(public) != public_of(key):
        raise PackageError("{public} is not the public key of {key}: move it away", public=public, key=path)
    arch = getattr(options, "arch", None)
    more: dict[str, object] = {"carry": Carry(arch, options.python, options.wheels)} if arch else {}
    if getattr(options, "licensed", False):
        more["licensed"] = True
    built = options.builder(options.out, key, **more)
    print(f"signed with key {fingerprint(public_of(key))[:16]}; public key: {public}", file=sys.stderr)
    print(f"manifest_sha256 {built.manifest_sha256}", file=sys.stderr)
    print(built.path)


def _sign(options: argparse.Namespace) -> None:
    if not options.package.is_file():
        raise PackageError("{package} does not exist", package=options.package)
    print(sign(options.package, read_private(options.key.expanduser()), options.out).path)


def _verify(options: argparse.Namespace) -> None:
    keys = [read_public(path) for path in options.trust]
    if not options.package.is_file():
        raise PackageError("{package} does not exist", package=options.package)
    found = verify(options.package, {fingerprint(key): key for key in keys}, options.machine)
    document = {
        "name": found.manifest.name,
        "version": found.manifest.version,
        "arch": found.manifest.arch,
        "manifest_sha256": found.manifest_sha256,
        "signed_by": found.signed_by,
        "files": len(found.files),
        "unpacked_bytes": found.unpacked_bytes,
    }
    print(json.dumps(document, indent=1))


def _new_pair(path: Path) -> Path:
    public = public_beside(path)
    if public.exists() and not path.exists():  # of another key, perhaps the only copy that somebody has
        raise PackageError("{private} exists already; remove it first if you really want a new key", private=public)
    return make_pair(path)


def _keygen(options: argparse.Namespace) -> None:
    print(_new_pair(options.key.expanduser()))


def _serial(text: str) -> str:
    """As it was copied from a page."""
    if not text.strip():
        raise argparse.ArgumentTypeError("must not be empty")
    return text.strip()


def _licence(options: argparse.Namespace) -> None:
    if not NAME.fullmatch(options.package):
        raise PackageError("{package!r} is not a package name", package=options.package)
    try:
        expires = date.fromisoformat(options.expires).isoformat() if options.expires else ""
    except ValueError as why:
        raise PackageError("--expires {expires!r} is not a day like 2027-12-31", expires=options.expires) from why
    fields = {"package": options.package, "serial": options.serial, "expires": expires}
    signature = read_private(options.key.expanduser()).sign(licence_bytes(**fields))
    document = {"licence": fields, "signature": base64.b64encode(signature).decode()}
    options.out.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    print(options.out)


if __name__ == "__main__":
    sys.exit(main())
