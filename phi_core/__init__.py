"""phi_core: fine-tuning runs as data, and the workers that carry them out.

Importing this package loads nothing else: `PHITrainingConfig` and `PHITrainer` (heavy) are looked up when they are asked
for. The rooms are described in docs/architecture.md.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from phi_core.config.phi_training_config import PHITrainingConfig as PHITrainingConfig
    from phi_core.training.trainer import PHITrainer as PHITrainer

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "PHITrainingConfig":
        from phi_core.config.phi_training_config import PHITrainingConfig

        return PHITrainingConfig
    if name == "PHITrainer":
        from phi_core.training.trainer import PHITrainer

        return PHITrainer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
