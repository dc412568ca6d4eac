"""What the Train tab asks about memory: measure two steps, choose settings that fit. Run in threads; knows no widget."""

from typing import Any

from phi_core.config.training import TrainingConfig
from phi_core.errors import ConfigError
from phi_core.jobs.probe_job import probe
from phi_core.planning.fit import Fit, changes
from phi_core.planning.machine import this_machine
from phi_core.planning.plan_memory import fit_of, learn_from_probe
from phi_core.planning.run_plan import make_plan
from phi_core.runs.probe_result import ProbeResult

__all__ = ["WITHOUT_EFFECT", "changes", "fit", "measured", "what_matters"]

WITHOUT_EFFECT = frozenset(
    {
        *("learning_rate", "schedule", "schedule_power", "schedule_cycles", "schedule_minimum"),
        *("schedule_harmonics", "warmup_ratio", "warmup_steps", "warmup_epochs", "warmup_shape"),
        *(
            "weight_decay",
            "weight_decay_schedule",
            "max_grad_norm",
            "lora_alpha",
            "alpha_pattern",
            "use_rslora",
        ),
        *(
            "output_dir",
            "evaluate_every",
            "checkpoint_every",
            "checkpoints_kept",
            "final_adapter",
            "report_to",
        ),
        *("early_stopping_patience", "early_stopping_min_delta", "on_loss_spike", "on_out_of_memory"),
        *("probe_prompts", "probe_max_new_tokens", "notify_command", "notify_webhook", "accept"),
        *("launcher", "slurm_options"),
    }
)
"""Options that leave the memory of a training step as it is."""


def what_matters(config: TrainingConfig) -> dict[str, Any]:
    """The options that a measurement of memory holds for."""
    return config.model_dump(exclude=set(WITHOUT_EFFECT))


def measured(config: TrainingConfig, stop: Any) -> ProbeResult:
    """Two real steps in a process of their own; later estimates learn from them. `stop` is an event that ends it."""
    result = probe(config, stop=stop)
    if result.out_of_memory is None:
        plan, machine = make_plan(config), this_machine()
        learn_from_probe(plan, machine, device=result.device, measured_gib=result.needed_gib)
    return result


def fit(config: TrainingConfig) -> Fit:
    """Settings with the same effective batch that fit into this machine. ConfigError where the model is not known."""
    found = fit_of(make_plan(config), this_machine())
    if found is None:
        raise ConfigError("nothing can be fitted before the model is known", remedy="Its files are not here")
    return found
