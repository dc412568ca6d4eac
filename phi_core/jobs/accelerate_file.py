"""The configuration that `accelerate launch` is given: DDP, FSDP2, or DeepSpeed's ZeRO stage 2 or 3, as YAML.

Precision is none of its business: the weights are loaded in the run's dtype and Trainer says whether a scaler is
needed. Gradients are accumulated by the trainer itself, so accelerate sees one micro-step a step. A port of 0 is any
free one. The key names are those of accelerate's ClusterConfig, which a test reads every file with.
"""

from typing import Any

import yaml

from phi_core.config.training import TrainingConfig
from phi_core.files import write_text
from phi_core.runs.layout import RunLayout


def accelerate_values(config: TrainingConfig) -> dict[str, Any]:
    """The file's content. `machine_rank` and the main machine's address are told on the command line."""
    return {
        "compute_environment": "LOCAL_MACHINE",
        "debug": False,
        "distributed_type": {"none": "MULTI_GPU", "fsdp": "FSDP"}.get(config.sharding, "DEEPSPEED"),
        "enable_cpu_affinity": False,
        "machine_rank": 0,
        "main_process_port": 0,
        "main_training_function": "main",
        "mixed_precision": "no",
        "num_machines": config.num_machines,
        "num_processes": config.num_processes,
        "rdzv_backend": "static",
        "same_network": True,
        "use_cpu": False,
        **_sharding(config),
    }


def write_accelerate_file(layout: RunLayout, config: TrainingConfig) -> None:
    text = yaml.safe_dump(accelerate_values(config), sort_keys=True)
    write_text(
        layout.accelerate_config, f"# Written by phi for this run; accelerate_config names another.\n{text}"
    )


def _sharding(config: TrainingConfig) -> dict[str, Any]:
    if config.sharding == "none":
        return {}
    if config.sharding == "fsdp":
        return {"fsdp_config": _fsdp2()}
    return {
        "deepspeed_config": _deepspeed(stage=int(config.sharding[-1]), max_grad_norm=config.max_grad_norm)
    }


def _fsdp2() -> dict[str, Any]:
    """Version 2 of FSDP: every block is a unit, gathered when it is used; checkpoints hold whole tensors."""
    return {
        "fsdp_version": 2,
        "fsdp_auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
        "fsdp_reshard_after_forward": True,
        "fsdp_state_dict_type": "FULL_STATE_DICT",
        "fsdp_cpu_ram_efficient_loading": False,
        "fsdp_offload_params": False,
        "fsdp_activation_checkpointing": False,
    }


def _deepspeed(*, stage: int, max_grad_norm: float) -> dict[str, Any]:
    """ZeRO: stage 2 shares optimizer state and gradients, stage 3 the weights too."""
    return {
        "zero_stage": stage,
        "gradient_accumulation_steps": 1,
        "gradient_clipping": max_grad_norm,
        "offload_optimizer_device": "none",
        "offload_param_device": "none",
        "zero3_init_flag": False,
        "zero3_save_16bit_model": stage == 3,
        "deepspeed_multinode_launcher": "standard",
    }
