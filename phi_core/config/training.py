"""TrainingConfig: everything that a LoRA run depends on, one line an option, in five files beside this one.

Names and defaults are those of Phi-2 fine-tuning guides; a value of 0, false or none is legal wherever the
bounds admit it. Rules between options are in `problems.py`. Reads no file.
"""

from pydantic import ConfigDict

from phi_core.config.adapter_options import AdapterOptions
from phi_core.config.data_options import DataOptions
from phi_core.config.model_options import ModelOptions
from phi_core.config.run_options import RunOptions
from phi_core.config.step_options import StepOptions


class TrainingConfig(RunOptions, StepOptions, AdapterOptions, DataOptions, ModelOptions):
    """Frozen; unknown names are refused. Options stand in the order of the bases from last to first."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=(), allow_inf_nan=False)
