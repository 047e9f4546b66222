"""The layers hold: the import contracts of pyproject.toml, and the sizes that keep a file in the head."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "pointsman"
MODULES = sorted(SOURCE.rglob("*.py"))

FILE_LINES = 300
FILE_LINES_ARGUED = 400
"""Past 300, a file's docstring has to say why it is one subject; past 400 nothing helps."""
FUNCTION_LINES = 40

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def functions(tree: ast.Module) -> list[Function]:
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def test_the_import_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert " kept, 0 broken" in result.stdout


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_file_has_one_subject_and_fits_in_the_head(path: Path) -> None:
    text = path.read_text()
    lines = text.count("\n")
    if lines <= FILE_LINES:
        return
    assert lines <= FILE_LINES_ARGUED, f"{lines} lines: split it by subject"
    argued = "one file because" in (ast.get_docstring(ast.parse(text)) or "").lower()
    assert argued, f"{lines} lines: split it by subject, or argue in its docstring ('One file because …')"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_function_fits_on_a_screen(path: Path) -> None:
    long = [
        f"{function.name}: {length} lines"
        for function in functions(ast.parse(path.read_text()))
        if (length := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES
    ]
    assert not long, f"over {FUNCTION_LINES} lines: {long}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_says_what_it_is(path: Path) -> None:
    text = path.read_text()
    assert not text.strip() or ast.get_docstring(ast.parse(text)), "a module with code begins with a docstring"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_what_is_public_is_explained(path: Path) -> None:
    """Classes and functions at the top level. Methods speak for themselves more often; Alembic explains what its scripts have."""
    if path.parent.name == "versions":
        return
    tree = ast.parse(path.read_text())
    silent = [
        node.name
        for node in tree.body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not silent, f"without a docstring: {silent}"


FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "manager", "misc", "common"}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_is_named_for_its_subject(path: Path) -> None:
    assert path.stem not in FORBIDDEN_NAMES
