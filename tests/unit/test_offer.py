"""What a request offers to show who asks, and whether a browser was sent by another site."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.auth import _basic_auth_str
from starlette.datastructures import Headers, QueryParams

from pointsman.http.access.keys import digest_of, is_key, new_key
from pointsman.http.access.offer import Key, Offer, Password, Unreadable, cookie_of, offer_of
from pointsman.http.access.origin import is_foreign
from pointsman.model.access import KeyKind

TOKEN, SESSION = new_key(KeyKind.TOKEN), new_key(KeyKind.SESSION)


def offered(query: str = "", **headers: str) -> Offer | None:
    return offer_of(Headers({name.replace("_", "-"): value for name, value in headers.items()}), QueryParams(query))


@pytest.mark.parametrize(
    ("offer", "expected"),
    [
        (offered(), None),
        (offered(authorization="Basic YW5uOnMzY3JldA=="), Password("ann", "s3cret")),
        (offered(authorization="bAsIc  YW5uOmE6Yjo="), Password("ann", "a:b:")),
        (offered(authorization=f"Bearer {TOKEN}"), Key(TOKEN, KeyKind.TOKEN)),
        (offered(f"api-token={TOKEN}"), Key(TOKEN, KeyKind.TOKEN)),
        (offered(f"x=1&auth-token={TOKEN}"), Key(TOKEN, KeyKind.TOKEN)),
        (offered(cookie=f"a=b; pointsman={SESSION}; c"), Key(SESSION, KeyKind.SESSION)),
        (offered(cookie=f'pointsman="{SESSION}"'), Key(SESSION, KeyKind.SESSION)),
        (offered(cookie="other=1"), None),
        # The header goes before the address, that before the cookie.
        (offered("api-token=x", authorization="Basic YTpi", cookie=f"pointsman={SESSION}"), Password("a", "b")),
        (offered(f"api-token={TOKEN}", cookie=f"pointsman={SESSION}"), Key(TOKEN, KeyKind.TOKEN)),
    ],
)
def test_what_is_offered_is_read(offer: Offer | None, expected: Offer | None) -> None:
    assert offer == expected


@pytest.mark.parametrize(
    "offer",
    [
        offered(authorization="Basic"),
        offered(authorization="Basic !!!"),
        offered(authorization="Basic YW5u"),
        offered(authorization="Digest username=ann"),
        offered(authorization=""),
        offered(authorization="Bearer x"),
        # A session's key is a browser's, and not for programs to pass on; and the other way round.
        offered(authorization=f"Bearer {SESSION}"),
        offered(f"api-token={SESSION}"),
        offered(cookie=f"pointsman={TOKEN}"),
        # What is wrong is wrong, whatever else is there.
        offered(authorization="Bearer x", cookie=f"pointsman={SESSION}"),
    ],
)
def test_what_cannot_be_meant_shows_nothing(offer: Offer | None) -> None:
    assert isinstance(offer, Unreadable)


@given(st.text(st.characters(exclude_characters=":", codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_basic_comes_back_as_it_was_given(login: str, password: str) -> None:
    text = b64encode(f"{login}:{password}".encode()).decode()
    assert offered(authorization=f"Basic {text}") == Password(login, password)


def test_basic_of_clients_that_know_only_latin_1_is_read_too() -> None:
    assert offered(authorization=_basic_auth_str("ann", "Größe")) == Password("ann", "Größe")


@given(st.text())
def test_no_header_breaks_anything(text: str) -> None:
    headers = {"authorization": text, "cookie": text}
    assert offer_of(headers, {}) is not None


def test_no_offer_shows_its_secret_when_it_is_printed() -> None:
    shown = repr([offered(authorization="Basic YW5uOnMzY3JldA=="), offered(authorization=f"Bearer {TOKEN}")])
    assert "s3cret" not in shown
    assert TOKEN not in shown


def test_keys_are_all_different_long_and_known_by_their_kind() -> None:
    keys = {new_key(KeyKind.TOKEN) for _ in range(1_000)}
    assert len(keys) == len({digest_of(key) for key in keys}) == 1_000
    assert all(is_key(key, KeyKind.TOKEN) and not is_key(key, KeyKind.SESSION) and len(key) == 47 for key in keys)


def test_a_session_s_cookie_is_not_for_scripts_nor_for_other_sites() -> None:
    cookie = cookie_of(SESSION, seconds=60, secure=True)
    assert cookie == f"pointsman={SESSION}; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure"
    assert "Secure" not in cookie_of(SESSION, seconds=60, secure=False)
    assert cookie_of("", seconds=60, secure=False).startswith("pointsman=; Path=/; Max-Age=0")


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "cross-site", "origin": "http://gw:8080", "host": "gw:8080"}, True),
        ({"origin": "http://gw:8080", "host": "gw:8080"}, False),
        ({"origin": "http://GW:8080", "host": "gw:8080"}, False),
        ({"origin": "https://gw", "host": "gw:443"}, False),
        ({"origin": "http://[::1]:8080", "host": "[::1]:8080"}, False),
        ({"origin": "http://gw:8081", "host": "gw:8080"}, True),
        ({"origin": "https://evil.example", "host": "gw:8080"}, True),
        ({"origin": "null", "host": "gw:8080"}, True),
        ({"origin": "", "host": ""}, True),
        ({"origin": "http://gw:x", "host": "gw:8080"}, True),
        ({"origin": "http://gw:8080"}, True),
    ],
)
def test_a_page_of_another_site_is_known(headers: dict[str, str], foreign: bool) -> None:
    assert is_foreign("POST", headers) is foreign
    assert is_foreign("GET", headers) is False
