"""Declare an option once; every front end reads the declaration from here.

`option(...)` is a pydantic field that also carries a unit, a group, a level and an advised range.
`specs(Model)` lists the declarations as plain data. Knows nothing about flags, files or widgets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

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
    **bounds: Any,
) -> Any:
    """A pydantic field. `bounds` are pydantic's ge, gt, le, lt; `advised` is a range outside which we only warn."""
    extra: Any = {"unit": unit, "group": group, "level": level, "advised": advised, "path": path}
    return Field(default=default, description=help, json_schema_extra=extra, **bounds)


@dataclass(frozen=True)
class OptionSpec:
    """One option as data. `nullable` options accept "none" (or an empty form field) for `None`."""

    name: str
    kind: Kind
    default: Any
    help: str
    unit: str
    group: str
    level: Level
    choices: tuple[str, ...]
    nullable: bool
    minimum: float | None
    maximum: float | None
    exclusive_minimum: bool
    exclusive_maximum: bool
    advised: tuple[float, float] | None
    path: str

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
        return ",".join(str(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _spec(name: str, field: FieldInfo) -> OptionSpec:
    extra: Mapping[str, Any] = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    core, nullable = _without_none(field.annotation)
    bounds = {
        key: getattr(item, key)
        for item in field.metadata
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
        choices=tuple(str(choice) for choice in get_args(core)) if get_origin(core) is Literal else (),
        nullable=nullable,
        minimum=bounds.get("gt", bounds.get("ge")),
        maximum=bounds.get("lt", bounds.get("le")),
        exclusive_minimum="gt" in bounds,
        exclusive_maximum="lt" in bounds,
        advised=extra.get("advised"),
        path=extra.get("path", ""),
    )


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) not in (Union, UnionType):
        return annotation, False
    parts = [part for part in get_args(annotation) if part is not type(None)]
    return parts[0], len(parts) < len(get_args(annotation))


def _kind(annotation: Any) -> Kind:
    if get_origin(annotation) is Literal:
        return "choice"
    if get_origin(annotation) in (tuple, list):
        return "list"
    kinds: dict[Any, Kind] = {int: "integer", float: "number", bool: "flag"}
    return kinds.get(annotation, "text")
