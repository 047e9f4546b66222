"""The page at /api/docs, in a browser: it shows every call, asks nobody but the worker, and breaks no rule of its own policy."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from pointsman.http.app import openapi_document
from servers.absence import missing
from servers.api import LOGIN, PASSWORD, served
from servers.mosquitto import REMEDY, program

CALLS = {
    operation["operationId"]
    for item in openapi_document()["paths"].values()
    for operation in item.values()
    if "operationId" in operation
}


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    if program() is None:
        missing("Mosquitto", REMEDY)
    with tempfile.TemporaryDirectory(prefix="pointsman-test-") as directory, served(Path(directory)) as worker:
        yield worker.url


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    """The page; whatever its console says as an error, whatever it asks of others, fails the test."""
    opened = browser.new_page()
    faults: list[str] = []
    opened.on("console", lambda said: faults.append(said.text) if said.type == "error" and "401" not in said.text else None)
    opened.on("pageerror", lambda fault: faults.append(str(fault)))
    opened.on("request", lambda asked: None if asked.url.startswith(site) else faults.append(f"asks {asked.url}"))
    opened.goto(f"{site}/api/docs")
    opened.wait_for_selector(".call")
    yield opened
    opened.close()
    assert faults == []


def test_every_call_is_there_and_tells_what_it_takes_and_gives(page: Page) -> None:
    shown = set(page.eval_on_selector_all(".call", "each => each.map((one) => one.id)"))
    assert shown == CALLS
    page.eval_on_selector_all(".call > summary", "each => each.forEach((one) => one.click())")
    assert page.locator(".call[open] .inside").count() == len(CALLS)
    assert page.locator(".inside").filter(has_text="Answers").count() == len(CALLS)


def test_a_call_is_found_by_a_word_and_by_its_address(page: Page) -> None:
    page.fill("#search", "livez")
    expect(page.locator(".call:visible")).to_have_count(1)
    page.goto(f"{page.url.split('#')[0]}#readyz")
    page.fill("#search", "")
    expect(page.locator("#readyz")).to_have_attribute("open", "")


def test_a_call_that_reads_can_be_tried(page: Page) -> None:
    page.click("#livez > summary")
    page.click("#livez .try button")
    expect(page.locator("#livez .tried .status")).to_have_text("200")
    expect(page.locator("#livez .tried pre")).to_contain_text('"alive": true')


def test_who_has_logged_in_sees_the_topics_of_the_worker(page: Page) -> None:
    page.click("#tab-mqtt")
    expect(page.locator("main")).to_contain_text("Log in")
    page.fill("#session input[name=login]", LOGIN)
    page.fill("#session input[type=password]", PASSWORD)
    page.click("#session button")
    expect(page.locator(".who")).to_have_text(LOGIN)
    expect(page.locator(".call")).to_have_count(15)
    page.click("#mqtt-objectExecute > summary")
    expect(page.locator("#mqtt-objectExecute")).to_contain_text("pointsman/objects/{object}/operations/{operation}/execute")
    expect(page.locator("#mqtt-objectExecute")).to_contain_text("Answers, on the Response Topic")
    page.click("#session button")
    expect(page.locator("main")).to_contain_text("Log in")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_in_light_and_in_dark(browser: Browser, site: str, scheme: str) -> None:
    """Text and ground differ by at least 4.5 to 1 (WCAG 2.2 §1.4.3), whatever of the page's colours it is in."""
    page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(f"{site}/api/docs")
    page.wait_for_selector(".call")
    page.click("#livez > summary")
    colours = page.evaluate(
        """() => [...document.querySelectorAll("h1, .quiet, .badge, .status, .title, .call code, a, button, pre")].map((each) => {
            let under = each;
            while (getComputedStyle(under).backgroundColor === "rgba(0, 0, 0, 0)") under = under.parentElement;
            return [each.className || each.tagName, getComputedStyle(each).color, getComputedStyle(under).backgroundColor];
        })"""
    )
    page.close()
    assert len(colours) > 20
    assert [each for each in colours if _contrast(each[1], each[2]) < 4.5] == []


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (int(each) / 255 for each in re.findall(r"\d+", colour)[:3])
    return sum(
        weight * (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
        for weight, part in zip((0.2126, 0.7152, 0.0722), (red, green, blue), strict=True)
    )
