"""What must hold between the options of the model and its precision, whatever the machine."""

from collections.abc import Iterator

from phi_core.config.training import TrainingConfig
from phi_core.errors import Problem


def model_problems(config: TrainingConfig) -> Iterator[Problem]:
    if not config.model_name:
        yield Problem("model_name", "no base model given", "Name a hub id or a local folder")
    if config.dtype == "float16" and config.device == "cpu":
        found = "float16 on the CPU is many times slower and not trained here"
        yield Problem("dtype", found, "Use float32")
    if config.quantization != "none" and config.device == "mps":
        found = f"{config.quantization} weights need bitsandbytes, which has no kernels for Apple's GPU"
        yield Problem("quantization", found, "Set quantization to none, or train on CUDA or the CPU")
