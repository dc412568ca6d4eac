"""Which records are trained on, how they become tokens and in which order they come."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, field_validator

from phi_core.config.option import option
from phi_core.config.words import (
    Acceptable,
    FormatChoice,
    Mixture,
    OnBadRecord,
    PromptFormatChoice,
    RecordOrder,
    RecordWeights,
    TextUnit,
    TrainOn,
    Truncation,
)


class DataOptions(BaseModel):
    """Part of `TrainingConfig`."""

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
    record_format: FormatChoice = option(
        "auto", "Fields of a record; auto: told by its keys", group="Data", level="advanced"
    )
    columns: tuple[str, ...] = option(
        (),
        "Fields that the data calls otherwise, such as prompt=question,response=best_answer",
        group="Data",
        level="advanced",
        needs="field=column",
    )
    text_unit: TextUnit = option(
        "auto",
        "What is one record in a .txt file; auto: a paragraph if any has more than one line",
        group="Data",
        level="advanced",
    )
    on_bad_record: OnBadRecord = option(
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
    mixture: Mixture = option(
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
    record_order: RecordOrder = option(
        "shuffled",
        "Order within an epoch: seeded, as in the data, or by length from the shortest (a curriculum)",
        group="Data",
        level="advanced",
    )
    record_weights: RecordWeights = option(
        "equal",
        "How often a record is drawn: each once an epoch, or by Fibonacci weights, later records more often",
        group="Data",
        level="advanced",
    )
    max_length: int = option(
        1024,
        "Longest sample; truncation says what happens to longer ones",
        group="Data",
        unit="tokens",
        ge=2,
        le=1_000_000,
    )
    truncation: Truncation = option(
        "cut_end",
        "What a sample beyond max_length loses: its end, its prompt's start, or its place",
        group="Data",
        level="advanced",
    )
    prompt_format: PromptFormatChoice = option(
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
    train_on: TrainOn = option(
        "answer",
        "Tokens that the loss counts: answers with their stop token, the last answer alone, or all",
        group="Data",
        level="advanced",
    )
    accept: tuple[Acceptable, ...] = option(
        (),
        "Findings of the launch gate that this run may have all the same",
        group="Data",
        level="advanced",
    )

    @field_validator("dataset_path", "validation_path", mode="before")
    @classmethod
    def _one_source(cls, value: Any) -> Any:
        """A single path is a list of one."""
        return (value,) if isinstance(value, str) else value
