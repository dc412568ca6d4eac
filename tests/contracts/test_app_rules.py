"""Rules of the app's code: who may start work, how long a file may get, and which keys a terminal cannot send."""

import ast
from pathlib import Path

import pytest

APP = Path(__file__).parents[2] / "phi_tui"
FILES = sorted(APP.rglob("*.py"))
MAY_START_WORK = {
    *("services.py", "background_services.py", "engine_services.py", "chat_services.py"),
    *("compare_services.py", "clipboard_services.py"),
}
WORK = {"threading", "subprocess", "multiprocessing", "concurrent"}
STRING_SINKS = {"Static", "Label", "Button", "notify", "add_row", "add_column"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(APP)))
def test_a_file_has_at_most_300_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(APP)))
def test_only_the_services_start_threads_and_processes(path: Path) -> None:
    if path.name in MAY_START_WORK:
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        )
    }
    decorators = {
        ast.unparse(decorator).split("(")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for decorator in node.decorator_list
    }
    assert not imported & WORK
    assert "work" not in decorators


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(APP)))
def test_markup_sinks_get_constant_text_or_content_only(path: Path) -> None:
    """A computed `str` in one of these is markup: it must be a literal, or made by `content` or rich's Text."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and _name(node.func) in STRING_SINKS:
            strings = [argument for argument in node.args if isinstance(argument, ast.JoinedStr)]
            markup_off = any(keyword.arg == "markup" for keyword in node.keywords)
            assert markup_off or not strings, f"line {node.lineno}: {ast.unparse(node)}"


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
