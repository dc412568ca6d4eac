"""What a run keeps, watches and tells, and the processes that carry it out."""

from typing import Literal

from pydantic import BaseModel

from phi_core.config.option import option
from phi_core.config.words import Launcher, OnLossSpike, OnOutOfMemory, Sharding


class RunOptions(BaseModel):
    """Part of `TrainingConfig`."""

    output_dir: str | None = option(
        None,
        "Exactly this directory for the run; none: a new one under the runs folder",
        group="Run",
        path="directory",
    )
    evaluate_every: int | None = option(
        None,
        "Steps between validations; none: once an epoch",
        group="Run",
        unit="steps",
        level="advanced",
        ge=1,
    )
    checkpoint_every: int | None = option(
        None,
        "Steps between checkpoints; none: once an epoch",
        group="Run",
        unit="steps",
        level="advanced",
        ge=1,
    )
    checkpoints_kept: int = option(
        2, "Newest checkpoints that stay; the best one stays besides", group="Run", level="advanced", ge=1
    )
    final_adapter: Literal["best", "last"] = option(
        "best",
        "Which adapter is the result: lowest validation loss, or last step",
        group="Run",
        level="advanced",
    )
    report_to: tuple[Literal["tensorboard", "wandb", "trackio"], ...] = option(
        (), "Also report to these trackers (each needs its extra)", group="Run", level="advanced"
    )
    early_stopping_patience: int | None = option(
        None,
        "Stop after so many validations in a row without improvement",
        group="Watch",
        unit="validations",
        ge=1,
    )
    early_stopping_min_delta: float = option(
        0.0,
        "Fall of the validation loss that counts as improvement",
        group="Watch",
        unit="nats per token",
        level="advanced",
        ge=0,
    )
    on_loss_spike: OnLossSpike = option(
        "warn",
        "What a loss far above the recent ones does: a warning, a pause with a checkpoint, or the end",
        group="Watch",
        level="advanced",
    )
    on_out_of_memory: OnOutOfMemory = option(
        "adapt",
        "What running out of memory does: halve batch_size and double accumulation, or fail",
        group="Watch",
        level="advanced",
    )
    probe_prompts: tuple[str, ...] = option(
        (),
        "Prompts that are answered at each validation, to watch the answers change; \\, for a comma",
        group="Watch",
        needs="prompts",
    )
    probe_max_new_tokens: int = option(
        48, "Longest answer to a probe prompt", group="Watch", unit="tokens", level="advanced", ge=1, le=4096
    )
    notify_command: str | None = option(
        None,
        "Command to run when the run has ended; it finds PHI_RUN_ID, PHI_RUN_STATE and PHI_RUN_DIR in its environment",
        group="Watch",
        level="advanced",
    )
    notify_webhook: str | None = option(
        None,
        "Environment variable with the address that is told by HTTP POST when the run has ended",
        group="Watch",
        level="advanced",
    )
    gradient_checkpointing: bool = option(
        True, "Recompute activations in backward: less memory, about a third more time", group="Speed"
    )
    torch_compile: bool | None = option(
        None,
        "Compile the model; none: on where it pays, and the plan says so",
        group="Speed",
        level="advanced",
    )
    padding_free: bool = option(
        True, "Lay records end to end instead of padding them", group="Speed", level="advanced"
    )
    num_processes: int = option(
        1,
        "Processes that share each optimizer step, one a GPU",
        group="Processes",
        level="advanced",
        ge=1,
        le=4096,
    )
    num_machines: int = option(
        1, "Machines that the processes are spread over", group="Processes", level="advanced", ge=1, le=1024
    )
    sharding: Sharding = option(
        "none",
        "What each process holds: everything (DDP), or a share: FSDP, or DeepSpeed's ZeRO stage 2 or 3",
        group="Processes",
        level="advanced",
    )
    accelerate_config: str | None = option(
        None,
        "An accelerate configuration of your own, instead of the one that phi writes",
        group="Processes",
        level="advanced",
        path="file",
    )
    launcher: Launcher = option(
        "local",
        "Where the worker starts: on this machine, or as a Slurm job",
        group="Processes",
        level="advanced",
    )
    slurm_options: tuple[str, ...] = option(
        (),
        "Options of sbatch, such as partition=gpu,time=04:00:00",
        group="Processes",
        level="advanced",
        needs="option=value",
    )
