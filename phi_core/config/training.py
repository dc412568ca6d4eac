"""TrainingConfig: everything that a LoRA run depends on, one line an option.

Names and defaults are those of Phi-2 fine-tuning guides; a value of 0, false or none is legal wherever the
bounds admit it. Rules between options are in `problems.py`. Reads no file.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from phi_core.config.option import option


class TrainingConfig(BaseModel):
    """Frozen; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=(), allow_inf_nan=False)

    model_name: str = option(
        "microsoft/phi-2", "Base model: hub id or local folder", group="Model", path="model"
    )
    model_revision: str | None = option(
        None, "Revision of a hub model: branch, tag or commit", group="Model", level="advanced"
    )
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = option(
        "auto",
        "Precision of the frozen base weights; auto: bfloat16 on CUDA where supported, else float32",
        group="Model",
        level="advanced",
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = option(
        "auto", "Where to train", group="Model", level="advanced"
    )
    trust_remote_code: bool = option(
        False, "Run Python code that comes with the model", group="Model", level="advanced"
    )

    dataset_path: tuple[str, ...] = option(
        (),
        "Training records: files, folders, patterns such as data/*.jsonl, or hub ids OWNER/NAME:CONFIG:SPLIT",
        group="Data",
        path="file",
    )
    validation_path: tuple[str, ...] = option(
        (),
        "Validation records; none: a folder's own, else a share of the dataset",
        group="Data",
        level="advanced",
        path="file",
    )
    record_format: Literal[
        "auto",
        "prompt/response",
        "instruction/input/output",
        "messages",
        "conversations",
        "question/answer",
        "text",
    ] = option("auto", "Fields of a record; auto: told by its keys", group="Data", level="advanced")
    columns: tuple[str, ...] = option(
        (),
        "Fields that the data calls otherwise, such as prompt=question,response=best_answer",
        group="Data",
        level="advanced",
        needs="field=column",
    )
    text_unit: Literal["auto", "line", "paragraph"] = option(
        "auto",
        "What is one record in a .txt file; auto: a paragraph if any has more than one line",
        group="Data",
        level="advanced",
    )
    on_bad_record: Literal["error", "skip"] = option(
        "error", "What a faulty record does to the run", group="Data", level="advanced"
    )
    validation_fraction: Annotated[float, Field(ge=0, lt=1)] | Literal["golden"] = option(
        0.1,
        "Share of the records held out for validation; 0: none; golden: 38.2 %",
        group="Data",
        advised=(0.05, 0.2),
    )
    validation_records: int | None = option(
        None,
        "Exactly so many records held out, instead of a share",
        group="Data",
        unit="records",
        level="advanced",
        ge=1,
    )
    group_by: str | None = option(
        None,
        "Column whose equal values stay on one side of the split: a person, a document",
        group="Data",
        level="advanced",
    )
    mixture: Literal["concatenated", "sequential", "proportional", "weighted", "golden"] = option(
        "concatenated",
        "How several sources are mixed: shuffled together, one after the other, or by shares of the tokens "
        "(their sizes, mixture_weights, or 0.618, 0.382 and so on)",
        group="Data",
        level="advanced",
    )
    mixture_weights: tuple[float, ...] = option(
        (),
        "Shares of the sources in the order of dataset_path, for mixture weighted",
        group="Data",
        level="advanced",
        needs="numbers",
    )
    max_length: int = option(
        1024,
        "Longest sample; truncation says what happens to longer ones",
        group="Data",
        unit="tokens",
        ge=2,
        le=1_000_000,
    )
    truncation: Literal["cut_end", "cut_start", "drop"] = option(
        "cut_end",
        "What a sample beyond max_length loses: its end, its prompt's start, or its place",
        group="Data",
        level="advanced",
    )
    prompt_format: Literal["auto", "chat_template", "instruct", "phi3", "alpaca", "chatml", "raw"] = option(
        "auto",
        "How records become text; auto: the tokenizer's chat template, else instruct",
        group="Data",
        level="advanced",
    )
    prompt_template: str | None = option(
        None,
        "A Jinja chat template of your own, instead of prompt_format",
        group="Data",
        level="advanced",
        path="file",
    )
    train_on: Literal["answer", "last_answer", "all"] = option(
        "answer",
        "Tokens that the loss counts: answers with their stop token, the last answer alone, or all",
        group="Data",
        level="advanced",
    )
    accept: tuple[Literal["cut_answers", "dropped", "overlap"], ...] = option(
        (),
        "Findings of the launch gate that this run may have all the same",
        group="Data",
        level="advanced",
    )

    lora_r: int = option(8, "Rank of the adapter", group="Adapter", ge=1, le=4096, advised=(8, 32))
    lora_alpha: float = option(
        32, "Scale of the adapter; its output is multiplied by alpha / r", group="Adapter", gt=0, le=65536
    )
    lora_dropout: float = option(
        0.05, "Dropout before the adapter", group="Adapter", ge=0, lt=1, advised=(0.0, 0.1)
    )
    initial_adapter: str | None = option(
        None,
        "Adapter to go on training from, as from a domain to a task; none: a new one",
        group="Adapter",
        level="advanced",
        path="directory",
    )
    lora_targets: tuple[str, ...] = option(
        ("auto",),
        "Module names to adapt; auto: attention and feed-forward layers of the architecture",
        group="Adapter",
        level="advanced",
    )

    epochs: float = option(20, "Passes over the training records", group="Training", gt=0, le=100_000)
    max_steps: int | None = option(
        None, "Stop after so many optimizer steps", group="Training", unit="steps", level="advanced", ge=1
    )
    max_tokens: int | None = option(
        None, "Stop after so many tokens", group="Training", unit="tokens", level="advanced", ge=1
    )
    batch_size: int = option(
        4,
        "Records computed together (micro-batch)",
        group="Training",
        unit="records",
        ge=1,
        le=65536,
        advised=(1, 16),
    )
    gradient_accumulation_steps: int = option(
        16, "Micro-batches per optimizer step", group="Training", ge=1, le=65536, advised=(1, 32)
    )
    learning_rate: float = option(
        2e-4, "Peak learning rate", group="Training", gt=0, le=10, advised=(5e-5, 2e-4)
    )
    schedule: Literal["constant", "linear", "cosine"] = option(
        "linear", "Course of the learning rate after warm-up", group="Training"
    )
    warmup_ratio: float = option(
        0.05,
        "Share of the steps with rising learning rate",
        group="Training",
        ge=0,
        lt=1,
        advised=(0.03, 0.1),
    )
    weight_decay: float = option(
        0.01, "AdamW weight decay, on matrices only", group="Training", level="advanced", ge=0, le=10
    )
    max_grad_norm: float = option(
        1.0, "Gradients are scaled down to this norm; 0: never", group="Training", level="advanced", ge=0
    )
    optimizer: Literal["adamw", "adamw_8bit"] = option(
        "adamw", "AdamW, or its 8-bit form (needs the extra `quant`)", group="Training", level="advanced"
    )
    seed: int = option(42, "Seed of order, split, dropout and adapter", group="Training", ge=0, lt=2**32)

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

    @field_validator("dataset_path", "validation_path", mode="before")
    @classmethod
    def _one_source(cls, value: Any) -> Any:
        """A single path is a list of one."""
        return (value,) if isinstance(value, str) else value

    @property
    def effective_batch_size(self) -> int:
        """Records per optimizer step."""
        return self.batch_size * self.gradient_accumulation_steps
