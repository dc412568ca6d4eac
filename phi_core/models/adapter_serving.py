"""How a trained adapter can be served beside its base, read off its adapter_config.json alone.

Most adapters add to what the base computes, so that rows of one batch may take them or leave them. PEFT refuses that for
some kinds; others began at components that their training took out of the base, and answer rightly only on a base from which
the same components are taken again. Whether an adapter fits a model is found out in `adapter_check`.
"""

from pathlib import Path
from typing import Any

from phi_core.chat.engine import Serving
from phi_core.errors import AdapterError
from phi_core.models.adapter_record import adapter_settings

UNMIXABLE = {
    "use_dora": "DoRA",
    "target_parameters": "LoRA on parameters",
    "alora_invocation_tokens": "aLoRA",
    "use_bdlora": "BD-LoRA",
    "arrow_config": "Arrow",
    "kasa_config": "KaSA",
    "velora_config": "VeLoRA",
    "monteclora_config": "MonteCLoRA",
    "use_qalora": "QALoRA",
}
"""Settings of kinds that scale or route besides adding → their names. PEFT refuses DoRA and parameters in mixed batches; of
the others it mixes some, but a pass of their own is always right."""
REBUILT = {"pissa": "PiSSA", "olora": "OLoRA", "loftq": "LoftQ"}
"""Starts that PEFT takes out of the base once more, the same ones, when it loads the adapter."""
LOST = {
    "pissa_niter": "its start was drawn at random",
    "corda": "its start came from data that is not in the folder",
    "lora_ga": "its start came from gradients that are not in the folder",
}
"""Starts that nobody can take out of the base a second time → why not."""


def serving_of(path: Path) -> Serving:
    """AdapterError if the adapter altered its base in a way that cannot be repeated."""
    start = altering_start(path)
    for name, reason in LOST.items():
        if start.lower().startswith(name):
            raise AdapterError(
                f"adapter {path} began as {start} and was not converted: it altered its base, and {reason}, so that the "
                "altered base cannot be rebuilt",
                "Convert it where it was trained: PEFT's save_pretrained with path_initial_model_for_weight_conversion; "
                "of a run of phi take final_adapter, or the folder `adapter` within the checkpoint",
            )
    if start:
        return "own base"
    return "separate pass" if _unmixable(adapter_settings(path)) else "mixed"


def reason_of(path: Path, serving: Serving) -> str:
    """Why an adapter is served as it is, "" for one that is mixed."""
    if serving == "own base":
        return f"{REBUILT[altering_start(path).lower()]}, on a base of its own that it alters"
    if serving == "separate pass":
        return f"{_unmixable(adapter_settings(path))}, in passes of its own"
    return ""


def altering_start(path: Path) -> str:
    """PEFT's word for a start that was taken out of the base and is still missing there; "" if the base is untouched.

    Converted adapters, phi's own among them, name no such start any more.
    """
    start = adapter_settings(path).get("init_lora_weights")
    is_altering = isinstance(start, str) and start.lower().startswith((*REBUILT, *LOST))
    return str(start) if is_altering else ""


def _unmixable(settings: dict[str, Any]) -> str:
    return next((name for setting, name in UNMIXABLE.items() if settings.get(setting)), "")
