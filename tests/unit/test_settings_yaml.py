"""Reading YAML: what plain scalars are, where things stand, and that the quick reader reads as the general one does."""

from __future__ import annotations

import json
import re
import string
from pathlib import Path
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pointsman.settings.document import read_document, read_text
from pointsman.settings.general import YamlFault, read_general
from pointsman.settings.problem import Origin, Problem
from pointsman.settings.quick import NotPlain, read_quick
from pointsman.settings.sources import Sources
from pointsman.settings.tree import Map, Seq, Value, key_text, mark_of, plain, scalar
from pointsman.settings.tree import Path as TreePath

ROOT = Path(__file__).resolve().parents[2]


def places(value: Value, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], int, int]]:
    """Every path with its marks. Where nothing is written, the readers may differ in where that nothing stands."""
    found = []
    if isinstance(value, Map):
        for key, item in value.items():
            key_at, value_at = value.place(key)
            found.append(((*path, key), key_at, -1 if item is None else value_at))
            found += places(item, (*path, key))
    elif isinstance(value, Seq):
        for index, item in enumerate(value):
            found.append(((*path, index), -1, -1 if item is None else value.marks[index]))
            found += places(item, (*path, index))
    return found


def agree(text: str) -> bool:
    """Whether the quick reader read it. Then the general one must have read the very same."""
    try:
        quick = read_quick(text)
    except NotPlain:
        return False
    general = read_general(text)
    assert json.dumps(quick) == json.dumps(general)
    assert places(quick) == places(general)
    return True


# The two readers


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb: [x, 'y', \"z\"]\n",
        "- a\n- - b\n  - c\n-\n  d: e\n- f: g\n  h: i\n",
        "states:\n- {id: '1', name: OK}\n- {id: '3', name: ALARM, priority: 10} # the worst\n",
        "a:\n\n  # said before\n  b: c # said behind\n# said after\nd:\n",
        "text: |\n  #!/bin/sh\n  echo {{id}}: x\n\n    more # not a comment\nnext: 1\n",
        "a: |-\n  b\nc: |+\n  d\n\ne: f\n",
        'a: {b: {c: [d, [e, f]], \'g h\': "i\\n\\"j"}}\n',
        "a:\n  b: [c,\nd]\n  e: {f:\n g}\n",
        "command: [/bin/echo,\n  # of two lines\n  'diagnosing {{name}}',\n  x]\nb: 1\n",
        "a: http://x:80/y?z=#1\nb: it's\nc: a - b\nd: -5\ne: -x\nf: 12:30\n",
        "True: 1\n1: 2\nnull: 3\n1.50: 4\n'x: y': 5\n",
        "a: {}\nb: []\nc: { }\n",
        "",
        "# nothing\n",
        "a: b",
    ],
)
def test_what_is_plain_is_read_quickly(text: str) -> None:
    assert agree(text)


@pytest.mark.parametrize(
    "text",
    [
        "a: &x 1\nb: *x\n",
        "a: !!str 5\n",
        "a: >\n  folded\n",
        "a: b\n  c\n",
        "a: 'b\n  c'\n",
        "a: 1\na: 2\n",
        "{a: 1, a: 2}\n",
        "? a\n: b\n",
        "---\na: 1\n",
        "a:\tb\n",
        "a: b: c\n",
        "{topic: plant/{{id}}/set}\n",
        "a: [b\nc: d\n",
        "a: 1\n  b: 2\n",
        "- a: 1\n   b: 2\n",
        "- a: |\n  b: c\n",
        "a: |\n  b",
        "a:\n  - b\n c: d\n",
        "a # b: c\n",
        "[a, ]\n",
        "a: {b: c, }\n",
        "a: |\n   b\n  c\n",
        "a: 'b' c\n",
        "a: |2\n  b\n",
        "[a: b]\n",
        "a: @b\n",
        "a: \x85b\n",
    ],
)
def test_whatever_is_not_is_left_to_the_general_reader(text: str) -> None:
    with pytest.raises(NotPlain):
        read_quick(text)


WORD = st.text(string.ascii_letters + string.digits + "-_./ :#'\"{}[],|>&*!%@`~?=\\é\u3042\U0001f600", max_size=8)
SCALAR = st.one_of(
    WORD,
    WORD.map(lambda word: "'" + word.replace("'", "''") + "'"),
    WORD.map(json.dumps),
    st.sampled_from(["OFF", "true", "null", "~", "-1", "007", "1e3", "{{id}}", "plant/+/state", "$", "a b", "x: y", "- z", "#c"]),
)
LINE = st.builds(
    lambda indent, start, body, end: " " * indent + start + body + end,
    st.integers(0, 6),
    st.sampled_from(["", "", "- ", "- - ", "-", "a: ", "b: ", "'c': ", "- d: ", "e:", "f : ", "# "]),
    st.one_of(
        SCALAR,
        SCALAR,
        st.lists(SCALAR, max_size=3).map(lambda items: "[" + ", ".join(items) + "]"),
        st.lists(st.tuples(st.sampled_from("abc"), SCALAR), max_size=3).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
        ),
        st.sampled_from(["|", "|-", "|+", "[", "]", "{", "}", "[a,", ""]),
    ),
    st.sampled_from(["", "", "", " ", " # c", ",", ":", "#c"]),
)


@given(st.lists(LINE, max_size=7).map("\n".join), st.sampled_from(["\n", "", "\n\n", "\n  \n"]))
@example("a: |+\n  b\n\n", "")
@example("a: 'x'#c", "\n")
@example("- a:\n  - b", "\n")
def test_the_quick_reader_reads_as_the_general_one_does(text: str, end: str) -> None:
    agree(text + end)


class Writer:
    """Writes a value as YAML as people do, each time in another style."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance

    def scalar(self, value: object) -> str:
        if not isinstance(value, str):
            return json.dumps(value)
        styles = [json.dumps(value, ensure_ascii=False), "'" + value.replace("'", "''") + "'"]
        if re.fullmatch(r"[A-Za-z$/(][A-Za-z0-9 ._/:+-]*[A-Za-z0-9]", value) and ": " not in value:
            styles.append(value)
        return self.chance.choice(styles)

    def flow(self, value: object) -> str:
        pad = self.chance.choice(["", " "])
        if isinstance(value, dict):
            return "{" + pad + ", ".join(f"{self.scalar(key)}: {self.flow(item)}" for key, item in value.items()) + pad + "}"
        if isinstance(value, list):
            return "[" + pad + f"{pad}, ".join(self.flow(item) for item in value) + pad + "]"
        return self.scalar(value)

    def block(self, value: object, indent: int) -> list[str]:
        """Lines, indented by so much."""
        if isinstance(value, dict) and value and self.chance.random() < 0.8:
            return [line for key, item in value.items() for line in self.entry(f"{self.scalar(key)}:", item, indent, False)]
        if isinstance(value, list) and value and self.chance.random() < 0.8:
            return [line for item in value for line in self.entry("-", item, indent, True)]
        return [" " * indent + self.flow(value) + self.chance.choice(["", "", " ", "  # said"])]

    def entry(self, lead: str, item: object, indent: int, dash: bool) -> list[str]:
        noise = self.chance.choice([[], [], [], [""], ["   # between"]])
        if item is None and self.chance.random() < 0.5:
            return [*noise, " " * indent + lead + self.chance.choice(["", "  # nothing"])]
        if isinstance(item, str) and re.fullmatch(r"[a-z{}: #'-][a-z {}:#'\n-]*[a-z}]", item) and item[0] != " ":
            return [*noise, " " * indent + lead + " |-", *[" " * (indent + 2) + line for line in item.split("\n")]]
        if isinstance(item, dict | list) and item:
            deeper = indent + (2 if dash else self.chance.choice([0, 1, 2, 4]))
            lines = self.block(item, deeper if deeper > indent or isinstance(item, list) else indent + 2)
            if dash and lines[0].strip():
                return [*noise, " " * indent + "- " + lines[0].lstrip(" "), *lines[1:]]
            return [*noise, " " * indent + lead, *lines]
        return [*noise, " " * indent + lead + " " * self.chance.randint(1, 2) + self.flow(item)]


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORD,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORD.filter(lambda word: word != "<<"), inner, max_size=4),
    max_leaves=12,
)


@given(VALUE, st.randoms(use_true_random=False), st.data())
def test_the_readers_agree_on_what_people_write(value: object, chance: Random, data: st.DataObject) -> None:
    """As it was written, and with one character changed."""
    text = "\n".join(Writer(chance).block(value, 0)) + "\n"
    agree(text)
    at = data.draw(st.integers(0, len(text) - 1))
    agree(
        text[:at]
        + data.draw(st.sampled_from(["", " ", "\n", ":", ": ", "-", "#", " #", "'", '"', ",", "{", "]", "|", "x"]))
        + text[at + 1 :]
    )


@given(VALUE)
def test_json_is_yaml(value: object) -> None:
    """What JSON says is read as JSON reads it (YAML 1.2 is a superset), by either reader."""
    text = json.dumps(value, ensure_ascii=False)
    assert plain(read_general(text)) == value
    agree(text + "\n")


@pytest.mark.parametrize("path", sorted((ROOT / "config").rglob("*.yaml")), ids=lambda path: path.name)
def test_the_sample_files_are_read_quickly(path: Path) -> None:
    assert agree(path.read_text(encoding="utf-8"))


# Scalars


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("OFF", "OFF"),
        ("on", "on"),
        ("yes", "yes"),
        ("n", "n"),
        ("true", True),
        ("False", False),
        ("tRue", "tRue"),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-12", -12),
        ("007", "007"),
        ("+5", "+5"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("1.5", 1.5),
        ("5e3", 5000.0),
        ("5e999", "5e999"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("12:30", "12:30"),
        ("2026-01-01", "2026-01-01"),
        ("5e9465cb10b1f754077cb061", "5e9465cb10b1f754077cb061"),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_a_plain_scalar_is_a_value_only_when_json_writes_it_so(text: str, value: object) -> None:
    found = scalar(text)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(("text", "key"), [("True", "true"), ("1", "1"), ("1.50", "1.5"), ("~", "null"), ("ON", "ON")])
def test_a_key_that_is_a_value_becomes_its_json_text(text: str, key: str) -> None:
    assert key_text(text) == key


# What is refused


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", (3, 1), "expected each key once, found 'a' again; it was first at f.yaml:1:1"),
        ("a: {b: 1, b: 2}", (1, 11), "found 'b' again"),
        ("a: [1\n", (2, 1), "expected YAML"),
        ("x: 1\na: {topic: plant/{{id}}/set}\n", (2, 18), "put text with {{…}} in it in quotes"),
        ("a: 1\n---\nb: 2\n", (2, 1), "found a second one"),
        ("a: !!int 5\n", (1, 4), "expected no tag but !!str, found tag:yaml.org,2002:int"),
        ("a: !thing {b: 1}\n", (1, 4), "found !thing"),
        ("? [a]\n: b\n", (1, 3), "expected a text as a key"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", (3, 3), "merge keys are not part of YAML 1.2"),
        ("a: *x\n", (1, 4), "expected an anchor &x"),
        ("a: &x [*x]\n", (1, 8), "around it"),
        ("&k a: 1\n*k : 2\n", (2, 1), "found 'a' again"),
        ('a: "\\ud800"\n', (1, 4), "half of a surrogate pair"),
        ("a: \x07\n", (1, 4), "a character that it does not allow"),
        ("- a\n", (1, 1), "expected a mapping of sections such as mqtt, store and objects, found a list"),
        ("just text\n", (1, 1), "found a text or number"),
        ("a:\n\t- b\n", (2, 1), "expected YAML"),
    ],
)
def test_what_cannot_be_a_configuration_is_refused_with_its_place(text: str, place: tuple[int, int], words: str) -> None:
    problem = read_text("f.yaml", text, Sources())
    assert isinstance(problem, Problem)
    assert (problem.line, problem.column) == place
    assert words in problem.message


def test_aliases_may_be_used_but_may_not_grow_without_bound() -> None:
    shared = read_text("f", "a: &x {b: 1}\nc: *x\nd: &k key\n*k : 2\n", Sources())
    assert shared == {"a": {"b": 1}, "c": {"b": 1}, "d": "key", "key": 2}
    laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    laughs += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
    problem = read_text("f", laughs, Sources())
    assert isinstance(problem, Problem)
    assert "expected aliases to stand for at most" in problem.message


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_nesting_is_bounded(opening: str) -> None:
    problem = read_text("f", opening * 20_000, Sources())
    assert isinstance(problem, Problem)
    assert "collections in each other" in problem.message


def test_a_file_that_cannot_be_read_is_one_problem(tmp_path: Path) -> None:
    sources = Sources()
    missing = read_document(tmp_path / "none.yaml", sources)
    assert missing == Problem(
        Origin(str(tmp_path / "none.yaml")),
        "expected a configuration file that can be read, found none (No such file or directory)",
    )
    assert isinstance(read_document(tmp_path, sources), Problem)
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("a: 1\nname: Pumpe süd\n".encode("latin-1"))
    problem = read_document(latin, sources)
    assert isinstance(problem, Problem)
    assert (problem.line, problem.column) == (2, 14)
    assert "0xFC" in problem.message


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    large = tmp_path / "large.yaml"
    with large.open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    problem = read_document(large, Sources())
    assert isinstance(problem, Problem)
    assert "expected at most 67108864 bytes" in problem.message


def test_a_byte_order_mark_is_no_character(tmp_path: Path) -> None:
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_document(path, Sources()) == {"a": 1}


# Places


def test_a_mark_says_file_line_and_column() -> None:
    sources = Sources()
    one = read_text("one", "a:\n  - b: cé\n    d: e\n", sources)
    two = read_text("two", "x: [1, {y: z}]", sources)
    assert isinstance(one, Map)
    assert isinstance(two, Map)

    def at(root: Map, path: TreePath, *, key: bool = False) -> str:
        return str(sources.origin(mark_of(root, path, key=key)))

    assert at(one, ["a", 0, "d"]) == "one:3:8"
    assert at(one, ["a", 0, "d"], key=True) == "one:3:5"
    assert at(one, ["a", 0]) == "one:2:5"
    assert at(one, ["a", 0, "missing", "deeper"]) == "one:2:5"
    assert at(one, []) == "one:1:1"
    assert at(two, ["x", 1, "y"]) == "two:1:12"
    assert at(two, ["x", 9]) == "two:1:4"


IN_QUOTES = st.text("ab'\"\\{} é\u3042", min_size=1, max_size=12)


@given(IN_QUOTES, st.data())
def test_a_character_inside_single_quotes_is_found(value: str, data: st.DataObject) -> None:
    inside_is_found(value, "k: '" + value.replace("'", "''") + "'", data.draw(st.integers(0, len(value) - 1)))


@given(st.one_of(IN_QUOTES, st.text('a"\t\n\x00\x85é', min_size=1, max_size=12)), st.booleans(), st.data())
def test_a_character_inside_double_quotes_is_found(value: str, escaped: bool, data: st.DataObject) -> None:
    text = f"k: {json.dumps(value, ensure_ascii=escaped)}".replace("\x85", "\\x85")
    inside_is_found(value, text, data.draw(st.integers(0, len(value) - 1)))


def inside_is_found(value: str, text: str, offset: int) -> None:
    """If the scalar ended at the place that is found, it would be what is before that character."""
    sources = Sources()
    tree = read_text("f", text, sources)
    assert tree == {"k": value}
    assert isinstance(tree, Map)
    column = sources.origin(sources.inside(mark_of(tree, ["k"]), value, offset)).column - 1
    assert read_general(text[:column] + text[3]) == {"k": value[:offset]}


def test_a_scalar_of_several_lines_is_shown_at_its_start() -> None:
    sources = Sources()
    tree = read_text("f", "k: |\n  first\n  {{wrong}}\n", sources)
    assert isinstance(tree, Map)
    mark = sources.inside(mark_of(tree, ["k"]), "first\n{{wrong}}\n", 6)
    assert str(sources.origin(mark)) == "f:1:4"


@given(st.text(max_size=60))
@example("\r\t")
def test_no_text_makes_the_readers_raise_anything_else(text: str) -> None:
    try:
        read_general(text)
    except YamlFault as fault:
        offset = fault.offset
    else:
        offset = 0
    assert 0 <= offset <= len(text)
    assert isinstance(read_text("f", text, Sources()), Map | Problem)
