"""The doctor worker: what torch says of this machine, as one JSON document. `python -m phi_core.workers.doctor`"""

import importlib.util
import json
from typing import Any

import torch

from phi_core.models.device import choose_device


def facts() -> dict[str, Any]:
    device = choose_device()
    has_bitsandbytes = importlib.util.find_spec("bitsandbytes") is not None
    return {
        "device": device.name,
        "dtype": device.dtype_name,
        "threads": torch.get_num_threads(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "cuda": torch.version.cuda,
        "bitsandbytes": "bitsandbytes is installed"
        if has_bitsandbytes
        else "not installed: pip install 'phi-trainer[quant]'",
    }


if __name__ == "__main__":
    print(json.dumps(facts()))
