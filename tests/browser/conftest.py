"""A browser: Debian's Chromium, driven by Playwright, which downloads none of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from servers.absence import missing


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for all tests of a module; each opens pages of its own. While it is there, its thread has a running event loop."""
    chromium = shutil.which("chromium")
    if chromium is None:
        missing("Chromium", "apt-get install chromium")
    with sync_playwright() as playwright:
        # Root has no sandbox; these pages are our own.
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield started
        started.close()
