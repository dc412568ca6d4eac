"""The doctor worker: what torch says of this machine, as one JSON document. `python -m phi_core.workers.doctor`"""

import json
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import torch

from phi_core.models.device import choose_device
from phi_core.models.quantization import quantization_fault


def facts() -> dict[str, Any]:
    device = choose_device()
    return {
        "device": device.name,
        "dtype": device.dtype_name,
        "threads": torch.get_num_threads(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "cuda": torch.version.cuda,
        "8bit": quantization_fault("8bit", device) or "runs",
        "4bit": quantization_fault("4bit", device) or "runs",
        "bitsandbytes": version("bitsandbytes") if find_spec("bitsandbytes") else None,
    }


if __name__ == "__main__":
    print(json.dumps(facts()))
