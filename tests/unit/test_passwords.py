"""Passwords are kept as digests that cost something, and checked in constant time, two at once."""

from __future__ import annotations

import asyncio
import re
import threading
from base64 import b64encode
from hashlib import scrypt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.http.access import passwords, verified
from pointsman.http.access.passwords import digest_of, fits, generate
from pointsman.http.access.verified import AT_ONCE, KEPT, Verified

CHEAP = "$scrypt$ln=4,r=1,p=1$c2FsdA$"


def cheap(password: str) -> str:
    """A digest that costs next to nothing: what it costs is written in it."""
    key = scrypt(password.encode("utf-8", "surrogatepass"), salt=b"salt", n=16, r=1, p=1, dklen=32)
    return CHEAP + b64encode(key).decode().rstrip("=")


def test_a_digest_fits_its_password_and_tells_what_it_costs() -> None:
    digest = digest_of("correct horse")
    assert re.fullmatch(r"\$scrypt\$ln=14,r=8,p=5\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}", digest)
    assert fits("correct horse", digest)
    assert not fits("correct horsf", digest)
    assert digest != digest_of("correct horse"), "the salt is each one's own"


@given(st.text(), st.text())
@settings(max_examples=50)
def test_only_the_password_itself_fits(one: str, other: str) -> None:
    assert fits(one, cheap(one))
    assert fits(other, cheap(one)) is (one == other)


@pytest.mark.parametrize(
    "digest",
    ["", "plain", "$scrypt$ln=99,r=8,p=1$c2FsdA$AAAA", "$scrypt$ln=4,r=0,p=1$c2FsdA$AAAA", "$scrypt$ln=4,r=1,p=1$A$AAAA"],
)
def test_a_digest_that_is_none_fits_nothing(digest: str) -> None:
    assert not fits("anything", digest)
    assert not fits("", digest)


def test_whether_there_is_such_a_user_cannot_be_told_by_the_work_that_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    costs = []

    def counted(password: bytes, **given: int) -> bytes:
        costs.append((given["n"], given["r"], given["p"]))
        return scrypt(password, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(passwords, "scrypt", counted)
    digest = digest_of("right-password")
    fits("wrong-password", digest)
    fits("wrong-password", None)
    assert costs[1] == costs[2] == costs[0]


def test_generated_passwords_are_long_and_all_different() -> None:
    made = {generate() for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(len(each) == 20 for each in made)


class Checks:
    """What is checked, and how many at once."""

    def __init__(self) -> None:
        self.count = self.now = self.most = 0
        self._lock = threading.Lock()
        self.gate = threading.Event()

    def __call__(self, password: str, digest: str | None) -> bool:
        with self._lock:
            self.count += 1
            self.now += 1
            self.most = max(self.most, self.now)
        self.gate.wait(10)
        with self._lock:
            self.now -= 1
        return password == digest


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Checks:
    counted = Checks()
    monkeypatch.setattr(verified, "fits", counted)
    return counted


def test_two_are_checked_at_once_and_the_same_one_once(checks: Checks) -> None:
    async def many() -> list[bool]:
        those = Verified(lambda: 0.0)
        jobs = [
            asyncio.ensure_future(those.check(those.code_of("ann", password, "right"), password, "right"))
            for password in ("right", "wrong", "right", "other", "wrong", "more")
        ]
        await asyncio.sleep(0)
        while checks.now < AT_ONCE:
            await asyncio.sleep(0.001)
        checks.gate.set()
        return await asyncio.gather(*jobs)

    assert asyncio.run(many()) == [True, False, True, False, False, False]
    assert checks.count == 4
    assert checks.most == AT_ONCE


def test_what_was_right_is_remembered_for_a_while_and_not_once_the_password_is_another(checks: Checks) -> None:
    now = 0.0
    checks.gate.set()

    async def look() -> list[bool]:
        nonlocal now
        those = Verified(lambda: now)
        code = those.code_of("ann", "right", "right")
        seen = [those.knows(code)]
        await those.check(code, "right", "right")
        await those.check(those.code_of("ann", "wrong", "right"), "wrong", "right")
        seen += [those.knows(code), those.knows(those.code_of("ann", "wrong", "right"))]
        seen += [those.knows(those.code_of("ann", "right", "changed")), those.knows(those.code_of("bob", "right", "right"))]
        now = KEPT
        return [*seen, those.knows(code)]

    assert asyncio.run(look()) == [False, True, False, False, False, False]


def test_what_is_remembered_is_of_no_use_elsewhere() -> None:
    async def codes() -> set[bytes]:
        return {Verified(lambda: 0.0).code_of("ann", "right", "right") for _ in range(2)}

    assert len(asyncio.run(codes())) == 2
