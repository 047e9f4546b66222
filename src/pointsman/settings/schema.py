"""What can be set: sections, their settings, and what each one means. The catalog's forms are in `forms.py`.

Durations are milliseconds here, sizes bytes. Where the default depends on another setting, `layers.py` fills it in.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, WithJsonSchema

from pointsman.model.state import Retained
from pointsman.settings.checks import BaseTopic, Listen, MqttUrl, NewPassword, NodeId, StoreUrl
from pointsman.settings.problem import shown
from pointsman.settings.quantity import Count, Duration, Size


class Section(BaseModel):
    """A group of settings. Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=False)


def _split(value: Any) -> Any:
    """A list given as one text, as environment variables are: JSON, or parted by commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError(f"expected a JSON list, or values parted by commas, found {value!r}") from None
    return [part.strip() for part in value.split(",") if part.strip()]


def _migrate(value: Any) -> Any:
    words = {"auto": True, "manual": False}
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or value not in words:
        raise ValueError(f"expected auto or manual, found {shown(value)}")
    return words[value]


TextList = Annotated[tuple[str, ...], BeforeValidator(_split)]
PathList = Annotated[tuple[Path, ...], BeforeValidator(_split)]
Migrate = Annotated[bool, BeforeValidator(_migrate), WithJsonSchema({"enum": ["auto", "manual"]})]


class TlsSettings(Section):
    """TLS towards the broker, for a URL that begins with `mqtts:`."""

    ca_file: str | None = Field(default=None, description="Certificate authorities to trust, PEM. Default: the system's.")
    cert_file: str | None = Field(default=None, description="Our own certificate, PEM, when the broker wants one.")
    key_file: str | None = Field(default=None, description="The key of our certificate, PEM, without a passphrase.")
    verify: bool = Field(
        default=True, description="Check the broker's certificate and name. Without it anybody on the way can pose as it."
    )


class MqttSettings(Section):
    """The connection to the broker."""

    url: MqttUrl = Field(default="mqtt://127.0.0.1:1883", description="mqtt://HOST[:PORT], mqtts://HOST[:PORT] or unix:///PATH.")
    username: str | None = Field(default=None, description="Who we are to the broker; goes before one in the URL.")
    password: SecretStr | None = Field(default=None, description="Better in a secrets directory (mqtt.password) than here.")
    password_file: str | None = Field(
        default=None, description="A file that holds the password; a line end at its end is left out."
    )
    client_id: str = Field(
        default="",
        max_length=65_535,
        description="Under it the broker keeps our session: one for each worker, and always the same. Default: pointsman-NODE.",
    )
    base_topic: BaseTopic = Field(default="pointsman", description="Pointsman's own topics begin with it.")
    version: Literal["auto", "5", "3.1.1"] = Field(
        default="auto", description="auto: MQTT 5, and 3.1.1 with a broker that lacks it."
    )
    keepalive: Duration = Field(
        default=60_000, ge=5_000, le=65_535_000, description="Longest silence before the connection is checked."
    )
    session_expiry: Duration = Field(
        default=7 * 86_400_000,
        ge=1_000,
        le=4_294_967_295_000,
        description="How long the broker keeps messages for an absent worker (MQTT 5).",
    )
    receive_maximum: int = Field(
        default=200, ge=1, le=65_535, description="How many messages the broker may send us before we acknowledge one (MQTT 5)."
    )
    window: int = Field(
        default=100, ge=1, le=65_535, description="How many of our messages may wait for the broker's acknowledgement."
    )
    retained: Retained = Field(
        default=Retained.COMPARE,
        description="What a retained message does: compare (a change if it differs), baseline (sets the state, fires nothing), "
        "ignore, fire (as a live one).",
    )
    announce: Literal["all", "final", "none"] = Field(
        default="all", description="Which changes of a job are published on BASE/jobs/ID."
    )
    max_payload: Size = Field(default=262_144, ge=1, description="Larger messages are rejected.")
    reconnect_min: Duration = Field(default=1_000, ge=100, description="First pause between attempts to connect; it doubles.")
    reconnect_max: Duration = Field(default=60_000, ge=100, description="Longest pause between attempts to connect.")
    tls: TlsSettings = Field(default=TlsSettings(), description="TLS towards the broker.")


class NodeSettings(Section):
    """This worker."""

    id: NodeId = Field(default="", description="Its name in topics; each worker's is its own. Default: the host name.")
    health_file: str | None = Field(
        default=None, description="Where `pointsman healthcheck` finds it. Default: in the run-time directory."
    )


class StoreSettings(Section):
    """Where jobs and states are kept."""

    url: StoreUrl = Field(
        default="sqlite:///pointsman.db", description="sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE."
    )
    migrate: Migrate = Field(
        default=True,
        description="auto: bring the schema up to date at start; manual: `pointsman db upgrade` does. Default: auto for SQLite.",
    )
    keep: Duration | None = Field(
        default=None, description="Jobs that ended longer ago, and history as old, are deleted. Default: kept."
    )
    keep_jobs: Count | None = Field(default=None, description="Only so many of the newest ended jobs are kept. Default: all.")


class EngineSettings(Section):
    """The single writer."""

    batch: int = Field(default=200, ge=1, le=10_000, description="How many messages one transaction takes, at most.")
    queue: int = Field(
        default=2_000,
        ge=1,
        le=5_000,
        description="How many messages may wait before those at QoS 0 are dropped, and no more is read.",
    )
    burst: int = Field(
        default=1_000, ge=0, description="How often triggers may run one operation for one entity at once; 0: without limit."
    )
    refill: Duration = Field(default=100, ge=1, description="After how long they may run it once more, when that is used up.")
    max_hops: int = Field(
        default=8,
        ge=0,
        le=100_000,
        description="How many jobs may follow from each other's messages, after the first; 0: without limit.",
    )
    quarantine: Duration = Field(
        default=60_000,
        ge=1,
        le=86_400_000,
        description="How long triggers then leave an operation of an entity alone; doubles from time to time in a row, up to 1h.",
    )


class ProgramSettings(Section):
    """Programs and scripts that operations run."""

    enabled: bool = Field(default=True, description="Whether they run at all.")
    directories: PathList = Field(
        default=tuple(
            Path(each)
            for each in (
                "/bin",
                "/usr/bin",
                "/usr/local/bin",
                "/usr/local/lib/pointsman",
                "/usr/lib/pointsman",
                "/etc/pointsman/programs",
                "/opt",
            )
        ),
        description="Where programs and interpreters must lie, links resolved.",
    )
    workers: int = Field(default=4, ge=1, le=1_000, description="How many run at once.")
    queue: Count = Field(default=1_000, description="How many more may wait in memory; the others wait in the store.")
    on_stop: Literal["leave", "end"] = Field(
        default="leave",
        description="What becomes of running programs when the worker is stopped. leave: they go on, and its next start takes "
        "them up; end: they are ended after `grace`, as interrupted.",
    )
    grace: Duration = Field(default=5_000, description="From SIGTERM to SIGKILL.")
    allow_option_like_arguments: bool = Field(
        default=True, description="Whether an argument may begin with -; without it, no value can become an option of a program."
    )
    interpreter: str = Field(default="/bin/sh", description="What runs a script whose first line names no interpreter.")
    work_directory: Path | None = Field(
        default=None,
        description="Where each run gets a directory of its own. Default: beside the store, else the service's state directory, "
        "else the system's.",
    )
    max_memory: Size | None = Field(default=None, ge=1, description="Limit of a process's address space.")
    max_cpu: Duration | None = Field(default=None, ge=1, description="Limit of a process's CPU time, in whole seconds.")
    max_open_files: Count | None = Field(default=None, description="Limit of a process's open files.")
    max_processes: Count | None = Field(default=None, description="Limit of the processes of the worker's user.")


class HttpSettings(Section):
    """The HTTP API."""

    listen: Listen = Field(
        default="127.0.0.1:8080", description="HOST:PORT, [ADDRESS]:PORT, unix:///PATH, or off. Port 0: any that is free."
    )
    admin_password: NewPassword | None = Field(
        default=None,
        description="The password of the user `admin`, whom the first start makes: 8 characters or more. Default: a "
        "generated one, logged once.",
    )
    admin_password_file: str | None = Field(default=None, description="A file that holds it; a line end at its end is left out.")
    session: Duration = Field(default=12 * 3_600_000, ge=60_000, description="How long a log-in lasts.")
    max_body: Size = Field(default=1_048_576, ge=1_024, description="Larger requests are refused.")
    proxies: TextList = Field(
        default=(), description="Addresses of proxies in front, whose X-Forwarded-For and -Proto are believed."
    )
    cert_file: str | None = Field(default=None, description="Our certificate, PEM: then it is HTTPS.")
    key_file: str | None = Field(default=None, description="The key of our certificate, PEM, without a passphrase.")


class LogSettings(Section):
    """What is logged, on standard error."""

    level: Literal["debug", "info", "warning", "error", "critical"] = Field(default="info", description="From which level on.")
    format: Literal["auto", "console", "json"] = Field(
        default="auto", description="auto: console on a terminal, JSON lines otherwise."
    )


class Settings(Section):
    """All settings."""

    mqtt: MqttSettings = Field(default=MqttSettings(), description="The connection to the broker.")
    node: NodeSettings = Field(default=NodeSettings(), description="This worker.")
    store: StoreSettings = Field(default=StoreSettings(), description="Where jobs and states are kept.")
    engine: EngineSettings = Field(default=EngineSettings(), description="The single writer.")
    programs: ProgramSettings = Field(default=ProgramSettings(), description="Programs and scripts that operations run.")
    http: HttpSettings = Field(default=HttpSettings(), description="The HTTP API.")
    log: LogSettings = Field(default=LogSettings(), description="What is logged, on standard error.")
