"""Importing starts nothing: no thread, no socket, no file opened but code, no child; and the model needs no third party."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import pointsman

SOURCE = Path(pointsman.__file__).parent

MODULES = sorted(
    ".".join(("pointsman", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")
    for path in SOURCE.rglob("*.py")
    if path.name not in ("__main__.py", "env.py") and path.parent.name != "versions"
)
"""All but what is a program by itself: `python -m pointsman`, and Alembic's scripts, which only Alembic may load."""

WATCH = """
import importlib, json, os, sys, threading

seen = []
STARTS = {"socket.__new__", "subprocess.Popen", "os.fork", "os.posix_spawn", "os.system", "sqlite3.connect",
          "_thread.start_new_thread"}

def watch(event, args):
    if event == "open" and isinstance(args[0], str):
        path, flags = args[0], args[2] if isinstance(args[2], int) else 0
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        data = path.startswith(SOURCE) and not path.endswith((".py", ".pyc"))
        if writes or data:
            seen.append(["open", path])
    elif event in STARTS:
        seen.append([event, repr(args)[:200]])

SOURCE, names = sys.argv[1], sys.argv[2:]
sys.addaudithook(watch)
for name in names:
    importlib.import_module(name)
print(json.dumps({"seen": seen, "threads": [thread.name for thread in threading.enumerate()]}))
"""


def run(program: str, *arguments: str) -> str:
    result = subprocess.run([sys.executable, "-B", "-c", program, *arguments], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_importing_starts_nothing() -> None:
    report = json.loads(run(WATCH, str(SOURCE), *MODULES))
    assert report == {"seen": [], "threads": ["MainThread"]}


def test_the_watch_sees_a_thread_a_socket_a_file_and_a_child(tmp_path: Path) -> None:
    """Else the test above could not fail."""
    (tmp_path / "busy.py").write_text(
        "import socket, subprocess, threading, time\n"
        "threading.Thread(target=time.sleep, args=(0.5,), name='hidden', daemon=True).start()\n"
        "socket.socket().close()\n"
        "open(__file__ + '.txt', 'w').close()\n"
        "subprocess.run(['true'])\n"
    )
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{WATCH}"
    report = json.loads(run(program, str(SOURCE), "busy"))
    assert "hidden" in report["threads"]
    assert {"open", "socket.__new__", "subprocess.Popen"} <= {event for event, _ in report["seen"]}


@pytest.mark.parametrize("layer", ["pointsman.model", "pointsman.core"])
def test_the_inner_layers_load_nothing_that_talks_to_the_world(layer: str) -> None:
    names = [name for name in MODULES if name.startswith(layer)]
    program = (
        "import importlib, json, sys\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    loaded = set(json.loads(run(program, *names)))
    assert not loaded & {"paho", "sqlalchemy", "alembic", "structlog", "click", "subprocess", "sqlite3", "ruamel", "fastapi"}


def test_help_does_not_load_the_daemon() -> None:
    """`--help` answers at once: a verb loads what it needs when it runs."""
    program = "import json, sys\nimport pointsman.cli.main\nprint(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(run(program)))
    assert not loaded & {"paho.mqtt.client", "sqlalchemy", "alembic", "pointsman.daemon"}
