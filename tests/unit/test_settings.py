"""Settings: where they are found, which layer wins, what each value may be, and what is said of one that is wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from pointsman.errors import ConfigurationError
from pointsman.model.state import Retained
from pointsman.model.topic import topic_fault
from pointsman.programs.policy import ProgramPolicy
from pointsman.settings import Configuration, InvalidConfiguration, Settings, find_configuration, load_configuration
from pointsman.settings.checks import without_password
from pointsman.settings.effective import node_name
from pointsman.settings.forms import FileForm
from pointsman.settings.layers import setting_paths, variable_of
from pointsman.settings.quantity import parse_duration, parse_size
from pointsman.settings.show import effective, file_schema

Load = Callable[..., Configuration]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a text as `pointsman.yaml`, with variables such as MQTT__URL."""

    def loaded(text: str = "", overrides: Mapping[str, Any] | None = None, **variables: str) -> Configuration:
        path = tmp_path / "pointsman.yaml"
        path.write_text(text, encoding="utf-8")
        environ = {f"POINTSMAN_{name}": value for name, value in variables.items() if name != "CREDENTIALS_DIRECTORY"}
        if "CREDENTIALS_DIRECTORY" in variables:
            environ["CREDENTIALS_DIRECTORY"] = variables["CREDENTIALS_DIRECTORY"]
        return load_configuration(path, environ, overrides)

    return loaded


@pytest.fixture
def complaints(load: Load, tmp_path: Path) -> Callable[..., list[str]]:
    """The problems of a text, one line each, with `f` for the file."""

    def told(text: str = "", **variables: str) -> list[str]:
        with pytest.raises(InvalidConfiguration) as caught:
            load(text, **variables)
        assert all(problem.file for problem in caught.value.problems)
        return [str(problem).replace(str(tmp_path / "pointsman.yaml"), "f") for problem in caught.value.problems]

    return told


# Finding the file


def test_the_file_is_the_one_that_the_flag_names_then_the_variable_then_the_one_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("flag.yaml", "variable.yaml", "pointsman.yaml"):
        (tmp_path / name).touch()
    environ = {"POINTSMAN_CONFIG": "variable.yaml"}
    assert find_configuration("flag.yaml", environ) == Path("flag.yaml")
    assert find_configuration(None, environ) == Path("variable.yaml")
    assert find_configuration(None, {}) == Path("pointsman.yaml")


@pytest.mark.parametrize(
    ("explicit", "environ", "words"),
    [
        ("gone.yaml", {}, ["gone.yaml", "--config"]),
        (None, {"POINTSMAN_CONFIG": "gone.yaml"}, ["gone.yaml", "POINTSMAN_CONFIG"]),
        (None, {}, ["--config", "POINTSMAN_CONFIG", "./pointsman.yaml", "/etc/pointsman/pointsman.yaml"]),
    ],
)
def test_a_missing_file_is_an_error_that_says_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, explicit: str | None, environ: dict[str, str], words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    if not words[0].startswith("gone") and Path("/etc/pointsman/pointsman.yaml").exists():
        pytest.skip("this machine has a configuration")
    with pytest.raises(ConfigurationError) as caught:
        find_configuration(explicit, environ)
    assert caught.value.exit_code == 78
    assert all(word in str(caught.value) for word in words)


def test_files_in_conf_d_are_joined_in_the_order_of_their_names(load: Load, tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "20-more.yaml").write_text("objects: [{id: c}]\nmqtt: {window: 7, tls: {verify: false}}\n")
    (tmp_path / "conf.d" / "10-objects.yaml").write_text("objects: [{id: b}]\nlog:\n")
    (tmp_path / "conf.d" / "ignored.yml").write_text("nonsense: [")
    loaded = load("objects: [{id: a}]\nmqtt: {url: mqtt://b}\nlog: {level: debug}\n")
    assert [resolved.entity.ref.id for resolved in loaded.catalog.entities] == ["a", "b", "c"]
    assert (loaded.settings.mqtt.url, loaded.settings.mqtt.window, loaded.settings.mqtt.tls.verify) == ("mqtt://b", 7, False)
    assert [Path(name).name for name in loaded.sources] == ["pointsman.yaml", "10-objects.yaml", "20-more.yaml"]


def test_a_problem_in_a_file_of_conf_d_stands_there(tmp_path: Path, load: Load) -> None:
    (tmp_path / "conf.d").mkdir()
    other = tmp_path / "conf.d" / "a.yaml"
    other.write_text("objects:\n  - {id: b}\n  - {id: c, nme: C}\nlog: {levle: info}\n")
    with pytest.raises(InvalidConfiguration) as caught:
        load("objects: [{id: a}]\nlog: {format: json}")
    assert [str(problem.origin) for problem in caught.value.problems] == [f"{other}:3:13", f"{other}:4:7"]


def test_a_value_that_two_files_give_is_an_error_that_names_both(load: Load, tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    other = tmp_path / "conf.d" / "a.yaml"
    other.write_text("mqtt:\n  url: mqtt://c\nlog: [x]\nobjects: {b: c}\n")
    with pytest.raises(InvalidConfiguration) as caught:
        load("mqtt: {url: mqtt://b}\nlog: {level: info}\nobjects: [{id: a}]")
    here = tmp_path / "pointsman.yaml"
    assert [str(problem) for problem in caught.value.problems] == [
        f"{other}:2:3: expected 'url' to be said once, found it again; it was first at {here}:1:13: keep one of them",
        f"{other}:3:1: expected 'log' to be said once, found it again; it was first at {here}:2:6: keep one of them",
        f"{other}:4:1: expected 'objects' to be said once, found it again; it was first at {here}:3:10: keep one of them",
    ]


# Layers


def test_a_flag_goes_before_the_environment_before_a_secret_before_the_file_before_the_default(
    load: Load, tmp_path: Path
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "mqtt__url").write_text("mqtt://secret\n")
    text = "mqtt: {url: mqtt://file}"
    cases: list[tuple[str, dict[str, Any]]] = [
        ("mqtt://127.0.0.1:1883", {}),
        ("mqtt://file", {"text": text}),
        ("mqtt://secret", {"text": text, "SECRETS_DIR": str(secrets)}),
        ("mqtt://env", {"text": text, "SECRETS_DIR": str(secrets), "MQTT__URL": "mqtt://env"}),
        (
            "mqtt://flag",
            {"text": text, "SECRETS_DIR": str(secrets), "MQTT__URL": "mqtt://env", "overrides": {"mqtt.url": "mqtt://flag"}},
        ),
    ]
    origins = []
    for expected, arguments in cases:
        loaded = load(**arguments)
        assert loaded.settings.mqtt.url == expected
        origins.append(str(loaded.origins["mqtt", "url"]))
    file = tmp_path / "pointsman.yaml"
    assert origins == ["default", f"{file}:1:13", str(secrets / "mqtt__url"), "POINTSMAN_MQTT__URL", "the flag for mqtt.url"]


@pytest.mark.parametrize("name", ["mqtt.password", "mqtt__password", "pointsman_mqtt__password"])
def test_a_secret_has_one_of_three_names_and_loses_the_line_end_of_its_file(load: Load, tmp_path: Path, name: str) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / name).write_text("s3cret \n")
    (secrets / "somebody-elses").write_text("x")
    password = load(SECRETS_DIR=str(secrets)).settings.mqtt.password
    assert password is not None
    assert password.get_secret_value() == "s3cret "


def test_the_credentials_of_systemd_go_before_the_secrets_directory(load: Load, tmp_path: Path) -> None:
    for name in ("credentials", "secrets"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mqtt.username").write_text(name)
    directories = {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials"), "SECRETS_DIR": str(tmp_path / "secrets")}
    assert load(**directories).settings.mqtt.username == "credentials"


def test_a_secrets_directory_that_is_not_there_and_a_secret_that_is_no_text_are_problems(
    complaints: Callable[..., list[str]], tmp_path: Path
) -> None:
    assert complaints(SECRETS_DIR="/nowhere") == [
        "POINTSMAN_SECRETS_DIR: expected a directory of secrets that this user may enter, found none at /nowhere"
    ]
    (tmp_path / "mqtt.password").write_bytes(b"\xff\xfe")
    (told,) = complaints(SECRETS_DIR=str(tmp_path))
    assert "no text in UTF-8" in told
    (tmp_path / "mqtt.password").write_bytes(b"x" * 70_000)
    (told,) = complaints(SECRETS_DIR=str(tmp_path))
    assert "more than 65536 bytes" in told


def test_an_empty_variable_counts_as_not_set(load: Load) -> None:
    assert load("log: {level: debug}", LOG__LEVEL="").settings.log.level == "debug"


@pytest.mark.parametrize("path", list(setting_paths()), ids=".".join)
def test_every_setting_has_a_variable_that_is_read_and_checked(path: tuple[str, ...], tmp_path: Path) -> None:
    """A text that no setting takes leads to a problem under the variable's name; texts take anything that is one."""
    file = tmp_path / "f.yaml"
    file.touch()
    variable = variable_of(path)
    odd = "§ \x07 §"
    try:
        loaded = load_configuration(file, {variable: odd})
    except InvalidConfiguration as invalid:
        assert {problem.file for problem in invalid.problems} == {variable}  # noqa: PT017 either outcome is right
    else:
        assert str(loaded.origins[path]) == variable


def test_a_list_in_a_variable_is_json_or_parted_by_commas(load: Load, complaints: Callable[..., list[str]]) -> None:
    for text in ("/bin, /opt/x", '["/bin", "/opt/x"]'):
        assert load(PROGRAMS__DIRECTORIES=text).settings.programs.directories == (Path("/bin"), Path("/opt/x"))
    (told,) = complaints(PROGRAMS__DIRECTORIES="[/bin")
    assert told.startswith("POINTSMAN_PROGRAMS__DIRECTORIES: expected a JSON list, or values parted by commas")


def test_a_variable_that_looks_like_a_settings_and_is_none_is_a_problem(complaints: Callable[..., list[str]]) -> None:
    told = complaints(MQTT__URLL="x", MQQT__URL="y", LOG__COLOUR="z")
    assert [line.split(":")[0] for line in told] == ["POINTSMAN_MQTT__URLL", "POINTSMAN_MQQT__URL", "POINTSMAN_LOG__COLOUR"]
    assert told[0].endswith("did you mean POINTSMAN_MQTT__URL?")
    assert told[1].endswith("did you mean POINTSMAN_MQTT__URL?")


def test_variables_of_others_are_left_alone(load: Load) -> None:
    """Compose's own, the tests', those that programs get."""
    load(MQTT_PORT="1883", TEST_BROKER_URL="x", JOB_ID="y", CONFIG="z", ELSEWHERE__NAME="w")


def test_an_unknown_flag_is_a_problem(load: Load) -> None:
    with pytest.raises(InvalidConfiguration, match=r"mqtt\.ur: .*did you mean mqtt\.url"):
        load(overrides={"mqtt.ur": "x"})


def test_wrong_variables_do_not_hide_what_is_wrong_in_the_file(complaints: Callable[..., list[str]]) -> None:
    told = complaints("log: {level: loud}\nengine: {batch: 0}\n", MQTT__WINDOW="none")
    assert told == [
        "POINTSMAN_MQTT__WINDOW: expected a whole number, found 'none'",
        "f:1:14: expected one of debug, info, warning, error, critical, found 'loud'",
        "f:2:17: expected 1 or more, found 0",
    ]


def test_a_section_that_is_no_mapping_is_one_problem_even_when_a_variable_sets_something_in_it(
    complaints: Callable[..., list[str]],
) -> None:
    assert complaints("mqtt: 5\n", MQTT__URL="mqtt://x") == ["f:1:7: expected a mapping, found 5"]
    assert complaints("mqtt: {tls: [a]}\n", MQTT__TLS__VERIFY="false") == ["f:1:13: expected a mapping, found a list"]


# Values


def test_without_anything_the_defaults_hold(load: Load) -> None:
    settings = load().settings
    mqtt = settings.mqtt
    assert (mqtt.url, mqtt.base_topic, mqtt.version, mqtt.retained, mqtt.announce) == (
        "mqtt://127.0.0.1:1883",
        "pointsman",
        "auto",
        Retained.COMPARE,
        "all",
    )
    assert (mqtt.keepalive, mqtt.session_expiry, mqtt.receive_maximum, mqtt.window) == (60_000, 604_800_000, 200, 100)
    assert (mqtt.max_payload, mqtt.reconnect_min, mqtt.reconnect_max) == (262_144, 1_000, 60_000)
    assert settings.store.url == "sqlite:///pointsman.db"
    assert (settings.engine.batch, settings.engine.queue) == (200, 2_000)
    assert mqtt.client_id == f"pointsman-{settings.node.id}"


def test_the_defaults_of_programs_are_those_of_the_policy() -> None:
    """Two places have them, since adapters don't know each other."""
    programs, policy = Settings().programs, ProgramPolicy()
    assert programs.directories == policy.directories
    assert (programs.enabled, programs.workers, programs.queue, programs.grace, programs.interpreter) == (
        policy.enabled,
        policy.workers,
        policy.queue,
        policy.grace_ms,
        policy.interpreter,
    )
    assert (programs.on_stop == "leave") is policy.leave_on_stop
    assert programs.work_directory is policy.work_directory is None
    assert programs.max_memory is programs.max_cpu is programs.max_open_files is programs.max_processes is None


def test_defaults_follow_from_other_settings(load: Load) -> None:
    assert load("node: {id: gw-7}").settings.mqtt.client_id == "pointsman-gw-7"
    assert load("node: {id: gw-7}\nmqtt: {client_id: mine}").settings.mqtt.client_id == "mine"
    assert load("store: {url: 'sqlite:///a.db'}").settings.store.migrate is True
    assert load("store: {url: 'postgresql+psycopg://u@h/d'}").settings.store.migrate is False
    assert load("store: {url: 'postgresql://u@h/d', migrate: auto}").settings.store.migrate is True
    assert load("store: {migrate: manual}").settings.store.migrate is False


@given(st.text(max_size=200))
def test_any_host_name_becomes_a_nodes_name(host: str) -> None:
    name = node_name(host)
    assert topic_fault(f"pointsman/{name}/state") is None
    assert "/" not in name


@pytest.mark.parametrize(
    ("written", "milliseconds"),
    [(0, 0), (1500, 1500), ("250", 250), ("500ms", 500), ("30s", 30_000), ("1.5s", 1500), ("5m", 300_000), ("2 h", 7_200_000)],
)
def test_durations(written: int | str, milliseconds: int) -> None:
    assert parse_duration(written) == milliseconds


@pytest.mark.parametrize(("written", "size"), [(10, 10), ("10", 10), ("64KiB", 65_536), ("1.5 MiB", 1_572_864), ("2GiB", 2**31)])
def test_sizes(written: int | str, size: int) -> None:
    assert parse_size(written) == size


@pytest.mark.parametrize(
    "written", [-1, True, 1.5, None, [], "", "s", "5 parsecs", "1.5", "-5s", "1e3s", "５s", "9" * 20, "5s 3s"]
)
def test_what_is_no_duration_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="expected a duration such as 500ms"):
        parse_duration(written)


@given(st.integers(0, 10**9), st.sampled_from(["ms", "s", "m", "h", "d"]))
def test_a_duration_is_its_number_times_its_unit(number: int, unit: str) -> None:
    assert parse_duration(f"{number}{unit}") == number * {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}[unit]


@pytest.mark.parametrize(
    "url",
    [
        "mqtt://localhost",
        "mqtt://localhost:1883/",
        "mqtts://broker.example.org:8883",
        "mqtt://user:p%40ss@host",
        "mqtt://[::1]:1883",
        "unix:///run/mosquitto.sock",
    ],
)
def test_urls_of_brokers(load: Load, url: str) -> None:
    assert load(MQTT__URL=url).settings.mqtt.url == url


@pytest.mark.parametrize(
    "url",
    [
        "localhost:1883",
        "tcp://h",
        "ws://h",
        "mqtt://",
        "mqtt://h:0",
        "mqtt://h:99999",
        "mqtt://h/topic",
        "mqtt://h?x=1",
        "unix://h",
    ],
)
def test_what_is_no_url_of_a_broker_is_refused(complaints: Callable[..., list[str]], url: str) -> None:
    (told,) = complaints(MQTT__URL=url)
    assert told.startswith("POINTSMAN_MQTT__URL: expected mqtt://HOST[:PORT], mqtts://HOST[:PORT] or unix:///PATH, found")


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("store: {url: 'mysql://h/d'}", "f:1:14", "expected sqlite:///FILE or postgresql+psycopg://"),
        ("store: {url: 'sqlite://'}", "f:1:14", "expected sqlite:///FILE"),
        ("store: {url: 'sqlite:///:memory:'}", "f:1:14", "expected sqlite:///FILE"),
        ("mqtt: {base_topic: 'a/+'}", "f:1:20", "with a wildcard"),
        ("mqtt: {base_topic: a/}", "f:1:20", "with an empty level"),
        ("node: {id: a/b}", "f:1:12", "found 'a/b' with '/' in it"),
        ("node: {id: jobs}", "f:1:12", "not part of Pointsman's own topics"),
        ("mqtt: {username: 1234}", "f:1:18", "expected text, found 1234; put it in quotes if it is meant as text"),
        ("mqtt: {password: 1234}", "f:1:18", "found a value that is not shown; put it in quotes if it is meant as text"),
        ("mqtt: {version: 4}", "f:1:17", "expected one of auto, 5, 3.1.1, found 4"),
        ("mqtt: {retained: compar}", "f:1:18", "did you mean compare?"),
        ("mqtt: {receive_maximum: 65536}", "f:1:25", "expected 65535 or less, found 65536"),
        ("mqtt: {keepalive: 1s}", "f:1:19", "expected 5000 or more"),
        ("mqtt: {reconnect_min: 5s, reconnect_max: 2s}", "f:1:42", "expected at least reconnect_min, 5000 ms, found 2000 ms"),
        ("store: {migrate: sometimes}", "f:1:18", "expected auto or manual, found 'sometimes'"),
        ("store: {keep_jobs: 0}", "f:1:20", "expected 1 or more"),
        ("programs: {enabled: maybe}", "f:1:21", "expected true or false, found 'maybe'"),
        ("mqtt: {urll: x}", "f:1:8", "found 'urll'; did you mean url?"),
        ("mqtts: {url: x}", "f:1:1", "found 'mqtts'; did you mean mqtt?"),
        ("http: {port: 80}", "f:1:8", "found 'port'"),
        (
            "mqtt: {tls: {ca_file: /ca.pem}}",
            "f:1:14",
            "expected mqtt.url to begin with mqtts: when ca_file is given, found mqtt:",
        ),
        ("mqtt: {url: 'mqtts://h', tls: {ca_file: /nowhere/ca.pem}}", "f:1:41", "expected a file in PEM at /nowhere/ca.pem"),
        ("mqtt: {url: 'mqtts://h', tls: {key_file: /dev/null}}", "f:1:32", "expected cert_file beside key_file"),
    ],
)
def test_what_is_said_of_a_wrong_setting(complaints: Callable[..., list[str]], text: str, place: str, words: str) -> None:
    told = complaints(text)
    assert any(line.startswith(place + ": ") and words in line for line in told), told


def test_words_that_yaml_1_1_took_for_booleans_are_still_taken_where_one_is_wanted(load: Load) -> None:
    assert load("programs: {enabled: off}").settings.programs.enabled is False


# Secrets


def test_the_password_may_be_in_a_file(load: Load, tmp_path: Path, complaints: Callable[..., list[str]]) -> None:
    file = tmp_path / "password"
    file.write_text("from a file\n")
    given = load(f"mqtt: {{password_file: {file}}}").settings.mqtt.password
    assert given is not None
    assert given.get_secret_value() == "from a file"
    (told,) = complaints("mqtt: {password_file: /nowhere/password}")
    assert told.startswith("f:1:23: expected a file with a secret at /nowhere/password, found none that can be read")


def test_of_password_and_password_file_the_higher_layer_wins_and_in_one_file_both_are_a_problem(
    load: Load, tmp_path: Path, complaints: Callable[..., list[str]]
) -> None:
    file = tmp_path / "password"
    file.write_text("from a file")

    def password(text: str, **variables: str) -> str:
        found = load(text, **variables).settings.mqtt.password
        return found.get_secret_value() if found else ""

    assert password(f"mqtt: {{password_file: {file}}}", MQTT__PASSWORD="from the environment") == "from the environment"
    assert password("mqtt: {password: here}", MQTT__PASSWORD_FILE=str(file)) == "from a file"
    (told,) = complaints(f"mqtt: {{password: here, password_file: {file}}}")
    assert told.startswith("f:1:24: expected a password or a file that holds it, found both; the password is at")


def test_no_problem_shows_a_secret(complaints: Callable[..., list[str]]) -> None:
    told = complaints("mqtt: {password: [s3cret], url: 'mqtt://u:s3cret@h:x'}\nstore: {url: 'oracle://u:s3cret@h/d'}")
    assert len(told) == 3
    assert "s3cret" not in "".join(told)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mqtt://h:1", "mqtt://h:1"),
        ("mqtt://user@h", "mqtt://user@h"),
        ("mqtt://user:pass@h:1", "mqtt://user:***@h:1"),
        ("postgresql://u:p@ss:w/ord@h/d", "postgresql://u:***@h/d"),
        ("sqlite:///a@b.db", "sqlite:///a@b.db"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_what_is_in_force_is_shown_with_its_origin_and_without_secrets(load: Load, tmp_path: Path) -> None:
    loaded = load(
        "mqtt: {url: 'mqtt://u:s3cret@h', password: s3cret}\nprograms: {directories: [/opt]}",
        STORE__URL="postgresql://u:s3cret@h/d",
    )
    shown = {each.name: each for each in effective(loaded)}
    assert len(shown) == len(list(setting_paths()))
    assert "s3cret" not in repr(shown)
    assert "s3cret" not in repr(loaded.settings.mqtt.password)
    assert shown["mqtt.password"].value == "***"
    assert shown["mqtt.url"].value == "mqtt://u:***@h"
    assert shown["store.url"][1:] == ("postgresql://u:***@h/d", loaded.origins["store", "url"], "POINTSMAN_STORE__URL")
    assert str(shown["programs.directories"].origin) == f"{tmp_path / 'pointsman.yaml'}:2:25"
    assert shown["programs.directories"].value == ["/opt"]
    assert str(shown["log.level"].origin) == "default"
    assert json.dumps([each.value for each in shown.values()])


# The schema


def models(model: type[BaseModel]) -> set[type[BaseModel]]:
    """A form with all forms in it."""
    found = {model}
    for definition in _inner_models(model):
        if definition not in found:
            found |= models(definition)
    return found


def _inner_models(kind: Any) -> set[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return set().union(*[_inner_models_of(field.annotation) for field in kind.model_fields.values()])
    return _inner_models_of(kind)


def _inner_models_of(annotation: Any) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return set().union(*[_inner_models_of(each) for each in getattr(annotation, "__args__", ())])


@pytest.mark.parametrize("model", sorted(models(FileForm), key=str), ids=str)
def test_every_field_is_described_and_unknown_keys_are_refused(model: type[BaseModel]) -> None:
    assert model.__doc__
    assert model.model_config["extra"] == "forbid"
    assert model.model_config["frozen"]
    silent = [name for name, field in model.model_fields.items() if not field.description]
    assert not silent


def test_editors_get_a_json_schema_of_the_whole_file() -> None:
    schema = file_schema()
    assert schema["$schema"].endswith("2020-12/schema")
    catalog = {"states", "classes", "objects", "links", "scripts", "intake", "replies", "tests"}
    assert set(schema["properties"]) == {*Settings.model_fields, *catalog}
    assert schema["additionalProperties"] is False
    assert "class" in schema["$defs"]["ObjectForm"]["properties"]
    assert json.dumps(schema)


def test_a_secret_is_no_plain_text_anywhere(load: Load) -> None:
    settings = load("mqtt: {password: s3cret}").settings
    assert isinstance(settings.mqtt.password, SecretStr)
    assert "s3cret" not in settings.model_dump_json()


def test_loading_reads_nothing_of_the_process_environment(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "POINTSMAN_LOG__LEVEL", "debug")
    assert load().settings.log.level == "info"
