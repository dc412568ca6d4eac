"""The YAML file of a question set: bytes in, its settings and items out, each with the line it stands on.

QuestionSetError if the file as a whole is none. Knows neither what a setting nor what an item must look like.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from phi_core.errors import Problem, QuestionSetError

FORMAT_HELP = "question_sets/README.md shows the format"


@dataclass(frozen=True)
class Item:
    """One item of the list. `written` holds its scalar fields as they stand in the file: `no` is not yet False."""

    position: int
    line: int
    value: Any
    written: Mapping[str, str]

    @property
    def where(self) -> str:
        return f"line {self.line}, question {self.position}"

    def field(self, key: str) -> Any:
        """A scalar as text, anything else as it is, None if it is missing or null."""
        value = self.value.get(key) if isinstance(self.value, dict) else None
        return value if value is None or isinstance(value, list | dict) else self.written.get(key, str(value))

    def problem(self, what: str, remedy: str = "") -> Problem:
        return Problem(self.where, what, remedy)


@dataclass(frozen=True)
class QuestionFile:
    """`settings` is empty for a bare list; `lines` are those of its keys."""

    content: bytes
    settings: Mapping[Any, Any]
    lines: Mapping[str, int]
    items: tuple[Item, ...]


def read_question_file(path: Path) -> QuestionFile:
    content = _content(path)
    root, value = _parsed(content, path)
    settings = value if isinstance(value, dict) else {}
    return QuestionFile(content, settings, _key_lines(root), tuple(_items(root, value, path)))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise QuestionSetError(f"question file {path} does not exist", remedy=FORMAT_HELP) from None
    except OSError as error:
        raise QuestionSetError(f"question file {path} cannot be read: {error.strerror}") from None


def _parsed(content: bytes, path: Path) -> tuple[yaml.Node, Any]:
    """The tree, which knows lines, and its value."""
    text = _decoded(content, path)
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        value = loader.construct_document(root) if root else None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        what = f"{path}{_place(error, text)} is not YAML: {_reason(error)}"
        raise QuestionSetError(what, remedy=_yaml_remedy(error)) from None
    if root is None or value is None:
        raise QuestionSetError(f"question file {path} is empty", remedy=FORMAT_HELP)
    return root, value


def _decoded(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise QuestionSetError(f"{path}, line {line} is not UTF-8 text") from None


def _place(error: Exception, text: str) -> str:
    mark, position = getattr(error, "problem_mark", None), getattr(error, "position", None)
    if mark is not None:
        return f", line {mark.line + 1}"
    return "" if position is None else f", line {text.count(chr(10), 0, position) + 1}"


def _reason(error: Exception) -> str:
    return str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)


def _yaml_remedy(error: Exception) -> str:
    """YAML's own trap for questions: within braces or brackets a bare text ends before its question mark."""
    return (
        "Put quotes around a question within braces or brackets" if "got '?'" in str(error) else FORMAT_HELP
    )


def _items(root: yaml.Node, value: Any, path: Path) -> list[Item]:
    node = _questions_node(root)
    values = value.get("questions") if isinstance(value, dict) else value
    if not isinstance(values, list) or not isinstance(node, yaml.SequenceNode):
        raise QuestionSetError(f"{path} holds no list `questions`", remedy=FORMAT_HELP)
    if not values:
        raise QuestionSetError(f"the list of questions in {path} is empty", remedy=FORMAT_HELP)
    pairs = zip(node.value, values, strict=True)
    return [Item(place, _line(child), item, _written(child)) for place, (child, item) in enumerate(pairs, 1)]


def _questions_node(root: yaml.Node) -> yaml.Node | None:
    if not isinstance(root, yaml.MappingNode):
        return root
    return next((value for key, value in reversed(root.value) if key.value == "questions"), None)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _key_lines(root: yaml.Node) -> dict[str, int]:
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    return {str(key.value): _line(key) for key, _ in pairs}


def _written(node: yaml.Node) -> dict[str, str]:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return {str(key.value): value.value for key, value in pairs if isinstance(value, yaml.ScalarNode)}
