"""Configuration files: read, merge and write YAML. Precedence: explicitly given > file > default.

Reads and writes text; whether the values are right is `problems.py`'s business.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from phi_core.config.training import TrainingConfig
from phi_core.errors import ConfigError


def read_values(path: Path) -> dict[str, Any]:
    """The options that a YAML file gives, unchecked. ConfigError if it is no mapping of names to values."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            f"configuration file {path} does not exist", remedy="`phi demo` writes an example"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"configuration file {path} cannot be read: {error}") from None
    return parse_values(text, source=str(path))


def parse_values(text: str, *, source: str) -> dict[str, Any]:
    """Like `read_values`, from text; `source` names it in errors."""
    try:
        values = yaml.load(text, Loader=_EachOnce)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{source}{line} is not YAML: {getattr(error, 'problem', error)}") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(
            f"{source} holds a {type(values).__name__}", remedy="It must hold lines of `option: value`"
        )
    return {str(name): value for name, value in values.items()}


def dump(config: TrainingConfig) -> str:
    """Every option of `config` as YAML, in the order of declaration."""
    return dump_values(config.model_dump(mode="json"))


def dump_values(values: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True, width=100)


class _EachOnce(yaml.SafeLoader):
    """Refuses a name that is given twice, where YAML would forget the first value."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"{key.value} is given twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)
