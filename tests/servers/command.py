"""`pointsman …` as its users type it: a process of its own, and nothing of this machine's own settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

COMMAND = (sys.executable, "-m", "pointsman")


def environment(**variables: str) -> dict[str, str]:
    """That of this process without what sets Pointsman up (`POINTSMAN_…`), and these variables."""
    return {**{name: value for name, value in os.environ.items() if not name.startswith("POINTSMAN_")}, **variables}


def pointsman(
    directory: Path, *words: str, expect: int = 0, encoding: str | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run it in a directory, with these variables in its environment, and check its exit code.

    `encoding` is what it is read in, where that is not the system's; to write in it, it has to be told.
    """
    done = subprocess.run(
        [*COMMAND, *words],
        cwd=directory,
        env=environment(**variables),
        capture_output=True,
        text=True,
        encoding=encoding,
        timeout=60,
        check=False,
    )
    assert done.returncode == expect, f"pointsman {' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done
