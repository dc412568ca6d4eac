"""Declare an option once; every front end reads the declaration from here.

`option(...)` is a pydantic field that also carries a unit, a group, a level and an advised range.
`specs(Model)` lists the declarations as plain data. Knows nothing about flags, files or widgets.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

Level = Literal["basic", "advanced"]
Kind = Literal["integer", "number", "flag", "choice", "text", "list"]


def option(
    default: Any,
    help: str,
    *,
    group: str,
    unit: str = "",
    level: Level = "basic",
    advised: tuple[float, float] | None = None,
    path: Literal["", "file", "directory", "model"] = "",
    needs: str = "",
    **bounds: Any,
) -> Any:
    """A pydantic field. `bounds` are pydantic's ge, gt, le, lt; `advised` is a range outside which we only warn.

    `needs` is the form of each item of a list, such as "field=column".
    """
    extra: Any = {"unit": unit, "group": group, "level": level, "advised": advised, "path": path}
    extra["needs"] = needs
    return Field(default=default, description=help, json_schema_extra=extra, **bounds)


@dataclass(frozen=True)
class OptionSpec:
    """One option as data. `nullable` options accept "none" (or an empty form field) for `None`.

    `words` are what a number may be instead of a number; `choices` of a list are what each item may be.
    """

    name: str
    kind: Kind
    default: Any
    help: str
    unit: str
    group: str
    level: Level
    choices: tuple[str, ...]
    words: tuple[str, ...]
    nullable: bool
    minimum: float | None
    maximum: float | None
    exclusive_minimum: bool
    exclusive_maximum: bool
    advised: tuple[float, float] | None
    path: str
    needs: str

    @property
    def bounds(self) -> str:
        """The legal range in words, "" if any value is legal."""
        low = "" if self.minimum is None else f"{'>' if self.exclusive_minimum else '≥'} {self.minimum:,.10g}"
        high = (
            "" if self.maximum is None else f"{'<' if self.exclusive_maximum else '≤'} {self.maximum:,.10g}"
        )
        return " and ".join(part for part in (low, high) if part)

    @property
    def explanation(self) -> str:
        """Help, unit, legal and advised range in one line."""
        advised = f"advised {self.advised[0]:g} to {self.advised[1]:g}" if self.advised else ""
        facts = [fact for fact in (self.unit, self.bounds, advised) if fact]
        return f"{self.help} ({', '.join(facts)})" if facts else self.help


def specs(model: type[BaseModel]) -> tuple[OptionSpec, ...]:
    """The options of a configuration class in the order of declaration."""
    return tuple(_spec(name, field) for name, field in model.model_fields.items())


def shown(value: Any) -> str:
    """A value as people type it: none, true, 0.0002, q_proj,v_proj."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ",".join(_item(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def items(text: str) -> tuple[str, ...]:
    """The parts of a typed list: at commas, but for those after a backslash."""
    parts = re.split(r"(?<!\\),", text)
    return tuple(part.strip().replace("\\,", ",") for part in parts if part.strip())


def _item(value: Any) -> str:
    return shown(value) if isinstance(value, float) else str(value).replace(",", "\\,")


def _spec(name: str, field: FieldInfo) -> OptionSpec:
    extra: Mapping[str, Any] = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    core, words, nullable = _parts(field.annotation)
    core, metadata = _without_bounds(core)
    bounds = {
        key: getattr(item, key)
        for item in (*field.metadata, *metadata)
        for key in ("ge", "gt", "le", "lt")
        if hasattr(item, key)
    }
    return OptionSpec(
        name=name,
        kind=_kind(core),
        default=None if field.default is PydanticUndefined else field.default,
        help=field.description or "",
        unit=extra.get("unit", ""),
        group=extra.get("group", ""),
        level=extra.get("level", "basic"),
        choices=_choices(core),
        words=words,
        nullable=nullable,
        minimum=bounds.get("gt", bounds.get("ge")),
        maximum=bounds.get("lt", bounds.get("le")),
        exclusive_minimum="gt" in bounds,
        exclusive_maximum="lt" in bounds,
        advised=extra.get("advised"),
        path=extra.get("path", ""),
        needs=extra.get("needs", ""),
    )


def _parts(annotation: Any) -> tuple[Any, tuple[str, ...], bool]:
    """The type of a value, the words that it may be instead, and whether it may be None."""
    if get_origin(annotation) not in (Union, UnionType):
        return annotation, (), False
    parts = [part for part in get_args(annotation) if part is not type(None)]
    words = tuple(word for part in parts[1:] for word in _choices(part))
    return parts[0], words, len(parts) < len(get_args(annotation))


def _without_bounds(annotation: Any) -> tuple[Any, list[Any]]:
    """A type and the bounds that stand on it, where they hold for one part of a union only."""
    if get_origin(annotation) is not Annotated:
        return annotation, []
    core, field = get_args(annotation)[:2]
    return core, list(field.metadata)


def _choices(annotation: Any) -> tuple[str, ...]:
    """The words of a Literal, or of the items of a list."""
    if get_origin(annotation) is tuple:
        annotation = get_args(annotation)[0]
    return tuple(str(choice) for choice in get_args(annotation)) if get_origin(annotation) is Literal else ()


def _kind(annotation: Any) -> Kind:
    if get_origin(annotation) is Literal:
        return "choice"
    if get_origin(annotation) in (tuple, list):
        return "list"
    kinds: dict[Any, Kind] = {int: "integer", float: "number", bool: "flag"}
    return kinds.get(annotation, "text")
