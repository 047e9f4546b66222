"""When a server that a test needs is not there, the test fails in CI, and is skipped at home with what to install."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(what: str, remedy: str) -> NoReturn:
    """End the test: it needs `what`, and `remedy` says how to get it.

    A skip in CI would be a green light that nobody earned, so there it is a failure.
    """
    message = f"{what} is needed and was not found: {remedy}"
    if os.environ.get("CI"):
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
