"""Mosquitto as tests need it: private, on a port of its own, to be killed and configured at will.

Knows Mosquitto's programs and configuration file. Knows nothing of Pointsman.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from servers.ports import free_port, listens, wait_until

REMEDY = "apt-get install mosquitto, or set POINTSMAN_TEST_BROKER_URL to the address of a broker, or start a Docker engine"

RUNNING = " running\n"
"""How the line ends that it logs when it has started, unless told to log less."""

DEFAULTS: Mapping[str, object] = {
    "allow_anonymous": True,
    "persistence": True,
    "max_queued_messages": 100_000,  # the default of 1000 drops the rest and tells the publisher that all is well
}


@dataclass(frozen=True)
class Broker:
    """Where a broker is. Whose it is, and whether it may be killed, is not known."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """Its address, as `mqtt.url` takes it."""
        return f"mqtt://{self.host}:{self.port}"


def program(name: str = "mosquitto") -> str | None:
    """The path of one of Mosquitto's programs; Debian keeps the broker where only root's PATH looks."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


class Mosquitto:
    """A private Mosquitto: one process, one directory, one port, which it keeps over restarts.

    Options are lines of mosquitto.conf by name: `max_inflight_messages=5`; True and False are written as mosquitto.conf
    does. `users` (name → password) and `acl` (the text of an ACL file) become files of their own; `lines` are appended as
    they are, after the listener's.
    """

    def __init__(self, directory: Path, **options: Any) -> None:
        self.host = "127.0.0.1"
        self.port = free_port()
        self.directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self._log = directory / "mosquitto.log"
        self.configure(**options)

    @property
    def url(self) -> str:
        """Its address, as `mqtt.url` takes it."""
        return f"mqtt://{self.host}:{self.port}"

    @property
    def log(self) -> str:
        """All that it has logged, over every start."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return self._process.pid if self._process else None

    def configure(
        self, *, users: Mapping[str, str] | None = None, acl: str | None = None, lines: str = "", **options: Any
    ) -> None:
        """Replace the configuration. It is read at the next start, or `reload`."""
        self._options = {**DEFAULTS, **options}
        self._lines = lines
        if users is not None:
            self._options.update(password_file=self._passwords(users), allow_anonymous=options.get("allow_anonymous", False))
        if acl is not None:
            self._options["acl_file"] = self._private("acl", acl)
        self._write()

    def start(self) -> None:
        """Start it, and wait until it listens. Raises RuntimeError, with its log, when it does not."""
        binary = program()
        if binary is None:
            raise RuntimeError(f"Mosquitto is needed: {REMEDY}")
        before = self.log.count(RUNNING)
        for attempt in range(5):
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    [binary, "-c", str(self.directory / "mosquitto.conf")], stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )
            # It listens before it has set up its signals: a SIGTERM in between would end it without saving.
            wait_until(lambda: self._ended or (self.log.count(RUNNING) > before and listens(self.host, self.port)))
            if not self._ended:
                return
            if "Address already in use" not in self.log or attempt == 4:
                break
            self.port = free_port()
            self._write()
        raise RuntimeError(f"Mosquitto did not start:\n{self.log[-2000:]}")

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL. What it had not saved is gone."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order: it saves what it holds."""
        self._end(signal.SIGTERM)

    def restart(self) -> None:
        """Stop it in order, and start it again on the same port."""
        self.stop()
        self.start()

    def reload(self) -> None:
        """Have it read its configuration, passwords and ACL again (SIGHUP)."""
        if self._process:
            self._process.send_signal(signal.SIGHUP)

    @property
    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _write(self) -> None:
        lines = [f"listener {self.port} {self.host}", f"persistence_location {self.directory}/"]
        if os.geteuid() == 0:
            lines.append("user root")  # else it drops its privileges, and cannot write to a directory of the tests
        for name, value in self._options.items():
            lines.append(f"{name} {str(value).lower() if isinstance(value, bool) else value}")
        (self.directory / "mosquitto.conf").write_text("\n".join([*lines, self._lines, ""]))

    def _passwords(self, users: Mapping[str, str]) -> Path:
        tool = program("mosquitto_passwd")
        if tool is None:
            raise RuntimeError("mosquitto_passwd is needed; it comes with Mosquitto")
        path = self._private("passwords", "".join(f"{name}:{password}\n" for name, password in users.items()))
        subprocess.run([tool, "-U", str(path)], check=True, capture_output=True)
        return path

    def _private(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.write_text(text)
        path.chmod(0o600)
        return path
