"""Templates: which macros there are, where a wrong one is, and what a value is escaped for in a message."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.model.template import ROOTS, Macro, Quoting, Template, TemplateError, parse_message, parse_template

# Macros


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("", ()),
        ("plain", ("plain",)),
        ("{{id}}", (Macro("id", ""),)),
        ("a {{ id }} b", ("a ", Macro("id", ""), " b")),
        ("{{name}}{{id}}", (Macro("name", ""), Macro("id", ""))),
        ("{{properties.Serial Number}}", (Macro("properties", "Serial Number"),)),
        ("{{properties.a.b.c}}", (Macro("properties", "a.b.c"),)),
        ("{{properties.values}}", (Macro("properties", "values"),)),
        ("{{properties.{x}}}", (Macro("properties", "{x"), "}")),
        ("{{args.ü}}", (Macro("args", "ü"),)),
        ("{{payload}}", (Macro("payload", ""),)),
        ("{{payload.a.0}}", (Macro("payload", "a.0"),)),
        ("{{user.id}} {{user.login}}", (Macro("user", "id"), " ", Macro("user", "login"))),
        ("{{job.id}}", (Macro("job", "id"),)),
        ("{{state.id}}{{previous.name}}", (Macro("state", "id"), Macro("previous", "name"))),
        ("{{timestamp}}", (Macro("timestamp", ""),)),
        ("{{'{{'}}", ("{{",)),
        ("x{{'{{'}}id}}", ("x", "{{", "id}}")),
        ("a } b }} c { d", ("a } b }} c { d",)),
    ],
)
def test_a_template_is_text_and_macros_in_order(source: str, parts: tuple[str | Macro, ...]) -> None:
    template = parse_template(source)
    assert template == Template(source, parts)
    assert str(template) == source
    assert template.macros == tuple(part for part in parts if isinstance(part, Macro))


@pytest.mark.parametrize(
    ("source", "position", "words"),
    [
        ("{{", 0, "expected }} to close the macro at character 1"),
        ("a {{id", 2, "expected }} to close the macro at character 3"),
        ("a {{id}", 2, "expected }}"),
        ("{{id}} {{idd}}", 7, "did you mean id?"),
        ("{{}}", 0, "found ''"),
        ("{{ }}", 0, "found ''"),
        ("{{id.x}}", 0, "expected id, found 'id.x'"),
        ("{{name.}}", 0, "expected name, found 'name.'"),
        ("{{state}}", 0, "expected state.id or state.name, found 'state'"),
        ("{{previous.nam}}", 0, "expected previous.id or previous.name"),
        ("{{user.password}}", 0, "expected user.id or user.login"),
        ("{{job.name}}", 0, "expected job.id"),
        ("{{properties}}", 0, "expected a name after properties., found 'properties'"),
        ("{{args.}}", 0, "expected a name after args."),
        ("{{payload.}}", 0, "expected a name after payload."),
        ("{{property.x}}", 0, "did you mean properties?"),
        ("{{Id}}", 0, "expected a macro that begins with one of id, name"),
    ],
)
def test_a_macro_that_cannot_be_is_refused_with_its_place(source: str, position: int, words: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse_template(source)
    assert caught.value.position == position
    assert words in str(caught.value)


PATH = st.one_of(
    st.sampled_from(["id", "name", "timestamp", "payload", "user.id", "user.login", "job.id", "state.id", "previous.name"]),
    st.builds(
        lambda root, name: f"{root}.{name}",
        st.sampled_from(["properties", "args", "payload"]),
        st.text(st.characters(exclude_characters="{}"), min_size=1, max_size=6).filter(lambda name: name == name.strip()),
    ),
)
TEXT = st.text(max_size=6).filter(lambda text: "{" not in text and "}" not in text)


@given(st.lists(st.one_of(TEXT, PATH.map(lambda path: "{{" + path + "}}")), max_size=6))
def test_a_template_put_together_again_is_its_source(pieces: list[str]) -> None:
    source = "".join(pieces)
    template = parse_template(source)
    assert "".join(part if isinstance(part, str) else "{{" + str(part) + "}}" for part in template.parts) == source
    assert [str(macro) for macro in template.macros] == [piece[2:-2] for piece in pieces if piece.startswith("{{")]


@given(st.text(st.sampled_from("{}'. \"idnamestprox"), max_size=24))
def test_any_text_is_a_template_or_refused_at_a_macro(source: str) -> None:
    try:
        template = parse_template(source)
    except TemplateError as fault:
        position = fault.position
    else:
        assert all(macro.root in ROOTS for macro in template.macros)
        position = source.find("{{")
    assert position < 0 or source.startswith("{{", position)


def test_each_macro_is_marked_for_the_place_it_was_parsed_for() -> None:
    assert [macro.quoting for macro in parse_template("{{id}} {{name}}", Quoting.SHELL).macros] == [Quoting.SHELL] * 2


# Messages


@pytest.mark.parametrize(
    ("source", "marks"),
    [
        ('{"a": "{{name}}"}', [Quoting.JSON_STRING]),
        ('{"{{name}}": 1}', [Quoting.JSON_STRING]),
        ('["x", "{{id}} and {{name}}"]', [Quoting.JSON_STRING, Quoting.JSON_STRING]),
        ('{"a": "\\"{{name}}\\\\", "b": "{{id}}"}', [Quoting.JSON_STRING, Quoting.JSON_STRING]),
        ('"{{name}}"', [Quoting.JSON_STRING]),
        ("{{name}} is {{state.name}}", [Quoting.PLAIN, Quoting.PLAIN]),
        ("{{payload}}", [Quoting.PLAIN]),
        ('say "{{name}}"', [Quoting.PLAIN]),
        ('{"a": "{{name}}"', [Quoting.PLAIN]),
        ('{"a": "{{name}}"} and more', [Quoting.PLAIN]),
        ("", []),
    ],
)
def test_a_macro_is_escaped_for_a_string_when_the_message_is_json_and_it_stands_in_one(source: str, marks: list[Quoting]) -> None:
    assert [macro.quoting for macro in parse_message(source).macros] == marks


def test_a_macro_in_the_place_of_a_json_value_is_no_string() -> None:
    """What it may be instead is the message's to say: it must only not be escaped as if there were quotes around it."""
    for source in ('{"a": {{payload.t}}}', "[{{timestamp}}, 1]"):
        assert all(macro.quoting is not Quoting.JSON_STRING for macro in parse_message(source).macros)


@given(
    st.recursive(
        st.text(max_size=5) | st.integers(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    )
)
def test_macros_in_strings_of_any_json_are_found(value: object) -> None:
    """Each string gets a macro, in the JSON as it is written: all of them and nothing else must be marked."""
    text = json.dumps(value).replace("{{", "{ {")
    parsed = json.loads(text)
    marked = json.dumps(_with_macros(parsed))
    template = parse_message(marked)
    assert all(macro.quoting is Quoting.JSON_STRING for macro in template.macros)
    assert len(template.macros) == marked.count("{{name}}")


def _with_macros(value: object) -> object:
    match value:
        case str():
            return value + "{{name}}"
        case list():
            return [_with_macros(item) for item in value]
        case dict():
            return {key: _with_macros(item) for key, item in value.items()}
    return value


@given(st.text(max_size=40))
def test_any_message_is_read_or_refused_at_a_macro(source: str) -> None:
    try:
        assert parse_message(source).source == source
    except TemplateError as fault:
        assert source.startswith("{{", fault.position)  # noqa: PT017 both outcomes are right
