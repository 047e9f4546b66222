"""Which interpreter a script's first line names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.programs.argv import Refusal
from pointsman.programs.scripts import interpreter_of

DEFAULT = "/bin/sh"


@pytest.mark.parametrize(
    ("first_line", "words"),
    [
        ("echo hello", (DEFAULT,)),
        ("", (DEFAULT,)),
        ("# a comment", (DEFAULT,)),
        (" #!/bin/false", (DEFAULT,)),
        ("#!/bin/bash", ("/bin/bash",)),
        ("#! /bin/bash", ("/bin/bash",)),
        ("#!\t/bin/bash\t", ("/bin/bash",)),
        ("#!/bin/bash\r", ("/bin/bash",)),
        ("#!/bin/bash -e", ("/bin/bash", "-e")),
        ("#!/usr/bin/awk -f", ("/usr/bin/awk", "-f")),
        ("#!/usr/bin/perl -w -T", ("/usr/bin/perl", "-w -T")),
        ("#!/usr/bin/env python3", ("python3",)),
        ("#!/bin/env  python3 ", ("python3",)),
        ("#!/usr/bin/env -S python3 -u -I", ("python3", "-u", "-I")),
        ("#!/usr/bin/env -S awk -v 'x=a b' -f", ("awk", "-v", "x=a b", "-f")),
        ("#!/usr/bin/env -Spython3 -u", ("python3", "-u")),
        ("#!/usr/bin/env /opt/tool/python", ("/opt/tool/python",)),
    ],
)
def test_the_first_line_names_the_interpreter(first_line: str, words: tuple[str, ...]) -> None:
    assert interpreter_of(f"{first_line}\necho body\n", DEFAULT) == words
    assert interpreter_of(first_line, DEFAULT) == words


@pytest.mark.parametrize(
    "first_line",
    [
        "#!",
        "#! ",
        "#!python3",
        "#!bin/sh",
        "#!/usr/bin/env",
        "#!/usr/bin/env -i python3",
        "#!/usr/bin/env LD_PRELOAD=/tmp/x.so python3",
        "#!/usr/bin/env -S",
        "#!/usr/bin/env -S LD_PRELOAD=/tmp/x.so python3",
        "#!/usr/bin/env -S -i python3",
        "#!/usr/bin/env -S python3 'unclosed",
    ],
)
def test_a_first_line_that_names_none_is_refused_with_what_to_write(first_line: str) -> None:
    refusal = interpreter_of(f"{first_line}\nbody", DEFAULT)
    assert isinstance(refusal, Refusal)
    assert refusal.reason.startswith("expected")
    assert "write #!" in refusal.reason


@given(st.text())
def test_any_text_has_an_interpreter_or_is_refused(text: str) -> None:
    for script in (text, "#!" + text, "#!/usr/bin/env " + text, "#!/usr/bin/env -S " + text):
        words = interpreter_of(script, DEFAULT)
        assert isinstance(words, Refusal) or (words[0] and "=" not in words[0].split("/")[0] and not words[0].startswith("-"))
