"""Scripts: macros become variables, named by what they stand in, and no value is ever part of the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.render import MissingName
from pointsman.core.script import runs_in_a_shell, script_of
from pointsman.model.template import Quoting, parse_template
from unit.world import context


def scripted(source: str, **args: object) -> tuple[str, dict[str, str]]:
    return script_of(parse_template(source, Quoting.SHELL), context(args=args))


V1, V2 = "POINTSMAN_MACRO_1", "POINTSMAN_MACRO_2"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("echo {{args.x}}", 'echo "${V}"'),
        ("a={{args.x}}", 'a="${V}"'),
        ("echo a{{args.x}}b", 'echo a"${V}"b'),
        ('echo "at {{args.x}}!"', 'echo "at ${V}!"'),
        ("echo 'at {{args.x}}!'", "echo 'at '\"${V}\"'!'"),
        ('echo "it\'s {{args.x}}"', 'echo "it\'s ${V}"'),
        ('echo \\"{{args.x}}', 'echo \\""${V}"'),
        ('echo "\\"{{args.x}}"', 'echo "\\"${V}"'),
        ("# don't\necho {{args.x}}", '# don\'t\necho "${V}"'),
        ("# for {{args.x}}\necho", "# for ${V}\necho"),
        ("#!/bin/sh\necho {{args.x}}", '#!/bin/sh\necho "${V}"'),
        ("echo a#b'{{args.x}}'", "echo a#b''\"${V}\"''"),
        ("echo {{args.x}}#'{{args.x}}'", "echo \"${V}\"#''\"${V}\"''"),
        ("echo {{'{{'}}{{args.x}}", 'echo {{"${V}"'),
    ],
)
def test_a_variable_is_named_by_what_it_stands_in(source: str, text: str) -> None:
    assert scripted(source, x="value") == (text.replace("${V}", "${" + V1 + "}"), {V1: "value"})


def test_each_macro_has_one_variable_however_often_it_stands_there() -> None:
    text, variables = scripted("echo {{args.x}} {{args.y}} {{args.x}}", x="1", y="2")
    assert text == f'echo "${{{V1}}}" "${{{V2}}}" "${{{V1}}}"'
    assert variables == {V1: "1", V2: "2"}


def test_a_macro_that_names_nothing_is_named() -> None:
    with pytest.raises(MissingName, match=r"args\.y"):
        scripted("echo {{args.y}}", x="1")


@given(st.text(alphabet="'\"`\\\n #$()<;x", max_size=30), st.text(), st.text())
def test_the_text_is_the_same_whatever_the_values(around: str, one: str, two: str) -> None:
    source = around + "{{args.x}}" + around
    (text, first), (same, second) = scripted(source, x=one), scripted(source, x=two)
    assert text == same
    assert (first, second) == ({V1: one}, {V1: two})


@pytest.mark.parametrize(
    ("first_line", "shell"),
    [
        ("echo", True),
        ("# a comment", True),
        ("#!/bin/sh", True),
        ("#! /bin/dash -e", True),
        ("#!/usr/bin/env bash", True),
        ("#!/usr/bin/env -S bash -e", True),
        ("#!/bin/busybox sh", True),
        ("#!", True),
        ("#!/usr/bin/python3", False),
        ("#!/usr/bin/env python3", False),
        ("#!/usr/bin/env -S node --x", False),
        ("#!/usr/bin/awk -f", False),
    ],
)
def test_which_scripts_a_shell_runs(first_line: str, shell: bool) -> None:
    assert runs_in_a_shell(first_line + "\nsh\n") == shell
