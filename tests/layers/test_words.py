"""The repository says nothing that ties it to one machine: no path of somebody's, no package registry's host, no secret."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

FORBIDDEN = {
    "a path of somebody's machine": re.compile(r"(?<![\w.])/(?:root/\.|home/(?!pi\b|pointsman\b)\w+/)"),
    "where packages come from, which is each machine's own affair": re.compile(
        r"--(?:extra-)?index-url|--find-links|(?:registry|index)-url\s*[=:]|https?://[\w.-]*/simple/"
    ),
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"),
}
HERE = "tests/layers/test_words.py"


def tracked() -> list[Path]:
    """Every file that git has or would take: what a clone shows."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode:
        pytest.skip("not a git work tree: what belongs to the project is not known")
    return [ROOT / name for name in listing.stdout.split("\0") if name and name != HERE and (ROOT / name).is_file()]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_speaks_of(what: str) -> None:
    pattern = FORBIDDEN[what]
    found = []
    for path in tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [
            f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, hit.start()) + 1}: {hit[0]}" for hit in pattern.finditer(text)
        ]
    assert not found
