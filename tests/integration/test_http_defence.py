"""What a stranger on the network finds: a throttle, limits of size, and answers that lead no browser astray."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from servers.api import LOGIN, PASSWORD, Site, served
from servers.certificates import Certificates

PLANT = "objects:\n  - {id: pump, name: Pump}\n"
CURRENT = "/node/api/users/current"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    settings = {"HTTP__MAX_BODY": "4096", "HTTP__PROXIES": '["127.0.0.1"]'}
    with served(tmp_path_factory.mktemp("defence"), configuration=PLANT, settings=settings) as found:
        yield found


def raw(site: Site, data: bytes) -> bytes:
    """What is answered to these bytes."""
    parts = urlsplit(site.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
        connection.sendall(data)
        answer = b""
        while chunk := connection.recv(65_536):
            answer += chunk
            head, _, body = answer.partition(b"\r\n\r\n")
            length = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
            if length and len(body) >= int(length[0]):
                break
        return answer


def come_from(address: str) -> dict[str, str]:
    """The header by which a proxy that is believed tells where somebody is."""
    return {"X-Forwarded-For": address}


def test_whoever_guesses_is_told_to_wait_and_nobody_else(site: Site) -> None:
    address = site.url + CURRENT
    statuses = []
    for n in range(30):
        answer = requests.get(address, auth=(f"guess-{n}", "x"), headers=come_from("192.0.2.7"), timeout=20)
        statuses.append(answer.status_code)
        if answer.status_code == 429:
            assert int(answer.headers["Retry-After"]) >= 1
            assert answer.json()["code"] == "TooManyRequests"
            break
    assert statuses[:10] == [401] * 10
    assert statuses[-1] == 429
    right = (LOGIN, PASSWORD)
    assert requests.get(address, auth=right, headers=come_from("192.0.2.8"), timeout=20).status_code == 200
    # One whose password was right a short while ago is not held up by what others do from the same address.
    assert requests.get(address, auth=right, headers=come_from("192.0.2.7"), timeout=20).status_code == 200


def test_guesses_at_one_login_from_everywhere_are_slowed_down_too(site: Site) -> None:
    answers = [
        requests.get(site.url + CURRENT, auth=("victim", f"x{n}"), headers=come_from(f"198.51.100.{n}"), timeout=20).status_code
        for n in range(40)
    ]
    assert 429 in answers
    assert set(answers) == {401, 429}


def test_an_address_that_no_proxy_of_ours_tells_is_not_believed(tmp_path: Path) -> None:
    """Else a guesser would be somebody else each time. Here the proxy is another host."""
    with served(tmp_path, configuration=PLANT, settings={"HTTP__PROXIES": '["192.0.2.1"]'}) as site:
        answers = [
            requests.get(site.url + CURRENT, auth=(f"u{n}", "x"), headers=come_from(f"198.51.100.{n}"), timeout=20).status_code
            for n in range(15)
        ]
    assert 429 in answers


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
def test_a_body_that_is_too_large_is_refused(site: Site, chunked: bool) -> None:
    body = b'{"login": "' + b"x" * 5_000 + b'", "password": "y"}'
    data = iter([body[:2_000], body[2_000:]]) if chunked else body
    answer = requests.post(
        f"{site.url}/node/api/users/session", data=data, headers={"Content-Type": "application/json"}, timeout=20
    )
    assert answer.status_code == 413
    assert "http.max_body" in answer.json()["message"]


def test_a_body_is_not_waited_for_before_it_is_known_who_sends_it(site: Site) -> None:
    head = b"POST /node/api/users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n"
    assert raw(site, head).startswith(b"HTTP/1.1 401 ")


def test_headers_have_a_limit(site: Site) -> None:
    head = b"GET /livez HTTP/1.1\r\nHost: x\r\n" + b"X-Many: " + b"x" * 200_000 + b"\r\n\r\n"
    try:
        answer = raw(site, head)
    except ConnectionError:
        return
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 431")) or answer == b""
    assert requests.get(f"{site.url}/livez", timeout=20).status_code == 200


@pytest.mark.parametrize("host", [b"[", b"evil.example/node/api?", b"a b", b"", b"x:99999"])
def test_the_host_header_is_not_believed(site: Site, host: bytes) -> None:
    answer = raw(site, b"GET /api/v1/users HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
    assert answer.startswith((b"HTTP/1.1 401 ", b"HTTP/1.1 400 "))
    assert b"evil.example" not in answer
    if answer.startswith(b"HTTP/1.1 401 "):
        assert b"application/problem+json" in answer, "the form of the error goes by the path, not by the host"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/livez"),
        ("GET", CURRENT),
        ("GET", "/nothing"),
        ("PATCH", "/livez"),
        ("POST", "/api/v1/session"),
        ("GET", "/api/docs"),
    ],
)
def test_every_answer_tells_browsers_what_not_to_do(site: Site, method: str, path: str) -> None:
    headers = requests.request(method, site.url + path, timeout=20).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "Cache-Control" in headers
    assert "server" not in {name.lower() for name in headers}


def test_a_page_s_own_script_is_not_led_to_a_log_in_of_the_browser(site: Site) -> None:
    plain = requests.get(site.url + CURRENT, timeout=20).headers["WWW-Authenticate"]
    script = requests.get(site.url + CURRENT, headers={"Sec-Fetch-Dest": "empty"}, timeout=20).headers["WWW-Authenticate"]
    assert plain == 'Basic realm="Pointsman", charset="UTF-8", Bearer realm="Pointsman"'
    assert script == 'Bearer realm="Pointsman"'


def test_a_token_in_the_clear_is_not_sent_on_by_us(site: Site) -> None:
    """No answer repeats what a request showed."""
    token = "pmt_" + "x" * 43
    answer = requests.get(f"{site.url}{CURRENT}?api-token={token}", timeout=20)
    assert token not in answer.text + str(answer.headers)


def test_over_tls_the_cookie_is_for_tls_only(tmp_path: Path, certificates: Certificates) -> None:
    settings = {"HTTP__CERT_FILE": str(certificates.server), "HTTP__KEY_FILE": str(certificates.server_key)}
    with served(tmp_path, configuration=PLANT, settings=settings) as site:
        assert site.url.startswith("https://")
        body = {"login": LOGIN, "password": PASSWORD}
        answer = requests.post(f"{site.url}/api/v1/session", json=body, verify=str(certificates.ca), timeout=20)
        assert answer.status_code == 201
        assert "; Secure" in answer.headers["Set-Cookie"]
