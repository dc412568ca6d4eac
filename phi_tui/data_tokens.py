"""The token panes' content: the plan of a run's data, what it shows best, and one record token by token.

Read in threads. Data too large to tokenise while somebody looks is prepared only when asked. Knows no widget.
"""

from dataclasses import dataclass

from phi_core.chat.prompt_format import PromptFormat, stop_ids
from phi_core.config.training import TrainingConfig
from phi_core.data.places import places
from phi_core.data.sources.part import Part
from phi_core.errors import DataError
from phi_core.planning.run_data import data_spec
from phi_core.planning.run_plan import ModelFacts, RunPlan, make_plan, model_facts
from phi_core.samples.prepare import find_prepared, prepare
from phi_core.samples.progress import OnProgress, Progress
from phi_core.samples.statistics import SampleStatistics, statistics, typical_and_worst
from phi_core.samples.token_view import TokenView, token_view
from phi_tui.plan_text import LARGE_BYTES, amount

BINS = 12
"""Bars of the histogram: they fit a small screen."""


@dataclass(frozen=True)
class TokenReport:
    """`examples` are (what it is an example of, record), at least one where there is a record."""

    plan: RunPlan
    parts: tuple[Part, ...]
    figures: SampleStatistics
    examples: tuple[tuple[str, int], ...]

    @property
    def num_records(self) -> int:
        return len(self.plan.data.prepared)

    @property
    def without_tokens(self) -> str:
        """Why no tokens can be shown, "" if they can."""
        if self.plan.model.tokenizer is not None:
            return ""
        return (
            f"The tokenizer of {self.plan.config.model_name} is not on this machine: lengths are estimates "
            "(characters / 4), and what is trained or masked is not known. Name a model folder as model_name on "
            "the Train tab, or fetch the model by a first start."
        )


@dataclass(frozen=True)
class NotPrepared:
    """So much data is tokenised only when asked."""

    num_bytes: int

    @property
    def text(self) -> str:
        return (
            f"The data has {amount(self.num_bytes / 2**20)} MiB and is not tokenised yet. ctrl+r prepares it now, once: "
            "training takes over what is prepared. Everything else goes on meanwhile."
        )


@dataclass(frozen=True)
class Example:
    """One record token by token. `name` says why it is shown, `rank` " (2 of 5)" or "", `place` where it stands."""

    name: str
    record: int
    place: str
    part: Part | None
    view: TokenView
    rank: str = ""


def read_tokens(config: TrainingConfig, on_progress: OnProgress | None) -> TokenReport | NotPrepared:
    """The plan and its figures. DataError or ModelError if a run would be refused for its data or its model."""
    model, spec = model_facts(config), data_spec(config)
    if spec.num_bytes > LARGE_BYTES and find_prepared(spec, _form(model), model.tokenizer) is None:
        return NotPrepared(spec.num_bytes)
    plan = make_plan(config, model=model, on_progress=on_progress)
    data = plan.data.prepared
    found = typical_and_worst(plan.train, range(len(data)))
    parts = tuple(place.part for place in spec.parts)
    return TokenReport(plan, parts, statistics(plan.train, bins=BINS), tuple(found.items()))


def prepare_data(config: TrainingConfig, on_progress: OnProgress | None) -> int:
    """Tokenise the data, however much it is; the number of records. DataError for faults."""
    model = model_facts(config)
    return len(prepare(data_spec(config), _form(model), model.tokenizer, on_progress=on_progress))


def read_example(report: TokenReport, name: str, record: int, rank: str = "") -> Example:
    """One record, counted from 0. DataError if there is none."""
    plan = report.plan
    if not 0 <= record < report.num_records:
        raise DataError(
            f"there is no record {record + 1:,}", remedy=f"The data has records 1 to {report.num_records:,}"
        )
    form, tokenizer = plan.model.form, plan.model.tokenizer
    assert form is not None and tokenizer is not None, "asked for tokens that cannot be shown"
    view = token_view(plan.train, record, tokenizer, stop_ids=stop_ids(form, tokenizer))
    part = next((part for part in report.parts if part.location == view.source), None)
    return Example(name, record, places(report.parts).of(view.source, view.line), part, view, rank)


def progress_words(progress: Progress) -> str:
    """How far the reading has come: 1.2 M records · 43 %"""
    records = f"{amount(progress.records)} records"
    if not progress.total_bytes:
        return records
    return f"{records} · {min(1.0, progress.done_bytes / progress.total_bytes):.0%}".replace("%", " %")


def _form(model: ModelFacts) -> PromptFormat | None:
    return model.form if model.tokenizer else None
