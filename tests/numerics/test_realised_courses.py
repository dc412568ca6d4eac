"""Realised is specified: learning rate, effective batch, LoRA dropout and weight decay, read from the live objects."""

from pathlib import Path
from typing import Any

import pytest
import torch
from toy_run import step_losses, toy_config, toy_trainer, write_toy_dataset
from training_callbacks import Witness

from phi_core.errors import ConfigError
from phi_core.planning.courses import Courses
from phi_core.planning.run_plan import make_plan

GOLDEN = {
    "epochs": 4,
    "batch_growth": "golden",
    "schedule": "golden_cosine",
    "warmup_ratio": "golden",
    "lora_dropout": 0.1,
    "dropout_schedule": "golden",
    "weight_decay": 0.05,
    "weight_decay_schedule": "golden",
}


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory, tiny_phi: Path) -> tuple[Path, Path]:
    return tiny_phi, write_toy_dataset(tmp_path_factory.mktemp("toy") / "data.jsonl")


@pytest.mark.parametrize("optimizer", ["adamw", "lion"])
def test_a_run_realises_what_its_plan_says(optimizer: str, toy: tuple[Path, Path], tmp_path: Path) -> None:
    config = toy_config(*toy, **GOLDEN, optimizer=optimizer, learning_rate=1e-3)
    plan, trainer, witness = make_plan(config), toy_trainer(config, tmp_path), Witness()
    trainer.add_callback(witness)
    told = told_after_each_step(trainer)
    trainer.train()
    courses = plan.courses
    for values in (courses.learning_rate, courses.lora_dropout, courses.weight_decay):
        assert len(set(values)) > 3, "a course that varies"
    assert [set(seen.learning_rates) for seen in witness.seen] == [{rate} for rate in courses.learning_rate]
    assert [seen.dropouts for seen in witness.seen] == [(rate,) for rate in courses.lora_dropout]
    assert [seen.decays for seen in witness.seen] == [(decay,) for decay in courses.weight_decay]
    sizes = [len(step) for step in plan.steps.steps()]
    assert len(set(sizes)) > 2, "a batch that grows"
    expected = zip(sizes, courses.learning_rate, courses.lora_dropout, courses.weight_decay, strict=True)
    assert told == [{"records": r, "rate": lr, "dropout": p, "decay": d} for r, lr, p, d in expected]


def told_after_each_step(trainer: Any) -> list[dict[str, float]]:
    """What the trainer tells the reporter."""
    told: list[dict[str, float]] = []

    class After(Witness):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            told.append(
                {
                    "records": trainer.step_records,
                    "rate": trainer.learning_rate,
                    "dropout": trainer.lora_dropout,
                    "decay": trainer.weight_decay,
                }
            )

    trainer.add_callback(After())
    return told


def test_tokens_and_records_of_a_step_are_those_of_the_plan(toy: tuple[Path, Path], tmp_path: Path) -> None:
    config = toy_config(*toy, max_steps=3)
    plan, trainer = make_plan(config), toy_trainer(config, tmp_path)
    trainer.train()
    last = plan.steps.step(3)
    assert trainer.step_trained_tokens == sum(plan.train.trained[number] for number in last)
    assert sum(trainer.step_tokens.values()) == sum(plan.train.lengths[number] for number in last)


def test_dropout_acts_though_the_adapter_was_built_without(toy: tuple[Path, Path], tmp_path: Path) -> None:
    """PEFT builds an Identity for a rate of 0; a course that leaves 0 must find a module to act on."""
    config = toy_config(*toy, max_steps=3)
    without = toy_trainer(config, tmp_path)
    steps = without.steps.num_steps
    plain = step_losses(without)
    dropping = toy_trainer(config, tmp_path)
    rates = dropping._courses.learning_rate
    dropping.amend(Courses(rates, (0.0, 0.5, 0.5), (0.0,) * steps))
    with_dropout = step_losses(dropping)
    assert with_dropout[0] == plain[0]
    assert with_dropout[1:] != plain[1:]


def test_validation_drops_nothing_out(toy: tuple[Path, Path], tmp_path: Path) -> None:
    config = toy_config(*toy, max_steps=2, lora_dropout=0.5, validation_fraction=0.3)
    trainer = toy_trainer(config, tmp_path)
    trainer.train()
    first, second = trainer.evaluate()["eval_loss"], trainer.evaluate()["eval_loss"]
    assert first == second
    assert trainer.model.training is False


def test_amended_courses_hold_from_the_next_step_on(toy: tuple[Path, Path], tmp_path: Path) -> None:
    config = toy_config(*toy, max_steps=4)
    trainer, witness = toy_trainer(config, tmp_path), Witness()
    before = trainer._courses
    amended = Courses(tuple(rate / 2 for rate in before.learning_rate), before.lora_dropout, (0.3,) * 4)

    class Amend(Witness):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step == 2:
                trainer.amend(amended)

    trainer.add_callback(witness)
    trainer.add_callback(Amend())
    trainer.train()
    rates = [seen.learning_rates[0] for seen in witness.seen]
    assert rates == [*before.learning_rate[:2], *amended.learning_rate[2:]]
    assert [seen.decays[0] for seen in witness.seen] == [*before.weight_decay[:2], 0.3, 0.3]
    assert trainer.lr_scheduler.get_last_lr()[0] == pytest.approx(amended.learning_rate[-1])


def test_courses_of_another_length_are_refused(toy: tuple[Path, Path], tmp_path: Path) -> None:
    trainer = toy_trainer(toy_config(*toy, max_steps=4), tmp_path)
    with pytest.raises(ConfigError, match="do not fit a plan of 4"):
        trainer.amend(Courses((0.1,), (0.0,), (0.0,)))


def test_a_gradient_that_is_not_finite_names_its_rows_and_moves_nothing(
    toy: tuple[Path, Path], tmp_path: Path
) -> None:
    from phi_core.errors import TrainingFailed

    trainer = toy_trainer(toy_config(*toy), tmp_path)
    poisoned = next(p for p in trainer.model.parameters() if p.requires_grad)
    poisoned.register_hook(lambda gradient: gradient * torch.inf)
    before = [p.detach().clone() for p in trainer.model.parameters() if p.requires_grad]
    with pytest.raises(TrainingFailed, match="gradient is not finite at step 1") as failed:
        trainer.train()
    rows = [
        trainer.train_dataset.data.place(trainer.train_dataset.records[n])[1] for n in trainer.steps.step(1)
    ]
    for row in rows:
        assert f"data.jsonl row {row}" in failed.value.what
    after = [p for p in trainer.model.parameters() if p.requires_grad]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
