"""Hostile packages: one right package, changed in some forty ways that a camera must refuse, and in some that must change nothing.

Each way is a function of `KINDS` or `UNSIGNED`: it takes a random generator and returns an archive with the words that the refusal
must have. Those of `KINDS` are a stranger's (the signature does not fit, or the archive is more than it), a vendor's own mistakes
(signed with the trusted key), and attacks on whoever reads the archive. Those of `UNSIGNED` change what nobody signs.
"""

from __future__ import annotations

import gzip
import random
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from firmware.packages.verify import MAX_MEMBERS, signed_bytes, this_machine
from scripts.fault_tests.hostile_confs import CONFS
from scripts.fault_tests.tar_entries import BLOCK, Entry, archive, entries, pax, zipped
from tests.tiny_package import KEY, OTHER_KEY, contents

VERSION = "6.0.0"
"""Of the package that is changed: newer than the one that is installed."""

OLDER = ("5.9.9", "5.0.0", "4.2.0", "1.0.0", "0.0.1", "5.9.9.99", "5.99.0-rc9")
"""Versions that the camera, which had INSTALLED, must not take."""

INSTALLED = "6.0.0"
DAMAGED = (
    r"not a package, or cut off or damaged on its way|cut off|has no size|something follows the end|too large|unpacks to more than"
)
UNTRUSTED = r"signature is not one of a trusted vendor"
PATH = r"path leads out of the package|absolute or foreign path|file name is too long"
NO_FILE = r"is neither a file nor a folder"
CONF = r"^package\.conf"


@dataclass(frozen=True, slots=True)
class Hostile:
    """An archive, and the regular expression that the refusal's text must hold. `maybe_none`: chance may have hit bits alone that
    nobody signs (gzip's time, the spare bits of its last byte): then the package is the right one, and is no mutated one."""

    data: bytes
    reason: str
    maybe_none: bool = False


@cache
def right() -> Mapping[str, bytes]:
    """The package that is changed."""
    return contents(VERSION, files={"lib/tiny/table.bin": bytes(range(256)) * 8})


def signed(
    files: Mapping[str, bytes] = {}, key: Ed25519PrivateKey = KEY, conf: Callable[[str], str] = lambda text: text
) -> dict[str, bytes]:
    """The same, changed and signed again."""
    return contents(VERSION, files={"lib/tiny/table.bin": b"", **files}, conf=conf, key=key)


def _with(*more: Entry, reason: str) -> Hostile:
    """The right package with members behind (what comes first is what is judged first, so the reason is theirs)."""
    return Hostile(archive([*entries(right()), *more]), reason)


def _before(*more: Entry, reason: str) -> Hostile:
    return Hostile(archive([*more, *entries(right())]), reason)


def _somewhere(chance: random.Random, more: list[Entry], reason: str) -> Hostile:
    members = entries(right())
    at = chance.randrange(len(members) + 1)
    return Hostile(archive([*members[:at], *more, *members[at:]]), reason)


# --- damage on the way ------------------------------------------------------------------------------------------------


def flipped_bits(chance: random.Random) -> Hostile:
    """1 to 8 bits of the uploaded file."""
    data = bytearray(archive(entries(right())))
    for _ in range(chance.choice((1, 1, 1, 2, 4, 8))):
        at = chance.randrange(len(data) * 8)
        data[at // 8] ^= 1 << at % 8
    return Hostile(bytes(data), rf"{DAMAGED}|{PATH}|{UNTRUSTED}", True)


def truncated(chance: random.Random) -> Hostile:
    data = archive(entries(right()))
    return Hostile(data[: chance.randrange(len(data))], DAMAGED + "|missing in the package")


def mangled(chance: random.Random) -> Hostile:
    """A piece is missing, doubled, moved, zeroed or random."""
    data = archive(entries(right()))
    a, b = sorted(chance.sample(range(len(data)), 2))
    piece = data[a:b]
    other = chance.choice((b"", piece * 2, bytes(len(piece)), chance.randbytes(len(piece)), piece[::-1]))
    return Hostile(data[:a] + other + data[b:], DAMAGED, True)


def flipped_below_the_gzip(chance: random.Random) -> Hostile:
    """Bits of the tar itself, with gzip's checksum right again."""
    raw = bytearray(gzip.decompress(archive(entries(right()))))
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(len(raw) * 8)
        raw[at // 8] ^= 1 << at % 8
    return Hostile(zipped(bytes(raw)), rf"{DAMAGED}|{UNTRUSTED}|damaged or changed|missing in the package|not named in", True)


def truncated_below_the_gzip(chance: random.Random) -> Hostile:
    raw = b"".join(entry.blocks() for entry in entries(right()))
    cut = raw[: chance.randrange(len(raw) - BLOCK)]
    return Hostile(zipped(cut), DAMAGED + "|missing in the package|named in package.sha256 but missing")


def garbage(chance: random.Random) -> Hostile:
    data = chance.randbytes(chance.choice((0, 1, 10, 18, 512, 10_240)))
    return Hostile(
        chance.choice((data, zipped(data), b"\x1f\x8b\x08" + data, zipped(data * 20))), DAMAGED + "|missing in the package"
    )


def something_behind(chance: random.Random) -> Hostile:
    data, more = archive(entries(right())), chance.randbytes(chance.randrange(1, 2000))
    behind = chance.choice((more, zipped(more), data, zipped(bytes(700) + more)))
    return Hostile(data + behind, DAMAGED)


# --- names and kinds --------------------------------------------------------------------------------------------------

PATHS = (
    "../out",
    "../../out",
    "lib/../../out",
    "lib/tiny/../../../out",
    "/etc/passwd",
    "//etc/passwd",
    "/",
    "..",
    ".",
    "./x",
    "lib/./x",
    "lib//x",
    "lib/x/",
    "lib\\..\\..\\out",
    "C:\\out",
    "C:/out/\\x",
    "lib/..\\x",
    "\\\\host\\share",
    "~/../out",
    "a/" * 20 + "x",
    "lib/" + "x" * 80 + "/" * 3,
)
ODD = (
    "é",
    "lib/\u202egp.exe",
    "lib/\u2024\u2024/x",
    "lib/．．/x",
    "lib/\u0000x",
    "lib/a\nb",
    "lib/a\rb",
    "lib/\x1b[2J",
    "lib/\x7f",
    "lib/ﬁ",
    "lib/e\u0301",
    "lib/\u200bx",
)


def leading_out(chance: random.Random) -> Hostile:
    name = chance.choice(PATHS).encode()
    if chance.random() < 0.3:  # in the field that USTAR puts before the name
        head, _, tail = name.rpartition(b"/")
        return _somewhere(
            chance, [Entry(tail or b"x", b"x", prefix=head or b"..")], PATH + "|both a file and a folder|not named in"
        )
    return _somewhere(chance, [Entry(name, b"x")], PATH + "|both a file and a folder|not named in")


def odd_name(chance: random.Random) -> Hostile:
    name = chance.choice(ODD)
    raw = name.encode() if chance.random() < 0.7 else name.encode("utf-16-le")[:90] + b"\xff\xfe"
    return _somewhere(chance, [Entry(raw, b"x")], PATH + "|not named in|both a file and a folder|twice in the package")


def long_name(chance: random.Random) -> Hostile:
    long = "/".join("x" * chance.randrange(1, 250) for _ in range(chance.choice((1, 3, 30))))
    long += "x" * chance.choice((250, 300, 4_000, 70_000))
    return _somewhere(chance, _named_by(chance, long.encode(), Entry(b"short", b"x")), PATH)


def signed_leading_out(chance: random.Random) -> Hostile:
    """The vendor's own list names it too."""
    name = chance.choice(PATHS)
    return Hostile(archive(entries(signed({name: b"x"}))), PATH + "|malformed or repeats|both a file and a folder|missing in")


def file_and_folder(chance: random.Random) -> Hostile:
    name = chance.choice((b"LICENSE/x", b"package.conf/x", b"initscr/x/y", b"lib", b"lib/tiny", b"LICENSE/../out"))
    return _somewhere(chance, [Entry(name, b"x")], rf"both a file and a folder|{PATH}")


def twice(chance: random.Random) -> Hostile:
    """The same name, or one that differs in the size of letters: with the signed content, with another, before or behind it."""
    name = chance.choice(list(right()))
    shown = chance.choice((name, name.upper(), name.title(), name.swapcase()))
    data = chance.choice((right()[name], b"evil", b""))
    wrong = r"twice in the package|both a file and a folder"
    return _somewhere(chance, [Entry(shown.encode(), data)], wrong)


def links(chance: random.Random) -> Hostile:
    """Symbolic and hard ones, to inside and outside, chains of them, and files through them."""
    target = chance.choice(
        (b"/etc/passwd", b"../../../../etc", b"..", b".", b"package.conf", b"lib/odd", b"/", b"/proc/self/root", b"x" * 100)
    )
    kind = chance.choice((b"1", b"2"))
    first = Entry(b"lib/odd", link=target, kind=kind, data=chance.choice((b"", b"data of a link")))
    more = chance.choice(
        ([], [Entry(b"lib/odd/through", b"x")], [Entry(b"lib/next", link=b"lib/odd", kind=kind)], [Entry(b"lib/odd", b"x")])
    )
    return _somewhere(chance, [first, *more], r"is a link")


def devices(chance: random.Random) -> Hostile:
    kind = chance.choice((b"3", b"4", b"6", b"7"))
    size = None if kind != b"7" else b"%011o\0" % 0
    return _somewhere(chance, [Entry(b"lib/odd", kind=kind, size=size, device=b"0000001\x000000003\0")], rf"{NO_FILE}|not named in")


def unknown_kinds(chance: random.Random) -> Hostile:
    kind = bytes(
        [
            chance.choice(
                [each for each in range(256) if bytes([each]) not in (b"0", b"\0", b"1", b"2", b"5", b"x", b"X", b"g", b"K")]
            )
        ]
    )
    return _somewhere(chance, [Entry(b"lib/odd", b"x" * chance.choice((0, 1, 600)), kind=kind)], ".")


def setuid(chance: random.Random) -> Hostile:
    return _somewhere(
        chance, [Entry(b"lib/odd", b"x", mode=0o755 | chance.choice((0o4000, 0o2000, 0o1000, 0o7000)))], r"setuid, setgid or sticky"
    )


# --- extended headers -------------------------------------------------------------------------------------------------


def _named_by(chance: random.Random, name: bytes, member: Entry) -> list[Entry]:
    """`member` under a name that its own header does not tell."""
    if chance.random() < 0.5:
        return [pax({b"path": name}), member]
    return [Entry(b"././@LongLink", name + b"\0", kind=b"L"), member]


def named_elsewhere(chance: random.Random) -> Hostile:
    """A harmless name in the header, another in the extended one."""
    name = chance.choice(PATHS).encode()
    return _somewhere(chance, _named_by(chance, name, Entry(b"lib/odd", b"x")), PATH + "|both a file and a folder|not named in")


def link_by_extension(chance: random.Random) -> Hostile:
    more = chance.choice((pax({b"linkpath": b"/etc/passwd"}), Entry(b"././@LongLink", b"/etc/passwd\0", kind=b"K")))
    return _somewhere(chance, [more, Entry(b"lib/odd", link=b"x", kind=chance.choice((b"1", b"2")))], r"is a link")


def pax_sparse(chance: random.Random) -> Hostile:
    """Small in the archive, as large as they like on the disk."""
    words = chance.choice(
        (
            {b"GNU.sparse.map": b"0,1", b"GNU.sparse.size": b"900000000", b"GNU.sparse.numblocks": b"1"},
            {
                b"GNU.sparse.major": b"1",
                b"GNU.sparse.minor": b"0",
                b"GNU.sparse.name": b"../out",
                b"GNU.sparse.realsize": b"900000000000",
            },
            {b"GNU.sparse.major": b"0", b"GNU.sparse.minor": b"1", b"GNU.sparse.map": b"0,1,5,x", b"GNU.sparse.size": b"5"},
            {b"GNU.sparse.size": b"12", b"GNU.sparse.offset": b"-5", b"GNU.sparse.numbytes": b"99999999999999999999"},
            {b"GNU.sparse.map": b"0,1," * 2000 + b"5", b"GNU.sparse.size": b"5"},
            {b"GNU.sparse.major": b"1", b"GNU.sparse.minor": b"0"},
        )
    )
    data = chance.choice((b"1\n0\n1\n".ljust(BLOCK, b"\0") + b"x", b"99999\n", b"x\n", b"-1\n0\n", b"\0" * BLOCK, b"9" * 2000))
    return _somewhere(chance, [pax(words), Entry(b"lib/odd", data)], rf"{NO_FILE}|{DAMAGED}|{PATH}|not named in|has no size")


def gnu_sparse(chance: random.Random) -> Hostile:
    member = bytearray(Entry(b"lib/odd", b"x" * BLOCK, kind=b"S", magic=b"ustar  \0").blocks())
    fields = b"%011o\0%011o\0" % (chance.choice((0, 1 << 33)), chance.choice((1, 1 << 32)))
    member[386 : 386 + len(fields)] = fields
    member[482] = chance.choice((0, 1))  # "more follow"
    member[483:495] = chance.choice((b"%011o\0" % (1 << 32), b"\x80" + b"\xff" * 11, b"no number!!!"))
    member[148:156] = b" " * 8
    member[148:156] = b"%06o\0 " % sum(member[:BLOCK])
    blocks = [entry.blocks() for entry in entries(right())]
    return Hostile(zipped(b"".join([*blocks, bytes(member), bytes(2 * BLOCK)])), rf"{NO_FILE}|{DAMAGED}")


def pax_numbers(chance: random.Random) -> Hostile:
    """Sizes and times that are none."""
    key = chance.choice((b"size", b"mtime", b"uid", b"size"))
    value = chance.choice(
        (b"-1", b"99999999999999999999", b"1e400", b"nan", b"0x10", b"", b"1" * 5000, "１".encode(), b"600000000")
    )
    if key != b"size":
        return _somewhere(chance, [pax({key: value}), Entry(b"lib/odd", b"x")], rf"{DAMAGED}|not named in")
    return _somewhere(chance, [pax({key: value}), Entry(b"lib/odd", b"x")], rf"{DAMAGED}|not named in|has no size|too large")


def malformed_pax(chance: random.Random) -> Hostile:
    text = chance.choice(
        (
            b"99999999 path=x\n",
            b"0 path=x\n",
            b"-5 path=x\n",
            b"path=x\n",
            b"12 path\n",
            b"\xff\xfe",
            b"5 =\n",
            b"11 path=\xff\xff\n",
            b"30 hdrcharset=BINARY\n" * 3,
        )
    )
    kind = chance.choice((b"x", b"g", b"X"))
    return _somewhere(chance, [Entry(b"p", text, kind=kind), Entry(b"lib/odd", b"x")], rf"{DAMAGED}|not named in|{PATH}|twice in")


def chained_headers(chance: random.Random) -> Hostile:
    """Extended headers that only announce further ones."""
    one = chance.choice((pax({b"comment": b"x"}), Entry(b"././@LongLink", b"x\0", kind=b"L"), pax({b"comment": b"x"}, b"g")))
    return _somewhere(
        chance, [one] * chance.choice((2, 300, 1500, 4000)) + [Entry(b"lib/odd", b"x")], rf"{DAMAGED}|not named in|header"
    )


def global_header(chance: random.Random) -> Hostile:
    """It would rename every member after it."""
    words = chance.choice(({b"path": b"../out"}, {b"size": b"0"}, {b"path": b"LICENSE"}))
    return _before(pax(words, b"g"), reason=rf"{PATH}|twice in the package|{DAMAGED}|missing|changed|{UNTRUSTED}|is both")


# --- bombs ------------------------------------------------------------------------------------------------------------


def huge_declared(chance: random.Random) -> Hostile:
    """A size that is not there: octal, binary, negative, with letters."""
    size = chance.choice(
        (
            b"77777777777\0",
            b"77777777777 ",
            b"\x80" + struct.pack(">3xQ", 1 << 40),
            b"\x80" + b"\xff" * 11,
            b"\xff" * 12,
            b"-0000000001\0",
            b"0x200      \0",
            b"99999999999\0",
            b"           \0",
            b"4000000000\0 ",
        )
    )
    return _somewhere(chance, [Entry(b"lib/odd", b"x", size=size)], rf"{DAMAGED}|not named in|unpacks to more|twice|{PATH}")


def many_members(chance: random.Random) -> Hostile:
    count = MAX_MEMBERS + chance.choice((1, 100, 3000))
    kind = chance.choice((b"0", b"5"))
    return Hostile(
        archive([Entry(b"lib/%d" % number, kind=kind) for number in range(count)]),
        r"holds more than \d+ files|folder without files",
    )


def _before_zeros(head: bytes, megabytes: int) -> bytes:
    """`head` and so many MB of zeros, zipped: each MB that begins anew (a full flush) is packed into the same bytes."""
    packer = zlib.compressobj(9, wbits=-15)
    first = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    megabyte = bytes(1 << 20)
    packed = packer.compress(megabyte) + packer.flush(zlib.Z_FULL_FLUSH)
    check = zlib.crc32(head)
    for _ in range(megabytes):
        check = zlib.crc32(megabyte, check)
    end = struct.pack("<LL", check, (len(head) + (megabytes << 20)) & 0xFFFFFFFF)
    return b"\x1f\x8b\x08" + bytes(6) + b"\xff" + first + packed * megabytes + packer.flush() + end


@cache
def _zeros(megabytes: int) -> bytes:
    """Of a tar's one member, zipped."""
    return _before_zeros(Entry(b"lib/zeros", size=b"%011o\0" % (megabytes << 20)).blocks(), megabytes)


def zeros(chance: random.Random) -> Hostile:
    """A few hundred kB that unpack to more than the limit."""
    return Hostile(_zeros(chance.choice((513, 600, 900))), r"unpacks to more than|too large")


@cache
def _tail(megabytes: int) -> bytes:
    return _before_zeros(b"".join(entry.blocks() for entry in entries(right())), megabytes)


def zeros_behind(chance: random.Random) -> Hostile:
    return Hostile(_tail(600), r"unpacks to more than")


def many_gzip_members(chance: random.Random) -> Hostile:
    """An empty gzip stream, thousands of times."""
    return Hostile(zipped(b"") * chance.choice((2_000, 50_000)) + archive(entries(right())), r".")


def long_gzip_header(chance: random.Random) -> Hostile:
    """A file name or comment before the data that does not end."""
    flag = chance.choice((8, 16))
    return Hostile(b"\x1f\x8b\x08" + bytes([flag]) + bytes(6) + b"x" * chance.choice((100_000, 2_000_000)), r".")


def large_header(chance: random.Random) -> Hostile:
    kind = chance.choice((b"x", b"g", b"L", b"K"))
    size = chance.choice((2 << 20, 1 << 32, 8 << 30))
    field = b"%011o\0" % size if size < 8 << 30 else b"\x80" + struct.pack(">3xQ", size)
    return _somewhere(chance, [Entry(b"p", b"x" * 2000, kind=kind, size=field)], rf"header in the archive is too large|{DAMAGED}")


# --- signature and hashes ---------------------------------------------------------------------------------------------


def changed_file(chance: random.Random) -> Hostile:
    members = dict(right())
    name = chance.choice([each for each in members if not each.startswith("package.")])
    data = bytearray(members[name]) or bytearray(b"x")
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    members[name] = bytes(data) if chance.random() < 0.7 else members[name] + b"\0"
    return Hostile(archive(entries(members)), r"damaged or changed, its SHA-256")


def changed_signed_part(chance: random.Random) -> Hostile:
    members = dict(right())
    name = chance.choice(("package.conf", "package.sha256", "package.sig"))
    data = bytearray(members[name])
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    members[name] = chance.choice((bytes(data), members[name] + b"\n", members[name][:-1], b"", members[name][::-1]))
    return Hostile(archive(entries(members)), rf"{UNTRUSTED}|too large")


def changed_file_and_hash(chance: random.Random) -> Hostile:
    """As somebody without the key would do it."""
    evil = signed({"lib/tiny/table.bin": chance.randbytes(20)}, OTHER_KEY)
    if chance.random() < 0.5:
        evil["package.sig"] = chance.choice((right()["package.sig"], bytes(64), chance.randbytes(64)))
    return Hostile(archive(entries(evil)), UNTRUSTED)


def signature_of_another(chance: random.Random) -> Hostile:
    """Parts of two packages of the trusted vendor."""
    other, members = contents("7.0.0"), dict(right())
    for name in chance.sample(("package.conf", "package.sha256", "package.sig"), chance.choice((1, 2))):
        members[name] = other[name]
    return Hostile(archive(entries(members)), UNTRUSTED)


def missing(chance: random.Random) -> Hostile:
    members = dict(right())
    del members[chance.choice(list(members))]
    return Hostile(archive(entries(members)), r"missing in the package")


def unlisted(chance: random.Random) -> Hostile:
    name = chance.choice(
        (
            "lib/evil.py",
            "evil",
            "lib/tiny/evil.so",
            "package.conf.new",
            "A/package.conf",
            "current",
            "record.json",
            "lib/tiny/__pycache__/__main__.cpython-311.pyc",
        )
    )
    return _somewhere(chance, [Entry(name.encode(), b"x")], r"not named in package\.sha256|bytecode is not taken")


def odd_hash_list(chance: random.Random) -> Hostile:
    """Signed by the vendor, but no list."""
    text = right()["package.sha256"].decode()
    lines = text.splitlines()
    change: Callable[[], str] = chance.choice(
        (
            lambda: text.upper(),
            lambda: text.replace("  ", " "),
            lambda: text.replace("\n", "\r\n"),
            lambda: text + text,
            lambda: "\ufeff" + text,
            lambda: text + "\n",
            lambda: text.replace("LICENSE", "../LICENSE"),
            lambda: text + "0" * 64 + "  /etc/passwd\n",
            lambda: "",
            lambda: text + "0" * 64 + "  \n",
            lambda: "\n".join(lines[1:]) + "\n",
            lambda: text.replace("initscr", "initscr\u2028x"),
            lambda: text + "0" * 64 + "  package.conf\n",
            lambda: text + "\0",
        )
    )
    return Hostile(
        archive(entries(_resigned({"package.sha256": change().encode()}))), r"package\.sha256: |missing in the package|not named in"
    )


def _resigned(changes: Mapping[str, bytes]) -> dict[str, bytes]:
    members = {**right(), **changes}
    return {**members, "package.sig": KEY.sign(signed_bytes(members["package.conf"], members["package.sha256"]))}


# --- what a vendor may not write --------------------------------------------------------------------------------------


def wrong_machine(chance: random.Random) -> Hostile:
    others = [each for each in ("aarch64", "armv7l", "x86_64") if each != this_machine()]
    arch = chance.choice(others)
    return Hostile(
        archive(entries(signed(conf=lambda text: text.replace("arch = all", f"arch = {arch}")))), rf"the package is for {arch}"
    )


def newer_platform(chance: random.Random) -> Hostile:
    wanted = chance.choice(("99.0", "1.99.0.0", "1.3.2.1", "99999.99999.99999.99999"))
    return Hostile(
        archive(entries(signed(conf=lambda text: text.replace("min_platform = 1.0.0.0", f"min_platform = {wanted}")))),
        r"needs platform",
    )


def replayed_older(chance: random.Random) -> Hostile:
    """Rightly signed, once."""
    return Hostile(archive(entries(contents(chance.choice(OLDER)))), r"is older than 6\.0\.0.*takes no older versions")


def taken_place(chance: random.Random) -> Hostile:
    """Path, socket or process of the package that is installed beside it."""
    change = chance.choice(
        (
            lambda text: text.replace("url = /tiny/", "url = /other/"),
            lambda text: text.replace("[process.manager]", "[process.elsewhere]"),
        )
    )
    return Hostile(archive(entries(signed(conf=change))), r"belongs to OTHER|OTHER runs a process")


def odd_conf(chance: random.Random) -> Hostile:
    """The vendor's own, but not what a camera runs."""
    old = chance.choice([*CONFS])
    new = chance.choice(CONFS[old])

    def change(text: str) -> str:
        assert old in text, old
        return text.replace(old, new, 1)

    return Hostile(archive(entries(signed(conf=change))), CONF)


def no_conf(chance: random.Random) -> Hostile:
    data = chance.choice(
        (
            b"",
            b"\xff\xfe[\0p\0",
            b"\0" * 100,
            b"[package]\n" * 1000,
            b"[" * 60_000,
            b"=" * 1000,
            b"\xef\xbb\xbf[package]\n",
            b"a=1\n" * 100,
            b"\xc3\x28",
        )
    )
    return Hostile(archive(entries(_resigned({"package.conf": data}))), CONF)


KINDS: Mapping[str, tuple[Callable[[random.Random], Hostile], float]] = {
    each.__name__: (each, often)
    for each, often in (
        (flipped_bits, 20.0), (truncated, 6.0), (mangled, 6.0), (flipped_below_the_gzip, 10.0),
        (truncated_below_the_gzip, 3.0), (garbage, 1.0), (something_behind, 1.0), (leading_out, 4.0), (odd_name, 3.0),
        (long_name, 2.0), (signed_leading_out, 2.0), (file_and_folder, 1.0), (twice, 3.0), (links, 4.0), (devices, 2.0),
        (unknown_kinds, 2.0), (setuid, 1.0), (named_elsewhere, 3.0), (link_by_extension, 1.0), (pax_sparse, 3.0),
        (gnu_sparse, 2.0), (pax_numbers, 2.0), (malformed_pax, 2.0), (chained_headers, 0.5), (global_header, 1.0),
        (huge_declared, 3.0), (many_members, 0.1), (zeros, 0.1), (zeros_behind, 0.1), (many_gzip_members, 0.1),
        (long_gzip_header, 0.1), (large_header, 1.0), (changed_file, 4.0), (changed_signed_part, 4.0),
        (changed_file_and_hash, 2.0), (signature_of_another, 2.0), (missing, 1.0), (unlisted, 2.0), (odd_hash_list, 2.0),
        (wrong_machine, 1.0), (newer_platform, 1.0), (replayed_older, 2.0), (taken_place, 1.0), (odd_conf, 8.0),
        (no_conf, 1.0),
    )
}  # fmt: skip
"""{name: (what makes one, how often beside the others)}"""


# --- what nobody signs ------------------------------------------------------------------------------------------------


def other_metadata(chance: random.Random) -> bytes:
    """Modes, owners, times, fields that files do not have."""
    odd = {
        "mode": chance.choice((0, 0o777, 0o600)),
        "uid": chance.randrange(1 << 20),
        "uname": chance.choice((b"", b"root", b"\xff")),
        "mtime": chance.randrange(1 << 32),
    }
    odd |= {
        "link": chance.choice((b"", b"/etc/passwd")),
        "device": chance.choice((bytes(16), b"0000001\x000000003\0")),
        "padding": bytes([chance.randrange(256)]),
    }
    return archive([Entry(name.encode(), data, **odd) for name, data in right().items()])  # type: ignore[arg-type]


def other_order(chance: random.Random) -> bytes:
    members = entries(right())
    chance.shuffle(members)
    return archive(members, end=bytes(BLOCK * chance.choice((2, 3, 20))))


def folders_too(chance: random.Random) -> bytes:
    folders = [Entry(name, kind=b"5", mode=chance.choice((0o755, 0o700, 0o777))) for name in (b"lib", b"lib/tiny")]
    return archive([*folders, *entries(right())])


def comments(chance: random.Random) -> bytes:
    words = chance.choice(
        (
            {b"comment": b"x" * 5000},
            {b"mtime": b"1.5"},
            {b"linkpath": b"/etc"},
            {b"SCHILY.xattr.security.capability": b"x"},
            {b"uname": b"root"},
        )
    )
    if chance.random() < 0.3:
        return archive([pax(words, b"g"), *entries(right())])
    return archive([each for entry in entries(right()) for each in (pax(words), entry)])


def other_packing(chance: random.Random) -> bytes:
    """As another gzip writes it: level, time, system, file name."""
    raw = gzip.decompress(archive(entries(right())))
    data = bytearray(gzip.compress(raw, chance.randrange(10), mtime=chance.randrange(1 << 32)))
    data[9] = chance.randrange(256)
    if chance.random() < 0.5:
        data[3] |= 8
        data[10:10] = b"TINY.tar\0"
    return bytes(data)


UNSIGNED = (other_metadata, other_order, folders_too, comments, other_packing)
