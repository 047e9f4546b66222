"""A Pointsman worker as its users start it: `pointsman run` in a process of its own, to be killed and restarted.

Knows the command line and the topic on which a worker says that it is there. Imports nothing of Pointsman: what tests see through
it is what a user sees.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from servers.client import Address, MqttClient
from servers.command import COMMAND, environment, pointsman

CONFIGURATION = Path(__file__).resolve().parents[2] / "config" / "pointsman.yaml"
"""The configuration of the README: pumps with valves."""


class Worker:
    """One worker: a configuration file, a node's name, and settings that go in by the environment (`POINTSMAN_…`).

    Its directory is where it runs, so a relative path in `store.url` is a file there.
    """

    def __init__(
        self,
        directory: Path,
        broker: Address,
        *,
        configuration: Path | str = CONFIGURATION,
        node: str = "test-worker",
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """`configuration` is a file, or the text of one. `settings` are by their names in the environment: `STORE__URL`."""
        self.directory = directory
        self.node = node
        self.broker = broker
        self._process: subprocess.Popen[bytes] | None = None
        self._log = directory / f"{node}.log"
        self._started_at = 0
        if isinstance(configuration, str):
            self.configuration = directory / "pointsman.yaml"
            self.configuration.write_text(configuration)
        else:
            self.configuration = configuration
        own = {
            "MQTT__URL": f"mqtt://{broker.host}:{broker.port}",
            "NODE__ID": node,
            "STORE__URL": f"sqlite:///{directory}/jobs.db",
            "HTTP__LISTEN": "off",
        }
        self._settings = {f"POINTSMAN_{name}": value for name, value in {**own, **(settings or {})}.items()}

    @property
    def log(self) -> str:
        """All that it has logged, over every start."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @property
    def last_log(self) -> str:
        """What it has logged since its last start."""
        return self.log[self._started_at :]

    @property
    def pid(self) -> int:
        """The process. There must be one."""
        assert self._process is not None, "it was not started"
        return self._process.pid

    def start(self, *, base: str = "pointsman", timeout: float = 20) -> Worker:
        """Start it, and wait until it says `online`. Raises RuntimeError, with its log, when it does not."""
        self._started_at = len(self.log)
        with MqttClient(self.broker) as client:
            client.subscribe(f"{base}/{self.node}/state")
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    [*COMMAND, "run", *self._options],
                    cwd=self.directory,
                    env=environment(**self._settings),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            try:
                # Said live: what is retained may be the word of the one before.
                client.wait_for(lambda message: message.text == "online" and not message.retain, timeout=timeout)
            except TimeoutError:
                self.kill()
                raise RuntimeError(f"The worker did not come online:\n{self.log[-4000:]}") from None
        return self

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL."""
        self._end(signal.SIGKILL)

    def stop(self, timeout: float = 30) -> int:
        """End it in order (SIGTERM); its exit code."""
        return self._end(signal.SIGTERM, timeout)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def run(self, *arguments: str, expect: int = 0, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run another `pointsman …` with the worker's configuration, and check its exit code."""
        variables = {**self._settings, **settings}
        return pointsman(self.directory, *arguments, *self._options, expect=expect, **variables)

    def json(self, *arguments: str) -> Any:
        """What `pointsman … --json` prints."""
        return json.loads(self.run(*arguments, "--json").stdout)

    def jobs(self, limit: int = 10_000) -> list[dict[str, Any]]:
        """All jobs, newest first, as `pointsman jobs list` gives them."""
        found: list[dict[str, Any]] = self.json("jobs", "list", "--limit", str(limit))
        return found

    @property
    def _options(self) -> tuple[str, str]:
        return "--config", str(self.configuration)

    def _end(self, how: signal.Signals, timeout: float = 10) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(how)
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise RuntimeError(f"The worker did not end within {timeout:g} s of {how.name}:\n{self.log[-4000:]}") from None
