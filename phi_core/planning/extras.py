"""Options that need a package of an extra: found missing before a run starts, not by its worker."""

import sys
from collections.abc import Iterator
from importlib.util import find_spec

from phi_core.config.training import TrainingConfig
from phi_core.errors import ConfigError, Problem

EXTRAS = {"bitsandbytes": "quant", "tensorboard": "tensorboard", "wandb": "wandb", "trackio": "trackio"}
"""Package → the extra that brings it; others are installed by their own name."""


def require_extras(config: TrainingConfig) -> None:
    """ConfigError that names each package that an option asks for and this machine has not."""
    problems = [
        Problem(option, f"{value} needs {package}", f"pip install {_source(package)}")
        for option, value, package in _asked(config)
        if not is_installed(package)
    ]
    if problems:
        raise ConfigError("a package is not installed", problems)


def is_installed(package: str) -> bool:
    """Also in a worker that has left it out of its imports, which stands as None among the modules."""
    return package in sys.modules or find_spec(package) is not None


def needs_bitsandbytes(config: TrainingConfig) -> bool:
    return any(package == "bitsandbytes" for _, _, package in _asked(config))


def _source(package: str) -> str:
    return f"'phi-trainer[{EXTRAS[package]}]'" if package in EXTRAS else package


def _asked(config: TrainingConfig) -> Iterator[tuple[str, str, str]]:
    """(option, its value, the package that it needs)"""
    if config.quantization != "none":
        yield "quantization", config.quantization, "bitsandbytes"
    if "8bit" in config.optimizer or "paged" in config.optimizer:
        yield "optimizer", config.optimizer, "bitsandbytes"
    if config.sharding in ("zero2", "zero3"):
        yield "sharding", config.sharding, "deepspeed"
    yield from (("report_to", tracker, tracker) for tracker in config.report_to)
