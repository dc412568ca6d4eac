"""Configuration options as flags, made from their declarations. Values stay as typed: the one validator reads them."""

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Annotated, Any

from cyclopts import Group, Parameter

from phi_core.config.option import OptionSpec, shown
from phi_core.config.problems import SPECS, checked
from phi_core.config.training import TrainingConfig
from phi_core.config.yaml_file import read_values
from phi_core.files import user_path
from phi_core.planning.presets import find_preset


def with_training_options(command: Callable[..., int]) -> Callable[..., int]:
    """A command that receives the given options as keyword arguments; its `**given` becomes one flag an option."""
    signature = inspect.signature(command)
    own = [
        parameter
        for parameter in signature.parameters.values()
        if parameter.kind is not parameter.VAR_KEYWORD
    ]
    parameters = [*own, *(_flag(spec) for spec in SPECS.values())]

    @wraps(command)
    def wrapper(*arguments: Any, **values: Any) -> int:
        return command(*arguments, **values)

    wrapper.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return wrapper


def configured(
    config_file: str | None, given: Mapping[str, Any], *, preset: str | None = None
) -> TrainingConfig:
    """The configuration of a command: explicitly given flags before the file before the preset before the defaults."""
    values = dict(find_preset(preset).values) if preset else {}
    values |= read_values(user_path(config_file)) if config_file else {}
    flags = {name: value for name, value in given.items() if value is not None}
    source = " with the given options" if flags else ""
    return checked(values | flags, source=f"{config_file}{source}" if config_file else "the command line")


def _flag(spec: OptionSpec) -> inspect.Parameter:
    group = Group(
        f"{spec.group} options",
        sort_key=list(dict.fromkeys(s.group for s in SPECS.values())).index(spec.group) + 1,
    )
    negative = f"--no_{spec.name}" if spec.kind == "flag" else ()
    parameter = Parameter(help=_help(spec), group=group, negative=negative)
    kind = bool if spec.kind == "flag" else str
    return inspect.Parameter(
        spec.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, parameter]
    )


def _help(spec: OptionSpec) -> str:
    choices = f" [{', '.join(spec.choices)}]" if spec.choices else ""
    return f"{spec.explanation}{choices} [default: {shown(spec.default) or 'none'}]"
