"""A reader's terminal: a directory with a configuration, `pointsman` and Mosquitto's clients on PATH, a broker and a worker.

Commands of documents are run here as they are written. The ports of broker and API are whatever is free; in the configuration, in
commands and in what is printed they are those of the documents, 1883 and 8080. Variables live from one block to the next.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from documents.markdown import ROOT, Block
from servers.api import addresses
from servers.client import Address
from servers.worker import Worker

SAMPLE = ROOT / "config" / "pointsman.yaml"
DEFAULT_PORT = ":1883"
API_PORT = ":8080"
CONFIGURATION = "pointsman.yaml"
RUN = re.compile(r"^pointsman run( *#.*)?$\n", re.MULTILINE)
"""What the fixture has done already."""
KEEP = """
if [ -e .variables ]; then . ./.variables; fi
{commands}
for name in $(compgen -v | grep -E '^[a-z][a-z0-9]*$'); do declare -p "$name"; done > .variables
"""
"""A terminal keeps what is set in it."""
LOOKS = ("pointsman jobs list", "pointsman rejects")
"""Commands that can be run again without a difference."""
_VARIES = (
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}"), "TIME"),
    (re.compile(r"\b1\d{12}\b"), "MILLISECONDS"),
)
"""What is another each time; it is compared as the word beside it."""


class Terminal:
    """`run` the blocks of a document, in order."""

    def __init__(self, directory: Path, broker: Address, configuration: str = "") -> None:
        """`configuration` is the document's own, or empty: the sample."""
        self.directory = directory
        self._port = f":{broker.port}"
        text = configuration or SAMPLE.read_text()
        (directory / CONFIGURATION).write_text(text.replace(DEFAULT_PORT, self._port))
        clients = directory / ".config"
        clients.mkdir()
        for name in ("mosquitto_pub", "mosquitto_sub", "mosquitto_rr"):
            (clients / name).write_text(f"-h {broker.host}\n-p {broker.port}\n")
        self.worker = Worker(
            directory,
            broker,
            configuration=directory / CONFIGURATION,
            node=socket.gethostname(),
            settings={
                "STORE__URL": "sqlite:///jobs.db",  # as in the files: `pointsman` finds the worker's health by it
                **({"HTTP__LISTEN": "127.0.0.1:0"} if re.search(r"^http:", text, re.MULTILINE) else {}),
            },
        )
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("POINTSMAN_")},
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "XDG_CONFIG_HOME": str(clients),
            "HOME": str(directory),
        }

    def run(self, commands: str) -> str:
        """Run commands as bash does; what they print, errors too. Fails, with it, at the first command that does."""
        api = f":{served[-1].rsplit(':', 1)[1]}" if (served := addresses(self.worker.log)) else API_PORT
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", KEEP.format(commands=RUN.sub("", commands).replace(API_PORT, api))],
            cwd=self.directory,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        output = done.stdout.replace(self._port, DEFAULT_PORT).replace(api, API_PORT)
        assert done.returncode == 0, f"exit code {done.returncode}:\n{output}\n{self.worker.log[-2000:]}"
        return output

    def follow(self, blocks: Iterable[Block]) -> None:
        """Do what a document says: write its files, run its commands, and compare what they print with what it shows."""
        last, output = "", ""
        for block in blocks:
            if block.language == "yaml" and block.name not in ("", CONFIGURATION):
                path = self.directory / block.name
                path.parent.mkdir(exist_ok=True)
                path.write_text(block.text)
            elif block.language == "sh":
                last, output = block.text, self._run(block)
            elif block.language == "text" and block.follows:
                self._compare(block, last, output)

    def _run(self, block: Block) -> str:
        try:
            return self.run(block.text)
        except AssertionError as failure:
            raise AssertionError(f"{block}: {failure}") from None

    def _compare(self, block: Block, commands: str, output: str) -> None:
        """What only looks is run again for a while: a reader is not as fast as this, and the worker may need the time."""
        looks = all(line.startswith(LOOKS) for line in commands.splitlines())
        until = time.monotonic() + 10
        while looks and not matches(block.text, output) and time.monotonic() < until:
            output = self.run(commands)
        assert matches(block.text, output), f"{block}: expected\n{block.text}\nfound\n{output}"


def matches(shown: str, printed: str) -> bool:
    """Whether what was printed is what a document shows, where `…` stands for anything in a line, and alone for any lines."""
    pattern = re.escape(_settled(shown).rstrip("\n")).replace("…\\\n", r"(?:.*\n)*").replace("…", ".*")
    return re.fullmatch(pattern, _settled(printed).rstrip("\n")) is not None


def _settled(text: str) -> str:
    for varying, word in _VARIES:
        text = varying.sub(word, text)
    return "\n".join(line.rstrip() for line in text.split("\n"))
