"""The text of a script with its macros: each becomes a variable of the shell, so that no value is ever read as code. Pure.

Put into the text itself, a value would have to be quoted for the place where it stands: what is right between words is wrong in
double quotes, in a comment or in a here-document, and there a message could run what it likes. A variable is data everywhere.
"""

from __future__ import annotations

from pointsman.core.render import Context, value_of
from pointsman.model.template import Macro, Template

PREFIX = "POINTSMAN_MACRO_"
"""The variables are numbered from 1, in the order in which their macros are met first."""

_SHELLS = frozenset({"sh", "ash", "bash", "busybox", "dash", "ksh", "mksh", "zsh"})
_PLAIN, _SINGLE, _DOUBLE, _COMMENT = "", "'", '"', "#"
_REFERENCE = {_PLAIN: '"${%s}"', _SINGLE: "'\"${%s}\"'", _DOUBLE: "${%s}", _COMMENT: "${%s}"}
"""How a variable is named, by what it stands in. Where that is guessed wrong, a value is split or quotes show: it stays data."""


def script_of(template: Template, context: Context) -> tuple[str, dict[str, str]]:
    """The text, and the variables that it names. Raises MissingName when a macro names something that is not there."""
    names: dict[str, str] = {}
    variables: dict[str, str] = {}
    text: list[str] = []
    inside = _PLAIN
    for part in template.parts:
        if isinstance(part, Macro):
            name = names.setdefault(str(part), f"{PREFIX}{len(names) + 1}")
            variables[name] = value_of(part, context)
            text.append(_REFERENCE[inside] % name)
        else:
            inside = _after(part, inside, text[-1][-1] if text else "\n")
            text.append(part)
    return "".join(text), variables


def runs_in_a_shell(text: str) -> bool:
    """Whether a POSIX shell runs the script, as its first line has it; without one, the worker's interpreter is taken for one."""
    if not text.startswith("#!"):
        return True
    words = [word.rpartition("/")[2] for word in text[2:].partition("\n")[0].split()]
    if words[:1] == ["env"]:
        words = [word for word in words[1:] if not word.startswith("-")]
    return words[:1] == [] or words[0] in _SHELLS


def _after(text: str, inside: str, before: str) -> str:
    """What the end of `text` stands in, when its beginning stands in `inside`, behind the character `before`."""
    escaped = False
    for char in text:
        if escaped:
            escaped = False
        elif inside == _COMMENT:
            inside = _PLAIN if char == "\n" else inside
        elif char == "\\" and inside != _SINGLE:
            escaped = True
        elif inside == _PLAIN and (char in "'\"" or (char == "#" and before.isspace())):
            inside = char
        elif inside and char == inside:
            inside = _PLAIN
        before = char
    return inside
