"""PHITrainingConfig: the golden schedules under the names of the PHI training guide, as options of a run.

`options()` maps its fields onto `TrainingConfig`; `phase_of` names the training phase of an epoch. The class defaults are
those of the PHI library, `production()` the values of its guide. No value of either was shown to be better than
another: see docs/schedules.md.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, get_args

from phi_core.config.problems import nearest
from phi_core.config.words import Schedule
from phi_core.config.yaml_file import dump_values, parse_values
from phi_core.errors import ConfigError, Problem
from phi_core.schedules.batch_growth import training_phases
from phi_core.schedules.curves import WITH_POWER

SCHEMA_VERSION = 1
MODES: Mapping[str, Schedule] = {
    "phi_decay": "golden_decay",
    "phi_warmup": "constant",
    "phi_cosine": "golden_cosine",
    "phi_cyclic": "golden_restarts",
}
"""The guide's names of schedules. phi_warmup: constant after a golden warm-up."""
KNOWN_MODES = (*MODES, *get_args(Schedule))


@dataclass(frozen=True)
class PHITrainingConfig:
    """ConfigError with every problem if a value is not right."""

    base_learning_rate: float = 2e-4
    lr_schedule_mode: str = "phi_decay"
    """One of `MODES`, or a schedule of ours."""
    phi_lr_power: float = 1.0
    """κ of phi_decay, golden_decay and golden_power_decay."""
    warmup_epochs: float = 0
    """Epochs, as the name says (the library counted them as steps)."""
    base_batch_size: int = 8
    """Records an optimizer step, before any growth."""
    phi_batch_progression: bool = True
    max_batch_size: int | None = 128
    batch_phi_phases: int = 3
    phi_training_phases: bool = True
    """Whether steps are told to be of one of two phases, 38.2 % and 61.8 % of the epochs. Names, nothing else."""
    phase1_focus: str = "exploration"
    phase2_focus: str = "exploitation"
    base_dropout: float = 0.1
    phi_dropout_schedule: bool = True
    base_weight_decay: float = 0.01
    phi_weight_decay_schedule: bool = True
    phi_data_weighting: bool = False
    """Fibonacci weights: later records come more often."""
    phi_curriculum_learning: bool = False
    """The shortest records first."""

    def __post_init__(self) -> None:
        problems = tuple(_problems(self))
        if problems:
            count = len(problems)
            raise ConfigError(f"PHITrainingConfig has {count} problem{'s' if count > 1 else ''}", problems)

    @classmethod
    def production(cls) -> "PHITrainingConfig":
        """What the guide calls its production values."""
        return cls(phi_lr_power=0.9, warmup_epochs=1, base_batch_size=16, max_batch_size=32)

    def options(self) -> dict[str, Any]:
        """The options of `TrainingConfig` that this stands for: only those that have an effect."""
        return {
            "learning_rate": self.base_learning_rate,
            "batch_size": self.base_batch_size,
            "gradient_accumulation_steps": 1,
            "lora_dropout": self.base_dropout,
            "dropout_schedule": _course(self.phi_dropout_schedule and self.base_dropout > 0),
            "weight_decay": self.base_weight_decay,
            "weight_decay_schedule": _course(self.phi_weight_decay_schedule and self.base_weight_decay > 0),
            "record_weights": "fibonacci" if self.phi_data_weighting else "equal",
            "record_order": "shortest_first" if self.phi_curriculum_learning else "shuffled",
            **self._schedule(),
            **self._growth(),
        }

    def to_json(self) -> str:
        return json.dumps(self._record(), indent=2, ensure_ascii=False) + "\n"

    def to_yaml(self) -> str:
        return dump_values(self._record())

    @classmethod
    def from_text(cls, text: str, *, source: str = "the configuration") -> "PHITrainingConfig":
        """Read what `to_json` or `to_yaml` wrote. ConfigError if it is neither, or of another schema version."""
        values = parse_values(text, source=source)  # JSON is YAML
        version = values.pop("schema_version", SCHEMA_VERSION)
        if version != SCHEMA_VERSION:
            raise ConfigError(
                f"{source} has schema version {version!r}", remedy=f"This phi reads version {SCHEMA_VERSION}"
            )
        known = [field.name for field in fields(cls)]
        unknown = [name for name in values if name not in known]
        if unknown:
            problems = [Problem(name, "unknown field", nearest(name, known)) for name in unknown]
            raise ConfigError(f"{source} is no PHITrainingConfig", problems)
        return cls(**{name: _as_written(name, value) for name, value in values.items()})

    def save(self, path: Path) -> None:
        """As JSON where the name ends with .json, else as YAML."""
        path.write_text(self.to_json() if path.suffix == ".json" else self.to_yaml(), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "PHITrainingConfig":
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} cannot be read: {error}") from None
        return cls.from_text(text, source=str(path))

    def _record(self) -> dict[str, Any]:
        return {"schema_version": SCHEMA_VERSION, **asdict(self)}

    def _schedule(self) -> dict[str, Any]:
        schedule = MODES.get(self.lr_schedule_mode, self.lr_schedule_mode)
        power = {"schedule_power": self.phi_lr_power} if schedule in WITH_POWER else {}
        if self.lr_schedule_mode != "phi_warmup":
            return {"schedule": schedule, **power, "warmup_epochs": float(self.warmup_epochs)}
        length = (
            {"warmup_epochs": float(self.warmup_epochs)} if self.warmup_epochs else {"warmup_ratio": "golden"}
        )
        return {"schedule": schedule, "warmup_shape": "golden", **length}

    def _growth(self) -> dict[str, Any]:
        if not self.phi_batch_progression:
            return {"batch_growth": "none"}
        return {
            "batch_growth": "golden",
            "batch_phases": self.batch_phi_phases,
            "largest_effective_batch": self.max_batch_size,
        }


def phase_of(epoch: int, epochs: int, config: PHITrainingConfig) -> str | None:
    """The name of the training phase of an epoch, counted from 0, of so many; None where phases are off.

    The first phase has ⌊E/φ²⌋ epochs, at least 1. ValueError for less than one epoch.
    """
    first, _ = training_phases(epochs)
    if not config.phi_training_phases:
        return None
    return config.phase1_focus if epoch < first else config.phase2_focus


def _course(golden: bool) -> str:
    return "golden" if golden else "constant"


def _as_written(name: str, value: Any) -> Any:
    """A figure that YAML leaves as text, such as 2e-4 and none; everything else as it is."""
    default = PHITrainingConfig.__dataclass_fields__[name].default
    if not isinstance(value, str) or isinstance(default, str | bool):
        return value
    if value.strip().lower() == "none":
        return None
    try:
        return float(value)
    except ValueError:
        return value


def _problems(config: PHITrainingConfig) -> Iterator[Problem]:
    yield from _kinds(config)
    yield from _number(config, "base_learning_rate", "> 0 and ≤ 10", lambda value: 0 < value <= 10)
    yield from _number(config, "phi_lr_power", "≥ 0 and ≤ 100", lambda value: 0 <= value <= 100)
    yield from _number(config, "base_weight_decay", "≥ 0 and ≤ 10", lambda value: 0 <= value <= 10)
    yield from _number(config, "warmup_epochs", "≥ 0", lambda value: value >= 0)
    yield from _number(config, "base_dropout", "≥ 0 and < 1", lambda value: 0 <= value < 1)
    yield from _count(config, "base_batch_size", 65536)
    yield from _count(config, "batch_phi_phases", 100)
    if config.lr_schedule_mode not in KNOWN_MODES:
        found = f"must be one of {', '.join(KNOWN_MODES)}, got {config.lr_schedule_mode!r}"
        yield Problem("lr_schedule_mode", found)
    yield from _largest(config)


def _kinds(config: PHITrainingConfig) -> Iterator[Problem]:
    for field in fields(config):
        value = getattr(config, field.name)
        if isinstance(field.default, bool) and not isinstance(value, bool):
            yield Problem(field.name, f"must be true or false, got {value!r}")
    for name in ("phase1_focus", "phase2_focus"):
        value = getattr(config, name)
        if not (isinstance(value, str) and value.strip()):
            yield Problem(name, f"must be the name of a phase, got {value!r}")


def _number(
    config: PHITrainingConfig, name: str, bounds: str, holds: Callable[[float], bool]
) -> Iterator[Problem]:
    value = getattr(config, name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number and math.isfinite(value) and holds(value)):
        yield Problem(name, f"must be a finite number {bounds}, got {value!r}")


def _count(config: PHITrainingConfig, name: str, most: int) -> Iterator[Problem]:
    value = getattr(config, name)
    if not (_is_count(value) and 1 <= value <= most):
        yield Problem(name, f"must be a whole number ≥ 1 and ≤ {most:,}, got {value!r}")


def _largest(config: PHITrainingConfig) -> Iterator[Problem]:
    largest, base = config.max_batch_size, config.base_batch_size
    if largest is None:
        return
    if not _is_count(largest) or largest < 1:
        yield Problem("max_batch_size", f"must be a whole number ≥ 1 or none, got {largest!r}")
    elif _is_count(base) and largest < base:
        yield Problem("max_batch_size", f"{largest} is less than base_batch_size {base}", "Raise it")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
