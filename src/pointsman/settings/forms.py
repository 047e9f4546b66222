"""How the catalog is written in a file: a form for each kind of definition. What they mean together is `catalog.py`'s.

Keys that the reference names keep its names (`parameters`, `popupResult`); the short forms beside them are ours.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    SkipValidation,
    StrictBool,
    StrictInt,
    StrictStr,
    WithJsonSchema,
)

from pointsman.model.job import JobStatus
from pointsman.model.rule import Ignore
from pointsman.model.state import Retained
from pointsman.model.trigger import Late
from pointsman.settings.problem import shown
from pointsman.settings.quantity import Duration, Size
from pointsman.settings.schema import (
    EngineSettings,
    LogSettings,
    MqttSettings,
    NodeSettings,
    ProgramSettings,
    StoreSettings,
)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    hint = "; put it in quotes if it is meant as text" if isinstance(value, bool | float) else ""
    raise ValueError(f"expected text, found {shown(value)}{hint}")


Text = Annotated[str, BeforeValidator(_text), WithJsonSchema({"type": ["string", "integer"]})]
"""Text; a whole number is taken for its digits."""
Id = Annotated[str, BeforeValidator(_text), WithJsonSchema({"type": ["string", "integer"], "minLength": 1, "maxLength": 128})]
"""What something is referred to by. `checks.id_fault` says which texts can be one."""


def _state(value: Any) -> int | str:
    return value if isinstance(value, int) and not isinstance(value, bool) else _text(value)


StateRef = Annotated[int | str, PlainValidator(_state), WithJsonSchema({"type": ["string", "integer"], "minLength": 1})]
"""A state's id or name; a whole number stays one."""


Kind = TypeVar("Kind")
Later = Annotated[Kind, SkipValidation()]
"""Checked one by one by `catalog.py`, so that a wrong operation doesn't hide what else is wrong with its class."""


class Form(BaseModel):
    """A mapping in the file. Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StateForm(Form):
    """A state that entities can be in."""

    id: StateRef = Field(description="Its id, as reports and triggers may give it.")
    name: Text | None = Field(default=None, description="Its name, as reports and triggers may give it. Default: the id.")
    priority: StrictInt = Field(default=0, description="How grave it is.")


class ScriptForm(Form):
    """A script of the repository."""

    id: Id = Field(description="What operations refer to it by.")
    name: Text | None = Field(default=None, description="Default: the id.")
    text: Text = Field(description="The script. Its first line may name the interpreter.")


class ParametersForm(Form):
    """What an operation does, in the reference's form."""

    topic: Text | None = Field(default=None, description="Type 1: where to publish.")
    message: Text | None = Field(default=None, description="Type 1: what to publish.")
    type: Literal["fileSystem", "scriptReference", "scriptText"] | None = Field(
        default=None, description="Type 2: what kind of program."
    )
    path: Text | None = Field(default=None, description="fileSystem: the program.")
    args: list[Text] = Field(default=[], description="Type 2: arguments.")
    ref: Id | None = Field(default=None, description="scriptReference: the script's id.")
    text: Text | None = Field(default=None, description="scriptText: the script.")


class OperationForm(Form):
    """Something that can be done to an entity."""

    id: Id = Field(description="Unique in its class or entity.")
    name: Text | None = Field(default=None, description="Default: the id.")
    description: Text = Field(default="", description="For people.")
    type: Literal["mqtt", "program", "1", "2", 1, 2] = Field(description="mqtt (or 1): publish; program (or 2): run a program.")
    topic: Text | None = Field(default=None, description="mqtt: where to publish. Macros stand for one level each.")
    message: Text | None = Field(
        default=None, description="mqtt: what to publish. Macros in strings of JSON are escaped for them."
    )
    qos: StrictInt | None = Field(default=None, ge=0, le=2, description="mqtt: 0, 1 or 2. Default: 1.")
    retain: StrictBool | None = Field(default=None, description="mqtt: whether the broker keeps it. Default: false.")
    content_type: Text | None = Field(default=None, description="mqtt: told to receivers on MQTT 5.")
    command: list[Text] | None = Field(
        default=None, min_length=1, description="program: its path, then arguments, each with macros."
    )
    script: Id | None = Field(default=None, description="program: the id of a script of the repository.")
    text: Text | None = Field(default=None, description="program: the script itself, for a shell when it has macros.")
    args: list[Text] | None = Field(default=None, description="program: arguments of a script.")
    timeout: Duration | None = Field(default=None, ge=1, description="program: how long it may run. Default: 60s.")
    output_limit: Size | None = Field(default=None, ge=1, description="program: how much of its output is kept. Default: 64KiB.")
    environment: dict[str, Text] | None = Field(default=None, description="program: variables for it, with macros.")
    popup_result: StrictBool = Field(
        default=False, alias="popupResult", description="A user interface shows the result in a popup."
    )
    parameters: ParametersForm | None = Field(
        default=None, description="The reference's form of topic, message, command, script and text."
    )


class PayloadForm(Form):
    """What a trigger runs, in the reference's form."""

    operation: Id = Field(description="The operation's id.")


class PeriodicityForm(Form):
    """After how long an operation runs again, in the reference's form."""

    value: StrictInt = Field(ge=1, description="How many units.")
    unit: Literal["minutes", "hours", "days"] = Field(description="minutes, hours or days.")


class ActiveForm(Form):
    """When a trigger is active."""

    days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = Field(
        default=["mon", "tue", "wed", "thu", "fri", "sat", "sun"], min_length=1, description="Days of the week."
    )
    start: Text = Field(default="00:00", alias="from", description="Time of day as HH:MM, included.")
    end: Text = Field(default="24:00", alias="to", description="Time of day as HH:MM, not included; up to `from`: past midnight.")
    zone: Text = Field(description="The time zone, as Europe/Berlin or UTC.")


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


States = Annotated[list[StateRef], BeforeValidator(_listed)]
"""Ids or names of states; one alone may go without the brackets."""


class TriggerForm(Form):
    """Runs an operation when the state changes to one of these, and every other clause agrees."""

    id: Id | None = Field(default=None, description="Its name in explanations. Default: where it is set, and its number.")
    states: States = Field(default=[], description="Ids or names of states that it acts on; every state when it names none.")
    to: States = Field(default=[], description="The same as `states`.")
    from_: States = Field(default=[], alias="from", description="Only when one of these is left.")
    not_from: States = Field(default=[], description="Not when one of these is left.")
    not_to: States = Field(default=[], description="Not when one of these is entered.")
    when: StrictStr | None = Field(default=None, description="A condition that must be true: payload.temperature > 30.")
    enabled: StrictBool = Field(default=True, description="Whether it acts at all.")
    active: ActiveForm | None = Field(default=None, description="When it acts. Default: always.")
    cooldown: Duration = Field(default=0, description="How long it rests for an entity after it has acted.")
    duration: Duration | None = Field(default=None, description="How long the state must hold before it acts.")
    hold: Duration | None = Field(default=None, alias="for", description="The same as `duration`.")
    periodicity: PeriodicityForm | None = Field(default=None, description="After how long it acts again while the state holds.")
    every: Duration | None = Field(default=None, ge=1000, description="The same as `periodicity`, as a duration of 1s or more.")
    late: Late = Field(default=Late.FIRE, description="When its time passed while no worker ran: fire, skip or rearm.")
    latest: Duration | None = Field(default=None, description="How late it may still act. Default: however late.")
    operation: Id | None = Field(default=None, description="The operation to run, of the entity or its class.")
    type: StrictStr | None = Field(default=None, description="The reference's form: operation.")
    payload: PayloadForm | None = Field(default=None, description="The reference's form of `operation`.")


class PropertyForm(Form):
    """A property in the reference's form."""

    name: Text = Field(min_length=1, description="Unique in its class or entity.")
    value: Any = Field(default=None, description="Any value.")
    type_id: StrictInt = Field(default=1, ge=1, description="The reference's type; it is not acted on yet.")


Properties = dict[str, Any] | list[PropertyForm]


class ClassForm(Form):
    """What its entities have in common."""

    id: Id = Field(description="What entities name as their class.")
    name: Text | None = Field(default=None, description="Default: the id.")
    description: Text = Field(default="", description="For people.")
    operations: tuple[Later[OperationForm], ...] = Field(default=(), description="Operations that its entities inherit.")
    triggers: tuple[Later[TriggerForm], ...] = Field(default=(), description="Triggers that its entities inherit.")
    properties: Properties = Field(default={}, description="Properties that its entities inherit: name and value.")


class ObjectForm(Form):
    """An object: a device, a machine, anything that has a state."""

    id: Id = Field(description="Unique among objects and links; one level of a topic.")
    name: Text | None = Field(default=None, description="Default: the id.")
    class_id: Id | None = Field(default=None, alias="class", description="The class that it inherits from.")
    operations: tuple[Later[OperationForm], ...] = Field(
        default=(), description="Its own operations; one with an inherited id goes before it."
    )
    triggers: tuple[Later[TriggerForm], ...] = Field(default=(), description="Its own triggers, besides those of its class.")
    properties: Properties = Field(default={}, description="Its own properties: name and value.")


class LinkForm(ObjectForm):
    """A link between two objects."""

    source: Id = Field(description="The object it begins at.")
    target: Id = Field(description="The object it ends at.")


class IntakeForm(Form):
    """How messages of foreign devices are read as reports of states."""

    topic: Text = Field(description="The topic filter. Its wildcards are numbered from the left: {1}, {2}, …")
    entity: Text = Field(description="The id of an object or link; {1} stands for what the first wildcard matched.")
    state: Text = Field(description="Where the value is: $ for the whole payload, else $.name, $['any name'], $.list[0].")
    map: dict[str, Text] = Field(
        default={}, description="From the value to a state's id or name. One that is not in it is taken as a state."
    )
    reported: Text | None = Field(default=None, description="Where the message gives its own time, in ms.")
    retained: Retained | None = Field(
        default=None, description="What a retained message does here. Default: as mqtt.retained says."
    )
    ignore: list[Ignore] = Field(default=[], description="What is passed over in silence instead of rejected.")


class StepForm(Form):
    """A message of a test."""

    topic: Text = Field(description="The topic that it comes on.")
    message: Any = Field(description="Text as it is; any other value is sent as JSON.")
    retained: StrictBool = Field(default=False, description="Whether it comes on subscribing, kept by the broker.")
    after: Duration = Field(default=0, description="How long after what was before.")
    rejected: StrictBool = Field(default=False, description="Whether it is one that cannot be taken.")


class JobForm(Form):
    """A job that a test expects. What is left out may be anything."""

    operation: Id | None = Field(default=None, description="Its operation.")
    entity: Id | None = Field(default=None, description="Its object or link.")
    trigger: Id | None = Field(default=None, description="The id of the trigger that made it.")
    status: JobStatus | None = Field(default=None, description="How it stands at the end.")
    topic: Text | None = Field(default=None, description="What it publishes on.")
    message: Any = Field(default=None, description="What it publishes: text as it is; else its JSON, of a mapping a part.")
    command: list[Text] | None = Field(default=None, description="What it runs: program and arguments; of a script only these.")


class ScenarioForm(Form):
    """A test of the rules."""

    name: Text = Field(min_length=1, description="What it shows.")
    at: Text | None = Field(default=None, description="The time at the beginning. Default: 2026-01-01T12:00:00Z.")
    given: dict[str, StateRef] = Field(default={}, description="The states that objects and links are in before.")
    when: tuple[Later[StepForm], ...] = Field(default=(), description="What comes, in order.")
    wait: Duration = Field(default=0, description="How much time passes after that.")
    expect: tuple[Later[JobForm], ...] = Field(description="The jobs that come of it: all of them, in order.")


class FileForm(Form):
    """A configuration file of Pointsman: settings and, if wanted, the catalog."""

    mqtt: MqttSettings | None = Field(default=None, description="The connection to the broker.")
    node: NodeSettings | None = Field(default=None, description="This worker.")
    store: StoreSettings | None = Field(default=None, description="Where jobs and states are kept.")
    engine: EngineSettings | None = Field(default=None, description="The single writer.")
    programs: ProgramSettings | None = Field(default=None, description="Programs and scripts that operations run.")
    log: LogSettings | None = Field(default=None, description="What is logged, on standard error.")
    states: list[StateForm] = Field(default=[], description="States that entities can be in. Default: the built-in ones.")
    classes: list[ClassForm] = Field(default=[], description="What entities have in common.")
    objects: list[ObjectForm] = Field(default=[], description="Devices, machines, anything that has a state.")
    links: list[LinkForm] = Field(default=[], description="Links between objects.")
    scripts: list[ScriptForm] = Field(default=[], description="The script repository.")
    intake: list[IntakeForm] = Field(default=[], description="How messages of foreign devices are read.")
    tests: list[ScenarioForm] = Field(default=[], description="Tests of the rules, run by `pointsman check --tests`.")
