"""The documents are true: every sample is loaded, every command is run or at least exists, every link leads somewhere.

Three kinds of blocks in README.md and docs/*.md mean something here:

* `yaml` is a configuration, or a part of one, and is right; one that begins with `# wrong.yaml` is not. Where a comment names a
  file, it is written for the commands that follow.
* `sh` is run, in order, in a directory with the sample configuration and a worker that runs; a `text` block right behind it is
  what it prints (`…` stands for anything).
* `console` is only looked at: its commands must exist.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from documents.commands import command_lines, fault, ours
from documents.configurations import candidates
from documents.markdown import ROOT, Block, Document, documents
from documents.tables import PLACES, marked, with_tables
from documents.terminal import CONFIGURATION, Terminal
from pointsman.cli.jobs_export import FIELDS
from pointsman.core.evidence import Answer
from pointsman.core.match import SkipReason
from pointsman.model.command import RejectReason
from pointsman.model.conduct import Mode, OnInterrupted
from pointsman.model.job import JobStatus, Waits
from pointsman.model.rule import Ignore
from pointsman.model.state import BUILT_IN_STATES, Retained
from pointsman.model.template import ROOTS
from pointsman.settings import InvalidConfiguration, load_configuration, schema
from pointsman.settings.layers import setting_paths, variable_of
from pointsman.settings.quantity import parse_duration, parse_size
from servers.absence import missing
from servers.mosquitto import Mosquitto, program

DOCUMENTS = documents()
BY_NAME = {document.name: document for document in DOCUMENTS}
BLOCKS = [block for document in DOCUMENTS for block in document.blocks]
WITH_COMMANDS = [each for each in DOCUMENTS if each.name != "README.md" and any(block.language == "sh" for block in each.blocks)]
FOR_DEVELOPERS = ("docs/architecture.md", "docs/decisions/", "CONTRIBUTING.md")
CATALOG = {
    "StateForm",
    "ClassForm",
    "ObjectForm",
    "LinkForm",
    "OperationForm",
    "TriggerForm",
    "ScriptForm",
    "IntakeForm",
    "ReplyForm",
    "ConditionForm",
    "CriteriaForm",
    "NoDataForm",
    "ScenarioForm",
    "StepForm",
    "JobForm",
}
UPDATE = "POINTSMAN_UPDATE_DOCS"


def in_language(*languages: str) -> list[Block]:
    found = [block for block in BLOCKS if block.language in languages]
    assert found, f"no block in {languages}: is the search for them broken?"
    return found


def name_of(value: object) -> str:
    return value.name if isinstance(value, Document) else str(value)


# Samples


@pytest.mark.parametrize("block", in_language("yaml"), ids=name_of)
def test_a_sample_configuration_is_right(block: Block, tmp_path: Path) -> None:
    if block.name == "wrong.yaml":
        with pytest.raises(InvalidConfiguration):
            _load(block.text, tmp_path)
        return
    faults = []
    for text in candidates(block.text, tmp_path):
        try:
            _load(text, tmp_path)
            return
        except InvalidConfiguration as fault:
            faults.append(str(fault))
    pytest.fail(f"{block}: {faults[-1]}")


@pytest.mark.parametrize("block", in_language("json"), ids=name_of)
def test_a_sample_of_json_is_json(block: Block) -> None:
    json.loads(block.text)


def _load(text: str, directory: Path) -> None:
    path = directory / "sample.yaml"
    path.write_text(text)
    load_configuration(path, {})


# Commands


@pytest.mark.timeout(180)
@pytest.mark.parametrize("document", WITH_COMMANDS, ids=name_of)
def test_commands_do_what_the_document_says(document: Document, terminal: Callable[[str], Terminal]) -> None:
    own = next((block.text for block in document.blocks if block.name == CONFIGURATION), "")
    terminal(own).follow(document.blocks)


def test_the_readme_followed_to_the_letter_gives_a_job_for_the_alarm_and_one_by_hand(terminal: Callable[[str], Terminal]) -> None:
    readme = BY_NAME["README.md"]
    [configuration] = [block.text for block in readme.blocks if block.name == CONFIGURATION]
    opened = terminal(configuration)
    opened.follow(readme.blocks)
    by_hand, by_alarm = opened.worker.jobs()
    assert by_alarm["description"] == {"topic": "plant/pump-1/valve/set", "message": '{"because": "ALARM"}'}
    assert [(job["status"], job["user_id"]) for job in (by_alarm, by_hand)] == [("succeeded", "system"), ("succeeded", "mqtt")]
    assert by_alarm["process_meta"]["triggerStates"] == ["3"]


@pytest.fixture
def terminal(make_broker: Callable[..., Mosquitto], tmp_path: Path) -> Iterator[Callable[[str], Terminal]]:
    if program("mosquitto_pub") is None:
        missing("mosquitto_pub", "apt-get install mosquitto-clients")
    if shutil.which("curl") is None:
        missing("curl", "apt-get install curl")
    opened: list[Terminal] = []

    def make(configuration: str) -> Terminal:
        opened.append(Terminal(tmp_path, make_broker(), configuration))
        opened[0].worker.start()
        return opened[0]

    yield make
    for each in opened:
        each.worker.kill()


@pytest.mark.parametrize("block", in_language("console", "sh"), ids=name_of)
def test_a_command_that_is_shown_exists(block: Block) -> None:
    faults = [
        f"{block}: {line!r}: {wrong}"
        for line in command_lines(block.text)
        for name, words in ours(line)
        if (wrong := fault(name, words, complete="…" not in line))
    ]
    assert not faults


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_a_command_that_is_mentioned_exists(document: Document) -> None:
    faults = [
        f"{document.name}:{span.line}: {span.text!r}: {wrong}"
        for span in document.spans
        for name, words in ours(span.text)
        if (wrong := fault(name, words, complete=False))
    ]
    assert not faults


def test_a_command_that_does_not_exist_is_found() -> None:
    """Else the tests above could not fail."""
    shown = (
        "$ sudo -u pointsman pointsman jobs lst\n$ make tset\n$ docker-compose exec worker pointsman jobs list --limt 3 | head"
    )
    faults = [fault(name, words, complete=True) for line in command_lines(shown) for name, words in ours(line)]
    assert all(faults)
    assert len(faults) == 3


# Names


@pytest.mark.parametrize("document", [each for each in DOCUMENTS if not each.name.startswith(FOR_DEVELOPERS)], ids=name_of)
def test_a_setting_that_is_mentioned_exists(document: Document) -> None:
    paths = list(setting_paths())
    known = {".".join(path[:end]) for path in paths for end in range(1, len(path) + 1)}
    sections = "|".join(schema.Settings.model_fields)
    named = {found[1] for span in document.spans if (found := re.match(rf"((?:{sections})(?:\.[a-z_]+)+)(?![\w./])", span.text))}
    variables = set(re.findall(r"\bPOINTSMAN_[A-Z]+__[A-Z_]+", document.text))
    assert {name for name in named - known if not name.endswith((".md", ".conf"))} == set()
    assert variables - {variable_of(path) for path in paths} == set()


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("docs/mqtt.md", set(RejectReason)),
        ("docs/mqtt.md", set(Ignore)),
        ("docs/mqtt.md", set(Retained)),
        ("docs/operations.md", set(JobStatus)),
        ("docs/operations.md", {f"`{word}`" for word in (*Mode, *OnInterrupted, *Waits)}),
        ("docs/operations.md", set(FIELDS)),
        ("docs/operations.md", {*SkipReason, *Answer}),
        ("docs/operations.md", {f"{{{{{root}" for root in ROOTS}),
        ("docs/configuration.md", {f"{state.id} {state.name}" for state in BUILT_IN_STATES}),
    ],
    ids=lambda value: value if isinstance(value, str) else min(value),
)
def test_every_word_of_a_closed_list_is_explained(document: str, words: set[str]) -> None:
    text = re.sub(r"\s+", " ", BY_NAME[document].text)
    assert {word for word in words if not re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)} == set()


def test_the_tables_of_the_configuration_are_those_of_the_program() -> None:
    document = BY_NAME["docs/configuration.md"]
    made = with_tables(document.text)
    if os.environ.get(UPDATE):
        document.path.write_text(made)
    assert made == document.path.read_text(), f'write them anew: {UPDATE}=1 make test ARGS="-k tables"'


@pytest.mark.parametrize(("kind", "parse"), [("duration", parse_duration), ("size", parse_size)])
def test_a_way_to_write_a_value_is_one(kind: str, parse: Callable[[object], int]) -> None:
    row = re.search(rf"^\| {kind} \|(.*?)\|", BY_NAME["docs/configuration.md"].text, re.MULTILINE)
    assert row is not None
    assert all(parse(written) > 0 for written in re.findall(r"`(.*?)`", row[1]))


def test_every_setting_and_every_definition_has_a_table() -> None:
    sections = {field.annotation.__name__ for field in schema.Settings.model_fields.values() if field.annotation}
    assert sections | CATALOG <= set(marked(BY_NAME["docs/configuration.md"].text))
    assert all(any(hasattr(place, name) for place in PLACES) for name in CATALOG)


def test_the_ten_stops_are_where_the_architecture_says() -> None:
    rows = re.findall(r"^\| (\d+) \| (.*?) \|", BY_NAME["docs/architecture.md"].text, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 11))
    for number, where in rows:
        source = ""
        for word in re.findall(r"`([\w./]+)`", where):
            if "/" in word or word.endswith(".py"):
                source = _source(word)
            else:
                assert re.search(rf"\b{word.split('.')[-1]}\b", source), f"stop {number}: there is no {word}"


def _source(name: str) -> str:
    """The text of a module, or of all in a folder; one without a folder is beside the one before, in the core."""
    path = ROOT / "src" / "pointsman" / (name if "/" in name else f"core/{name}")
    assert path.exists(), f"there is no {name}"
    return path.read_text() if path.is_file() else "".join(each.read_text() for each in path.rglob("*.py"))


# Links


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_a_link_leads_somewhere(document: Document) -> None:
    broken = []
    for link in document.links:
        if re.match(r"https?:|mailto:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.path.parent / path).resolve() if path else document.path
        known = BY_NAME.get(str(target.relative_to(ROOT)))
        if not target.exists() or (anchor and (known is None or anchor not in known.anchors)):
            broken.append(link)
    assert not broken


def test_every_document_can_be_reached_from_the_readme() -> None:
    reached, found = {"README.md"}, ["README.md"]
    while found:
        document = BY_NAME[found.pop()]
        for link in document.links:
            new = _shown_at(os.path.relpath(document.path.parent / link.partition("#")[0], ROOT)) if link[0] != "#" else set()
            found += new - reached
            reached |= new
    assert set(BY_NAME) - reached == set()


def _shown_at(name: str) -> set[str]:
    """The document of that name; of a folder its README.md, or else whatever is in it."""
    inside = {each for each in BY_NAME if each.startswith(f"{name}/")}
    return ({name, f"{name}/README.md"} & set(BY_NAME)) or inside
