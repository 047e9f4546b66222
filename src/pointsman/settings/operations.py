"""From the forms of operations to the model: macros compiled, references resolved, misfits told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from pointsman.model.ids import OperationId, ScriptId
from pointsman.model.operation import (
    FileSystem,
    MqttOperation,
    Operation,
    Program,
    ProgramOperation,
    ScriptReference,
    ScriptText,
)
from pointsman.model.template import Quoting, Template, TemplateError, parse_message, parse_template
from pointsman.model.topic import text_fault, topic_fault
from pointsman.settings.checks import id_fault
from pointsman.settings.conduct import ConductBuilder, OnTimeout, on_timeout
from pointsman.settings.forms import OperationForm
from pointsman.settings.place import Path, Place
from pointsman.settings.problem import nearest, one_of, shown
from pointsman.settings.report import Report, value_at
from pointsman.settings.schedules import build_schedules
from pointsman.settings.tree import Map
from pointsman.settings.triggers import StateNames

_MQTT_KEYS = ("topic", "message", "qos", "retain", "content_type")
_PROGRAM_KEYS = ("command", "script", "text", "args", "timeout", "output_limit", "environment", "on_interrupted")
_SHORT = ("topic", "message", "command", "script", "text", "args")
_PARAMETERS: Mapping[str | None, tuple[str, ...]] = {
    None: ("topic", "message"),
    "fileSystem": ("path", "args"),
    "scriptReference": ("ref", "args"),
    "scriptText": ("text", "args"),
}
"""Which parameters each kind has; the first is the one that it cannot be without."""


@dataclass(frozen=True, slots=True)
class _Source:
    """What an operation is made of, whichever form it was written in, each with the way to it."""

    kind: str
    texts: Mapping[str, tuple[str, Path]]
    arguments: Sequence[tuple[str, Path]]


@dataclass(frozen=True, slots=True)
class PropertyUse:
    """A place where a property is named, by a macro or as what is waited for."""

    name: str
    place: Place
    path: Path
    offset: int = 0
    written: str = ""
    """How it is named there, when that is not its name alone."""


class OperationBuilder:
    """Builds operations. Everything that is wrong goes to the report."""

    def __init__(self, report: Report, scripts: Collection[str], states: StateNames) -> None:
        self._report = report
        self._scripts = scripts
        self._conduct = ConductBuilder(report, states)
        self.uses: list[PropertyUse] = []
        """Of what was built since `forget`."""
        self.timeouts: list[OnTimeout] = []
        """Of the same."""

    def build(self, form: OperationForm, place: Place) -> Operation | None:
        """The operation, or None when it makes none."""
        before = len(self._report)
        fault = id_fault(form.id)
        if fault:
            self._report.value(place.node, place.at("id"), f"expected an id that can be one level of a topic, found {fault}")
        mqtt = str(form.type) in ("mqtt", "1")
        self._check_keys(form, place, mqtt)
        conduct = self._conduct.build(form, place, mqtt=mqtt)
        self.timeouts += on_timeout(form, place)
        if conduct.confirm is not None and conduct.confirm.property is not None:
            self.uses.append(PropertyUse(conduct.confirm.property, place, place.at("confirm", "property")))
        schedules = build_schedules(form, place, self._report)
        in_parameters = "parameters" in _written(place)
        source = self._from_parameters(form, place, mqtt) if in_parameters else self._from_short(form, place, mqtt)
        if source is None:
            return None
        operation = self._mqtt(form, place, source) if mqtt else self._program(form, place, source)
        if operation is None or len(self._report) != before:
            return None
        return replace(operation, conduct=conduct, on_property=form.on_property, schedules=schedules)

    def forget(self) -> None:
        """What the next operations name is gathered anew."""
        self.uses, self.timeouts = [], []

    def of_trigger(self, id_: str, place: Place, command: Sequence[tuple[str, Path]]) -> ProgramOperation | None:
        """What a trigger runs by itself: the program, then its arguments, each with the way to it. None when it makes none."""
        before = len(self._report)
        program = self._what_to_run(_Source("command", {"command": command[0]}, ()), place)
        arguments = [self.compile(place, text, path, parse_template) for text, path in command[1:]]
        if program is None or len(self._report) != before:
            return None
        written = tuple([argument for argument in arguments if argument is not None])
        return ProgramOperation(id=OperationId(id_), name=id_, program=program, arguments=written)

    # The two ways to write it

    def _check_keys(self, form: OperationForm, place: Place, mqtt: bool) -> None:
        kind, other, keys = ("mqtt", "program", _PROGRAM_KEYS) if mqtt else ("program", "mqtt", _MQTT_KEYS)
        for key in keys:
            if getattr(form, key) is not None:
                message = f"expected what an operation of type {kind} has, found {key!r}, which belongs to type {other}"
                self._report.key(place.node, place.at(key), message)
        for key in _SHORT if form.parameters else ():
            if getattr(form, key) is not None and key not in keys:
                message = f"expected {key!r} either here or in parameters, found both; keep one of them"
                self._report.key(place.node, place.at(key), message)

    def _from_short(self, form: OperationForm, place: Place, mqtt: bool) -> _Source | None:
        if mqtt:
            texts = {key: (text, place.at(key)) for key in ("topic", "message") if (text := getattr(form, key)) is not None}
            for key in ("topic", "message"):
                if key not in texts and key not in _written(place):
                    self._report.value(
                        place.node, place.path, f"expected the key {key!r} in an operation of type mqtt, found none"
                    )
            return _Source("mqtt", texts, ()) if len(texts) == 2 else None
        given = [key for key in ("command", "script", "text") if getattr(form, key) is not None]
        if len(given) != 1:
            if not given and _written(place) & {"command", "script", "text"}:
                return None
            found = " and ".join(given) or "none"
            message = f"expected one of command, script, text in an operation of type program, found {found}"
            self._report.value(place.node, place.path, message)
            return None
        arguments = [(text, place.at("args", index)) for index, text in enumerate(form.args or ())]
        if form.command is None:
            return _Source(given[0], {given[0]: (str(getattr(form, given[0])), place.at(given[0]))}, arguments)
        if form.args is not None:
            self._report.key(place.node, place.at("args"), "expected the arguments in command, behind the program, found args")
        command = [(text, place.at("command", index)) for index, text in enumerate(form.command)]
        return _Source("command", {"command": command[0]}, command[1:])

    def _from_parameters(self, form: OperationForm, place: Place, mqtt: bool) -> _Source | None:
        given = form.parameters
        if given is None:
            return None
        if mqtt != (given.type is None):
            wanted = (
                "no type in the parameters of"
                if mqtt
                else "a type (fileSystem, scriptReference, scriptText) in the parameters of"
            )
            message = f"expected {wanted} an operation of type {'mqtt' if mqtt else 'program'}, found {shown(given.type)}"
            self._report.value(place.node, place.at("parameters", "type"), message)
            return None
        allowed = _PARAMETERS[given.type]
        for key in sorted(given.model_fields_set - {"type"} - set(allowed)):
            message = f"expected {one_of(allowed)} with this type, found {key!r}"
            self._report.key(place.node, place.at("parameters", key), message)
        needed = allowed if mqtt else allowed[:1]
        missing = [key for key in needed if getattr(given, key) is None]
        for key in missing:
            self._report.value(place.node, place.at("parameters"), f"expected the key {key!r} in these parameters, found none")
        if missing:
            return None
        names = {"path": "command", "ref": "script"}
        texts = {names.get(key, key): (str(getattr(given, key)), place.at("parameters", key)) for key in needed}
        arguments = [(text, place.at("parameters", "args", index)) for index, text in enumerate(given.args)]
        return _Source("mqtt" if mqtt else next(iter(texts)), texts, arguments)

    # The two kinds

    def _mqtt(self, form: OperationForm, place: Place, source: _Source) -> Operation | None:
        topic = self.compile(place, *source.texts["topic"], parse_template)
        message = self.compile(place, *source.texts["message"], parse_message)
        if topic is not None:
            self._check_topic(topic, place, source.texts["topic"][1])
        if form.content_type is not None and (fault := text_fault(form.content_type)):
            self._report.value(place.node, place.at("content_type"), f"expected text that MQTT can carry, found a {fault}")
        if topic is None or message is None:
            return None
        return MqttOperation(
            id=OperationId(form.id),
            name=form.name or form.id,
            topic=topic,
            message=message,
            qos=1 if form.qos is None else form.qos,
            retain=bool(form.retain),
            content_type=form.content_type,
            description=form.description,
            popup_result=form.popup_result,
            allow_loop=form.allow_loop,
        )

    def _check_topic(self, topic: Template, place: Place, path: Path) -> None:
        """What is written in a topic must be one that can be published to, whatever one level each macro becomes."""
        text = "".join([part if isinstance(part, str) else "x" for part in topic.parts])
        fault = topic_fault(text)
        if fault:
            self._report.value(
                place.node, path, f"expected a topic that can be published to, found {shown(topic.source)} with {fault}"
            )

    def _program(self, form: OperationForm, place: Place, source: _Source) -> Operation | None:
        program = self._what_to_run(source, place)
        arguments = [self.compile(place, text, path, parse_template) for text, path in source.arguments]
        environment: dict[str, Template] = {}
        for name, text in (form.environment or {}).items():
            if not name or "=" in name or "\0" in name:
                message = f"expected the name of an environment variable, found {shown(name)}"
                self._report.key(place.node, place.at("environment", name), message)
            value = self.compile(place, text, place.at("environment", name), parse_template)
            if value is not None:
                environment[name] = value
        if program is None:
            return None
        operation = ProgramOperation(
            id=OperationId(form.id),
            name=form.name or form.id,
            program=program,
            arguments=tuple([argument for argument in arguments if argument is not None]),
            environment=environment,
            description=form.description,
            popup_result=form.popup_result,
            allow_loop=form.allow_loop,
        )
        if form.timeout is not None:
            operation = replace(operation, timeout_ms=form.timeout)
        return operation if form.output_limit is None else replace(operation, output_limit=form.output_limit)

    def _what_to_run(self, source: _Source, place: Place) -> Program | None:
        text, path = source.texts[source.kind]
        match source.kind:
            case "command":
                if "{{" in text:
                    message = "expected a program without macros in its path, found one: nobody but its author picks the program"
                    self._report.inside(place.node, path, text.index("{{"), message)
                elif not text.startswith("/") or "\0" in text:
                    message = f"expected an absolute path to a program, such as /usr/local/bin/name, found {shown(text)}"
                    self._report.value(place.node, path, message)
                return FileSystem(text)
            case "script":
                if text not in self._scripts:
                    message = f"expected the id of a script in scripts, found {shown(text)}{nearest(text, self._scripts)}"
                    self._report.value(place.node, path, message)
                return ScriptReference(ScriptId(text))
        template = self.compile(place, text, path, lambda source: parse_template(source, Quoting.SHELL))
        return None if template is None else ScriptText(template)

    def compile(self, place: Place, text: str, path: Path, parse: Callable[[str], Template]) -> Template | None:
        """A template; None, with the macro's place told, when it is none."""
        try:
            template = parse(text)
        except TemplateError as fault:
            self._report.inside(place.node, path, fault.position, str(fault))
            return None
        for macro in template.macros:
            if macro.root == "properties":
                written = f"{{{{{macro}}}}}"
                self.uses.append(PropertyUse(macro.name, place, path, max(0, text.find(str(macro))), written))
        return template


def _written(place: Place) -> frozenset[str]:
    """The keys that are there, also those whose values were wrong and have been told."""
    found = value_at(place.node, place.path)
    return frozenset(found) if isinstance(found, Map) else frozenset()
