"""How the catalog is written in a file: a form for each kind of definition. What they mean together is `catalog.py`'s.

Keys that the reference names keep its names (`parameters`, `popupResult`); the short forms beside them are ours.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StrictBool, StrictInt, StrictStr

from pointsman.model.conduct import Mode, OnInterrupted
from pointsman.model.rule import Ignore
from pointsman.model.state import Retained
from pointsman.model.trigger import Late
from pointsman.settings.condition_forms import ConditionForm, NoDataForm
from pointsman.settings.conduct_forms import ConfirmForm, ExpectForm, Schedules
from pointsman.settings.fields import Form, Id, Later, StateRef, States, Text
from pointsman.settings.quantity import Duration, Size
from pointsman.settings.scenario_forms import ScenarioForm
from pointsman.settings.schema import (
    EngineSettings,
    HttpSettings,
    LogSettings,
    MqttSettings,
    NodeSettings,
    ProgramSettings,
    StoreSettings,
)


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
    on_property: StrictBool = Field(
        default=False,
        alias="runOnReadWritePropertyModification",
        description="Whether it runs when a ReadWrite property of its entity gets another value.",
    )
    schedule: Schedules = Field(default=[], description="When it runs by the clock.")
    allow_loop: StrictBool = Field(
        default=False, description="Loops that it is in are meant: what it publishes is not followed to warn of them."
    )
    parameters: ParametersForm | None = Field(
        default=None, description="The reference's form of topic, message, command, script and text."
    )
    mode: Mode = Field(
        default=Mode.PARALLEL, description="What becomes of an execution while another one, for the same entity, is open."
    )
    max: StrictInt | None = Field(
        default=None, ge=1, description="parallel, queued: how many may be open at once. Default: without limit."
    )
    retries: StrictInt = Field(default=0, ge=0, le=1_000, description="How often a job that failed or timed out is tried again.")
    backoff: Duration | None = Field(default=None, ge=1, description="The pause before it is; it doubles each time. Default: 1s.")
    backoff_max: Duration | None = Field(default=None, ge=1, description="The longest pause. Default: 60s, or backoff.")
    on_interrupted: OnInterrupted | None = Field(
        default=None, description="program: what becomes of a job whose outcome a power cut took. Default: leave."
    )
    expect_result: Annotated[Duration, Field(ge=1)] | ExpectForm | None = Field(
        default=None, description="Its device must answer, and within which time."
    )
    confirm: ConfirmForm | None = Field(default=None, description="Its effect must be seen, and within which time.")
    on_timeout: Id | None = Field(
        default=None,
        description="What is run when a job has timed out for good: another operation of the entity or its class.",
    )


class PayloadForm(Form):
    """What a trigger runs, in the reference's form. Types that are not acted on have what they like here."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": True})

    operation: Id | None = Field(default=None, description="Type operation: the operation's id.")
    exec_path: Text | None = Field(default=None, alias="execPath", description="Type script: the program, an absolute path.")
    args: list[Text] = Field(default=[], description="Type script: its arguments, each with macros.")


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
    command: list[Text] | None = Field(
        default=None, min_length=1, description="A program to run instead: its path, then arguments, each with macros."
    )
    type: StrictStr | None = Field(
        default=None, description="The reference's form: operation or script. Another type is kept, and not acted on."
    )
    payload: Later[PayloadForm] | None = Field(default=None, description="The reference's form of `operation` and `command`.")


class PropertyForm(Form):
    """A property in the reference's form."""

    name: Text = Field(min_length=1, description="Unique in its class or entity.")
    value: Any = Field(default=None, description="Any value.")
    writable: StrictBool | None = Field(default=None, description="Whether it can be set while running. Default: false.")
    type_id: StrictInt | None = Field(
        default=None, ge=1, description="The reference's form of `writable`: 3 (ReadWrite) can be set, no other. Default: 1."
    )


Properties = dict[str, Any] | list[PropertyForm]


class ClassForm(Form):
    """What its entities have in common."""

    id: Id = Field(description="What entities name as their class.")
    name: Text | None = Field(default=None, description="Default: the id.")
    description: Text = Field(default="", description="For people.")
    operations: tuple[Later[OperationForm], ...] = Field(default=(), description="Operations that its entities inherit.")
    triggers: tuple[Later[TriggerForm], ...] = Field(default=(), description="Triggers that its entities inherit.")
    conditions: tuple[Later[ConditionForm], ...] = Field(default=(), description="Conditions that its entities inherit.")
    no_data: NoDataForm | None = Field(default=None, description="Its entities' state when nothing is heard of them.")
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
    conditions: tuple[Later[ConditionForm], ...] = Field(default=(), description="Its own conditions, before those of its class.")
    no_data: NoDataForm | None = Field(default=None, description="Its state when nothing is heard of it. Default: its class's.")
    properties: Properties = Field(default={}, description="Its own properties: name and value.")


class LinkForm(ObjectForm):
    """A link between two objects."""

    source: Id = Field(description="The object it begins at.")
    target: Id = Field(description="The object it ends at.")


class IntakeForm(Form):
    """How messages of foreign devices are read as reports of states and properties."""

    topic: Text = Field(description="The topic filter. Its wildcards are numbered from the left: {1}, {2}, …")
    entity: Text = Field(description="The id of an object or link; {1} stands for what the first wildcard matched.")
    state: Text | None = Field(
        default=None, description="Where the state is: $ for the whole payload, else $.name, $['any name'], $.list[0]."
    )
    values: StrictBool = Field(
        default=False, description="Instead of `state`: the payload has values, for the entity's conditions."
    )
    property: Text | None = Field(
        default=None, description="Instead of `state`: the property that is reported; with {1}, {2}, … as in `entity`."
    )
    value: Text | None = Field(default=None, description="Where the property's value is. Default: $.")
    map: dict[str, Text] = Field(
        default={}, description="From the value to a state's id or name. One that is not in it is taken as a state."
    )
    reported: Text | None = Field(default=None, description="Where the message gives its own time, in ms.")
    retained: Retained | None = Field(
        default=None, description="What a retained message does here. Default: as mqtt.retained says."
    )
    ignore: list[Ignore] = Field(default=[], description="What is passed over in silence instead of rejected.")


class ReplyForm(Form):
    """Where devices answer that cannot answer as MQTT 5 says."""

    topic: Text = Field(description="The topic filter. Its wildcards are numbered from the left: {1}, {2}, …")
    job: Text = Field(description="Where the job's id is: $.name in the payload, or {1} for what the first wildcard matched.")
    result: Text = Field(default="$", description="Where the result is that the job gets: $ for the whole payload.")
    ignore: list[Literal["no_value"]] = Field(
        default=[], description="no_value: a message that names no job, or has no result, is passed over instead of rejected."
    )


class FileForm(Form):
    """A configuration file of Pointsman: settings and, if wanted, the catalog."""

    mqtt: MqttSettings | None = Field(default=None, description="The connection to the broker.")
    node: NodeSettings | None = Field(default=None, description="This worker.")
    store: StoreSettings | None = Field(default=None, description="Where jobs and states are kept.")
    engine: EngineSettings | None = Field(default=None, description="The single writer.")
    programs: ProgramSettings | None = Field(default=None, description="Programs and scripts that operations run.")
    http: HttpSettings | None = Field(default=None, description="The HTTP API.")
    log: LogSettings | None = Field(default=None, description="What is logged, on standard error.")
    states: list[StateForm] = Field(default=[], description="States that entities can be in. Default: the built-in ones.")
    classes: list[ClassForm] = Field(default=[], description="What entities have in common.")
    objects: list[ObjectForm] = Field(default=[], description="Devices, machines, anything that has a state.")
    links: list[LinkForm] = Field(default=[], description="Links between objects.")
    scripts: list[ScriptForm] = Field(default=[], description="The script repository.")
    intake: list[IntakeForm] = Field(default=[], description="How messages of foreign devices are read.")
    replies: list[ReplyForm] = Field(default=[], description="Where devices answer that cannot answer as MQTT 5 says.")
    tests: list[ScenarioForm] = Field(default=[], description="Tests of the rules, run by `pointsman check --tests`.")
