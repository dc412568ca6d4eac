"""What must hold between the options of watching a run."""

import re
import shlex
from collections.abc import Iterator

from phi_core.config.training import TrainingConfig
from phi_core.errors import Problem

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def watch_problems(config: TrainingConfig) -> Iterator[Problem]:
    yield from _early_stopping(config)
    if config.notify_command is not None and (fault := _command_fault(config.notify_command)):
        yield Problem("notify_command", fault)
    if config.notify_webhook is not None and not VARIABLE.fullmatch(config.notify_webhook):
        yield Problem(  # without the value: it may be the address, which is a secret
            "notify_webhook",
            "must be the name of an environment variable, such as PHI_WEBHOOK",
            "Put the address into that variable; it is never written to disk",
        )
    if any(not prompt.strip() for prompt in config.probe_prompts):
        yield Problem("probe_prompts", "one of them is empty", "Leave it out")


def _early_stopping(config: TrainingConfig) -> Iterator[Problem]:
    has_validation = config.validation_path or config.validation_records or config.validation_fraction
    if config.early_stopping_patience is not None and not has_validation:
        yield Problem(
            "early_stopping_patience",
            "there is no validation to judge by",
            "Set validation_fraction above 0, or name a validation_path",
        )


def _command_fault(command: str) -> str:
    """Why a command cannot be split into words; "" if it can."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        return f"cannot be read as a command: {error}"
    return "" if words else "names no command"
