"""What a training worker need not import: bitsandbytes, unless it computes with it.

PEFT, Accelerate and transformers import it wherever it is installed, which is a quarter of the CPU time that a worker
takes to start (1.6 of 6.7 s on two CPU cores).
"""

import sys
from typing import Any, cast

from phi_core.config.training import TrainingConfig
from phi_core.errors import PhiError
from phi_core.files import read_json
from phi_core.model_files.folder import locate
from phi_core.planning.extras import needs_bitsandbytes


def leave_out_what_is_not_needed(config: TrainingConfig) -> None:
    """To be called before any of them is imported; for this process bitsandbytes is then not installed."""
    if not needs_bitsandbytes(config) and not _has_quantised_weights(config):
        cast(dict[str, Any], sys.modules).setdefault("bitsandbytes", None)


def _has_quantised_weights(config: TrainingConfig) -> bool:
    """Whether the base's own files are in few bits, or may be: one that is not on this machine yet is not known."""
    try:
        folder = locate(config.model_name, config.model_revision)
    except PhiError:
        return False  # who loads it says what is wrong
    settings = read_json(folder / "config.json") if folder else None
    return not isinstance(settings, dict) or "quantization_config" in settings
