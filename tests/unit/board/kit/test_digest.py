"""Digest: the vectors of RFC 7616 and RFC 2617, and challenges as real servers write them."""

from __future__ import annotations

import hashlib
import re

import pytest

from board.kit.digest import answer, is_stale

RFC7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def parts(header: str) -> dict[str, str]:
    assert header.startswith("Digest ")
    return {name: quoted or plain for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^,\s]+))', header)}


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616_are_answered_as_it_says(algorithm: str, response: str) -> None:
    said = parts(answer([RFC7616.format(algorithm)], "GET", "/dir/index.html", b"", "Mufasa", "Circle of Life", CNONCE))
    assert (said["response"], said["qop"], said["nc"], said["algorithm"]) == (response, "auth", "00000001", algorithm)
    assert (said["username"], said["uri"], said["opaque"]) == (
        "Mufasa",
        "/dir/index.html",
        "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
    )


def test_the_stronger_of_two_challenges_is_answered_wherever_they_stand() -> None:
    both = ["Basic realm=x", RFC7616.format("MD5"), RFC7616.format("SHA-256")]
    assert parts(answer(both, "GET", "/", b"", "a", "b"))["algorithm"] == "SHA-256"
    assert parts(answer([", ".join(both)], "GET", "/", b"", "a", "b"))["algorithm"] == "SHA-256"


def test_a_server_of_rfc_2069_gets_no_qop() -> None:
    said = parts(
        answer(['Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'], "GET", "/", b"", "a", "b")
    )
    assert {"qop", "nc", "cnonce", "algorithm"} & set(said) == set()


def test_a_password_beyond_latin_1_and_a_name_with_quotes_are_sent_whole() -> None:
    header = answer(['Digest realm="r \\"x\\"", nonce="n", qop="auth"'], "GET", "/", b"", 'a"b', "päss中", CNONCE)
    assert 'username="a\\"b"' in header and 'realm="r \\"x\\""' in header


def test_a_challenge_that_we_cannot_meet_gets_no_answer() -> None:
    assert (
        answer(['Basic realm="r"', "Negotiate", 'Digest realm="r", nonce="n", algorithm=SHA-1024'], "GET", "/", b"", "a", "b") == ""
    )


def test_a_session_of_an_algorithm_differs_from_the_algorithm() -> None:
    said = [parts(answer([RFC7616.format(each)], "GET", "/", b"", "a", "b", CNONCE))["response"] for each in ("MD5", "MD5-sess")]
    assert said[0] != said[1]


def test_a_stale_nonce_is_told_from_a_wrong_password() -> None:
    assert is_stale(['Digest realm="r", nonce="n", stale=TRUE'])
    assert not is_stale(['Digest realm="r", nonce="n", stale=false', 'Basic realm="stale=true"'])


def test_names_of_any_letters_are_hashed_as_the_bytes_that_go_and_came() -> None:
    """http.client gives and takes headers as Latin-1: a realm in UTF-8 comes with a character for each byte."""
    realm = "Überwachung".encode().decode("latin-1")
    header = answer([f'Digest realm="{realm}", nonce="n"'], "GET", "/", b"", "Łukasz", "größe", CNONCE)
    said = parts(header)
    first = hashlib.md5("Łukasz:Überwachung:größe".encode()).hexdigest()
    second = hashlib.md5(b"GET:/").hexdigest()
    assert said["response"] == hashlib.md5(f"{first}:n:{second}".encode()).hexdigest()
    assert said["username"].encode("latin-1").decode() == "Łukasz" and said["realm"] == realm


def test_a_header_that_is_one_long_word_is_no_work_and_neither_is_what_follows_very_much() -> None:
    """A server that was asked would have held the process that opens the gate for minutes: each character began a name."""
    word = "a" * 1_000_000
    assert not is_stale([word, f"{word}=", f'Digest realm="r", {word}, stale=true'])
    assert is_stale([f'{"a" * 1000}, Digest realm="r", nonce="n", stale=true'])
