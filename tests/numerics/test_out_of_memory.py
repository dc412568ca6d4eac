"""Memory that runs out: the step is done again, whole, and the run goes on as planned, or says what would fit."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from toy_run import step_losses, toy_config, toy_trainer, write_toy_dataset
from training_callbacks import SaveAt

from phi_core.chat.prompt_format import Tokenised
from phi_core.errors import TrainingFailed
from phi_core.models.free_memory import is_out_of_memory
from phi_core.training import run
from phi_core.training.batches import Batch, padding_free
from phi_core.training.loss import fast_loss
from phi_core.training.out_of_memory import OutOfMemory, OutOfMemoryEvent
from phi_core.training.trainer import PHITrainer

Hurdle = Callable[[Sequence[Tokenised]], None]


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory, tiny_phi: Path) -> tuple[Path, Path]:
    return tiny_phi, write_toy_dataset(tmp_path_factory.mktemp("toy") / "data.jsonl")


def cuda_runs_out() -> None:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nadvice")


def main_memory_runs_out() -> None:
    """The allocator's own refusal: no machine has 4 EiB."""
    torch.empty(1 << 62, dtype=torch.uint8)


class Laid:
    """Every micro-batch that was laid out: its records, and those of steps that went through."""

    def __init__(self, hurdle: Hurdle) -> None:
        self._hurdle = hurdle
        self.tried: list[tuple[Tokenised, ...]] = []

    def __call__(self, samples: Sequence[Tokenised], device: str) -> Batch:
        self.tried.append(tuple(samples))
        self._hurdle(samples)
        return padding_free(samples, device)


def beyond(tokens: int, runs_out: Callable[[], None]) -> Hurdle:
    """Micro-batches of more tokens do not fit."""

    def hurdle(samples: Sequence[Tokenised]) -> None:
        if sum(len(sample.ids) for sample in samples) > tokens:
            runs_out()

    return hurdle


def at_record(ids: tuple[int, ...], runs_out: Callable[[], None]) -> Hurdle:
    """Micro-batches of several records that hold this one do not fit."""

    def hurdle(samples: Sequence[Tokenised]) -> None:
        if len(samples) > 1 and any(sample.ids == ids for sample in samples):
            runs_out()

    return hurdle


def trainer_with(
    toy: tuple[Path, Path], folder: Path, laid: Any, loss: Any = fast_loss, **changes: Any
) -> PHITrainer:
    return toy_trainer(toy_config(*toy, **changes), folder, run.Choices(laid, loss, {}))


def noted(trainer: PHITrainer) -> dict[str, list[Any]]:
    """Train, and what was told of every step."""
    told: dict[str, list[Any]] = {"records": [], "trained": [], "tokens": [], "events": [], "micro_batch": []}

    class After(SaveAt):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            told["records"].append(trainer.step_records)
            told["trained"].append(trainer.step_trained_tokens)
            told["tokens"].append(sum(trainer.step_tokens.values()))
            told["events"].append(list(trainer.out_of_memory))
            told["micro_batch"].append(trainer.micro_batch_size)

    trainer.add_callback(After())
    told["losses"] = step_losses(trainer)
    return told


def place(trainer: PHITrainer, which: str) -> tuple[int, tuple[int, ...]]:
    """(step, ids of a record of it) of the first, a middle, and the longest batch."""
    plan, data = trainer.steps, trainer.train_dataset
    tokens = [sum(data.lengths[number] for number in step) for step in plan.steps()]
    step = {"first": 1, "middle": 6, "longest": tokens.index(max(tokens)) + 1}[which]
    return step, data[plan.step(step)[0]].ids


@pytest.mark.parametrize("runs_out", [cuda_runs_out, main_memory_runs_out])
@pytest.mark.parametrize("which", ["first", "middle", "longest"])
def test_a_run_goes_on_with_the_same_steps(
    which: str, runs_out: Callable[[], None], toy: tuple[Path, Path], tmp_path: Path
) -> None:
    config: dict[str, Any] = {"batch_size": 4, "gradient_accumulation_steps": 1}
    plain = noted(trainer_with(toy, tmp_path, padding_free, **config))
    probe = trainer_with(toy, tmp_path, padding_free, **config)
    step, ids = place(probe, which)
    laid = Laid(at_record(ids, runs_out))
    trainer = trainer_with(toy, tmp_path, laid, **config)
    told = noted(trainer)
    assert trainer.state.global_step == trainer.steps.num_steps
    for name in ("records", "trained", "tokens"):
        assert told[name] == plain[name]
    assert told["losses"] == pytest.approx(plain["losses"], rel=1e-5)
    event = next(events for events in told["events"] if events)
    first = next(number for number, events in enumerate(told["events"], start=1) if events)
    assert first <= step
    assert [(e.step, e.micro_batch_before, e.micro_batch_after) for e in event] == [
        (first, 4, 2),
        (first, 2, 1),
    ]
    assert "memory" in event[0].message
    assert set(told["micro_batch"][first:]) == {1}, "what was given up stays so"
    assert order_of(laid, trainer) == [trainer.train_dataset[n].ids for s in trainer.steps.steps() for n in s]


def order_of(laid: Laid, trainer: PHITrainer) -> list[tuple[int, ...]]:
    """The records as they were computed, attempts that were given up left out."""
    sizes = [len(step) for step in trainer.steps.steps()]
    computed: list[tuple[int, ...]] = []
    attempts = [[sample.ids for sample in samples] for samples in laid.tried]
    while sizes:
        step: list[tuple[int, ...]] = []
        first = attempts[0][0]
        while len(step) < sizes[0]:
            part = attempts.pop(0)
            step = list(part) if part[0] == first else [*step, *part]
            if len(step) == sizes[0] and attempts and attempts[0][0] == first:
                step = []  # this attempt failed with its last micro-batch
        computed += step
        sizes.pop(0)
    return computed


@pytest.mark.parametrize("in_backward", [False, True])
def test_a_step_done_again_is_the_step_of_a_run_that_began_smaller(
    in_backward: bool, toy: tuple[Path, Path], tmp_path: Path
) -> None:
    """To the last bit, with dropout: gradients and random state of the failed attempt leave no trace."""
    runs_out = {"left": 1}

    def failing_once(model: Any, batch: Batch) -> torch.Tensor:
        loss = fast_loss(model, batch)
        if runs_out["left"] and len(batch.inputs["input_ids"][0]) > 60:
            runs_out["left"] -= 1
            if not in_backward:
                cuda_runs_out()
            loss.register_hook(lambda gradient: cuda_runs_out())
        return loss

    common: dict[str, Any] = {"lora_dropout": 0.3, "epochs": 1}
    large = trainer_with(
        toy, tmp_path, padding_free, failing_once, batch_size=2, gradient_accumulation_steps=2, **common
    )
    told = noted(large)
    assert runs_out["left"] == 0
    assert told["events"][0] and not any(told["events"][1:]), "memory runs out in the first step"
    small = trainer_with(toy, tmp_path, padding_free, batch_size=1, gradient_accumulation_steps=4, **common)
    assert told["losses"] == step_losses(small)
    for ours, theirs in zip(trained(large), trained(small), strict=True):
        assert torch.equal(ours, theirs)


def trained(trainer: PHITrainer) -> list[torch.Tensor]:
    return [p.detach() for p in trainer.model.parameters() if p.requires_grad]


def test_activations_are_recomputed_when_the_micro_batch_is_one(
    toy: tuple[Path, Path], tmp_path: Path
) -> None:
    def needs_recomputation(model: Any, batch: Batch) -> torch.Tensor:
        if not model.get_base_model().is_activation_checkpointing:
            cuda_runs_out()
        return fast_loss(model, batch)

    plain = step_losses(trainer_with(toy, tmp_path, padding_free))
    trainer = trainer_with(toy, tmp_path, padding_free, needs_recomputation)
    told = noted(trainer)
    assert told["losses"] == pytest.approx(plain, rel=1e-5)
    assert [event.checkpointing_switched_on for event in told["events"][0]] == [False, True]
    assert told["events"][0][-1].micro_batch_after == 1


def test_when_nothing_is_left_the_diagnosis_names_the_micro_batch(
    toy: tuple[Path, Path], tmp_path: Path
) -> None:
    trainer = trainer_with(toy, tmp_path, Laid(beyond(40, cuda_runs_out)))
    before = [p.clone() for p in trained(trainer)]
    longer = [n for n in trainer.steps.step(1) if trainer.train_dataset.lengths[n] > 40]
    with pytest.raises(OutOfMemory, match="out of memory in training of step 1") as failed:
        trainer.train()
    found = failed.value.diagnosis
    assert (found.micro_batch, found.tokens) == (1, trainer.train_dataset.lengths[longer[0]])
    assert found.longest == found.tokens
    assert found.checkpointing
    assert f"{found.tokens:,} tokens" in str(failed.value)
    assert "max_length=" in failed.value.remedy
    assert all(torch.equal(a, b) for a, b in zip(before, trained(trainer), strict=True))


def test_fail_means_at_once(toy: tuple[Path, Path], tmp_path: Path) -> None:
    laid = Laid(beyond(0, cuda_runs_out))
    trainer = trainer_with(toy, tmp_path, laid, on_out_of_memory="fail")
    with pytest.raises(OutOfMemory, match="a micro-batch of 2 records") as failed:
        trainer.train()
    assert len(laid.tried) == 1
    assert "batch_size=1 with gradient_accumulation_steps=4" in failed.value.remedy


def test_validation_goes_down_the_ladder_too(toy: tuple[Path, Path], tmp_path: Path) -> None:
    config: dict[str, Any] = {"validation_fraction": 0.4, "max_steps": 1, "batch_size": 4}
    plain = trainer_with(toy, tmp_path, padding_free, **config)
    plain.train()
    expected = plain.evaluate()["eval_loss"]
    trainer = trainer_with(toy, tmp_path, padding_free, **config)
    trainer.train()
    trainer._collate = Laid(lambda samples: cuda_runs_out() if len(samples) > 1 else None)
    assert trainer.evaluate()["eval_loss"] == pytest.approx(expected, rel=1e-6)
    assert [(e.micro_batch_before, e.micro_batch_after) for e in trainer.out_of_memory] == [(4, 2), (2, 1)]
    trainer._collate = Laid(beyond(0, cuda_runs_out))
    with pytest.raises(OutOfMemory, match="out of memory in validation"):
        trainer.evaluate()


def test_a_resumed_run_begins_with_what_was_left(toy: tuple[Path, Path], tmp_path: Path) -> None:
    laid = Laid(lambda samples: cuda_runs_out() if len(samples) > 1 else None)
    whole = trainer_with(toy, tmp_path / "whole", laid, lora_dropout=0.2)
    whole.add_callback(SaveAt(5))
    losses = step_losses(whole)
    assert whole.micro_batch_size == 1
    resumed = trainer_with(toy, tmp_path / "resumed", padding_free, lora_dropout=0.2)
    again: list[float] = []
    one_step = resumed.training_step

    def recording(*args: Any, **more: Any) -> Any:
        again.append(float(loss := one_step(*args, **more)))
        return loss

    resumed.training_step = recording  # type: ignore[method-assign]
    resumed.train(resume_from_checkpoint=str(tmp_path / "whole" / "checkpoint-5"))
    assert resumed.micro_batch_size == 1
    assert again == losses[5:]


def test_memory_that_runs_out_in_the_optimizer_is_told_as_such(
    toy: tuple[Path, Path], tmp_path: Path
) -> None:
    trainer = trainer_with(toy, tmp_path, padding_free)

    class Fails(SaveAt):
        def on_optimizer_step(self, *_: Any, **__: Any) -> None:
            cuda_runs_out()

    trainer.add_callback(Fails())
    with pytest.raises(TrainingFailed, match="outside of forward and backward, at step 1"):
        trainer.train()


def test_what_counts_as_out_of_memory() -> None:
    with pytest.raises(RuntimeError) as real:
        main_memory_runs_out()
    assert is_out_of_memory(real.value)
    assert is_out_of_memory(MemoryError())
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    assert is_out_of_memory(RuntimeError("MPS backend out of memory (MPS allocated: 3 GB)"))
    assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not is_out_of_memory(ValueError("out of memory"))


def test_an_event_is_plain_data() -> None:
    event = OutOfMemoryEvent(3, 4, 2, False, "CUDA out of memory")
    assert event.__dict__.keys() == {
        *("step", "micro_batch_before", "micro_batch_after", "checkpointing_switched_on", "message")
    }
