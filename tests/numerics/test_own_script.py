"""PHITrainer in a person's own script: the documented example runs, and arguments mean what the document says."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from peft import LoraConfig, PeftModel, get_peft_model
from tiny_models import save_tiny_model, tiny_model
from training_callbacks import Witness
from transformers import TrainerCallback, TrainingArguments

from phi_core import PHITrainer, PHITrainingConfig
from phi_core.chat.prompt_format import Tokenised
from phi_core.errors import ConfigError, DataError, TrainingFailed
from phi_core.training.step_data import as_tokenised, records_of

DOCUMENT = Path(__file__).parents[2] / "docs" / "python.md"
ROWS = [{"input_ids": list(range(3, 9 + n)), "labels": [-100] * 3 + list(range(6, 9 + n))} for n in range(20)]


def adapted(**changes: Any) -> PeftModel:
    return get_peft_model(tiny_model("phi"), LoraConfig(r=4, target_modules=["q_proj"], **changes))


def arguments(folder: Path, **changes: Any) -> TrainingArguments:
    return TrainingArguments(output_dir=str(folder), use_cpu=True, report_to="none", **changes)


def test_the_documented_script_runs(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.S)
    model = save_tiny_model(tmp_path / "model")
    script = tmp_path / "script.py"
    script.write_text(code.replace('"microsoft/phi-2"', repr(str(model))), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert float(done.stdout.strip().splitlines()[-1]) > 0
    assert (tmp_path / "adapter" / "adapter_model.safetensors").exists()


def test_the_training_phase_of_a_step_is_in_the_log(tmp_path: Path) -> None:
    config = PHITrainingConfig(
        phase1_focus="wide", phase2_focus="deep", base_batch_size=4, phi_batch_progression=False
    )
    args = arguments(
        tmp_path, num_train_epochs=3, per_device_train_batch_size=4, logging_steps=1, logging_first_step=True
    )
    trainer = PHITrainer(adapted(), args, ROWS, phi_config=config)
    trainer.train()
    phases = [entry["training_phase"] for entry in trainer.state.log_history if "loss" in entry]
    assert phases == ["wide"] * 5 + ["deep"] * 10, "one epoch of three, then two; five steps each"
    without = replace(config, phi_training_phases=False)
    silent = PHITrainer(adapted(), args, ROWS, phi_config=without)
    silent.train()
    assert all("training_phase" not in entry for entry in silent.state.log_history)


def test_phi_config_decides_the_courses_and_the_records_of_a_step(tmp_path: Path) -> None:
    config = PHITrainingConfig(base_learning_rate=3e-4, base_batch_size=4, max_batch_size=8, base_dropout=0.2)
    args = arguments(tmp_path, num_train_epochs=3, learning_rate=0.5, per_device_train_batch_size=2)
    witness = Witness()
    trainer = PHITrainer(adapted(), args, ROWS, phi_config=config, callbacks=[witness])
    trainer.train()
    sizes = [len(step) for step in trainer.steps.steps()]
    assert sizes[0] == 4 and 4 < max(sizes) <= 8
    assert sum(sizes) == 3 * len(ROWS)
    assert trainer.micro_batch_size == 2
    rates = [seen.learning_rates[0] for seen in witness.seen]
    assert rates[0] == pytest.approx(3e-4) and rates[-1] < rates[0]
    dropouts = [seen.dropouts for seen in witness.seen]
    assert dropouts[0] == (0.2,) and len(set(dropouts)) > 2, "though the adapter was built without dropout"


def test_arguments_alone_mean_what_they_mean_in_transformers(tmp_path: Path) -> None:
    args = arguments(
        tmp_path,
        num_train_epochs=2,
        learning_rate=1e-3,
        per_device_train_batch_size=2,
        gradient_accumulation_steps=2,
        lr_scheduler_type="cosine",
        warmup_steps=2,
        weight_decay=0.3,
    )
    witness = Witness()
    trainer = PHITrainer(adapted(), args, ROWS, callbacks=[witness])
    trainer.train()
    assert [len(step) for step in trainer.steps.steps()] == [4] * 10
    rates = [seen.learning_rates[0] for seen in witness.seen]
    assert rates[:3] == pytest.approx([0.0, 0.5e-3, 1e-3])
    assert rates[6] == pytest.approx(0.5e-3)
    assert {seen.decays for seen in witness.seen} == {(0.3,)}
    assert args.gradient_accumulation_steps == 2, "a person's own arguments stay as they were"


def test_courses_reach_other_optimizers_of_transformers_too(tmp_path: Path) -> None:
    witness = Witness()
    args = arguments(tmp_path, optim="sgd", max_steps=3)
    config = PHITrainingConfig(base_weight_decay=0.2, phi_weight_decay_schedule=False)
    trainer = PHITrainer(adapted(), args, ROWS, phi_config=config, callbacks=[witness])
    trainer.train()
    assert type(trainer.optimizer.optimizer) is torch.optim.SGD
    assert [seen.decays for seen in witness.seen] == [(0.2,)] * 3


def test_max_steps_wins_over_epochs(tmp_path: Path) -> None:
    args = arguments(tmp_path, max_steps=14, per_device_train_batch_size=4)
    trainer = PHITrainer(adapted(), args, ROWS)
    trainer.train()
    assert trainer.state.global_step == trainer.steps.num_steps == 14
    assert trainer.state.epoch == pytest.approx(14 * 4 / 20)


def test_epochs_are_told_validated_and_saved_as_the_arguments_say(tmp_path: Path) -> None:
    class Note(TrainerCallback):
        def __init__(self) -> None:
            self.validated: list[tuple[int, float]] = []

        def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **_: Any) -> None:
            self.validated.append((state.global_step, metrics["eval_loss"]))

    note = Note()
    args = arguments(
        tmp_path,
        num_train_epochs=3,
        per_device_train_batch_size=5,
        eval_strategy="epoch",
        save_strategy="epoch",
        learning_rate=1e-2,
        load_best_model_at_end=True,
    )
    trainer = PHITrainer(adapted(), args, ROWS[:15], ROWS[15:], callbacks=[note])
    trainer.train()
    assert [step for step, _ in note.validated] == [3, 6, 9]
    assert trainer.state.epoch == 3
    assert sorted(path.name for path in tmp_path.glob("checkpoint-*")) == [
        *("checkpoint-3", "checkpoint-6", "checkpoint-9")
    ]
    assert trainer.state.best_metric == min(loss for _, loss in note.validated)


def test_bf16_is_the_arithmetic_of_a_float32_model(tmp_path: Path) -> None:
    losses = []
    for bf16 in (False, True):
        args = arguments(tmp_path, max_steps=3, per_device_train_batch_size=4, bf16=bf16, learning_rate=1e-3)
        trainer = PHITrainer(adapted(), args, ROWS, ROWS)
        trainer.train()
        losses.append(trainer.evaluate()["eval_loss"])
    assert losses[0] != losses[1]
    assert losses[1] == pytest.approx(losses[0], rel=0.02)


def test_rows_may_be_dicts_a_dataset_or_tokenised(tmp_path: Path) -> None:
    forms = [
        ROWS,
        Dataset.from_list(ROWS),
        [as_tokenised(row, number) for number, row in enumerate(ROWS)],
        [padded(row) for row in ROWS],
    ]
    losses = []
    for rows in forms:
        trainer = PHITrainer(
            adapted(), arguments(tmp_path, max_steps=2, per_device_train_batch_size=4), rows, ROWS
        )
        trainer.train()
        losses.append(trainer.evaluate()["eval_loss"])
    assert len(set(losses)) == 1


def padded(row: dict[str, list[int]]) -> dict[str, list[int]]:
    fill = 40 - len(row["input_ids"])
    return {
        "input_ids": [257] * fill + row["input_ids"],
        "labels": [-100] * fill + row["labels"],
        "attention_mask": [0] * fill + [1] * len(row["input_ids"]),
    }


def test_labels_say_what_is_trained() -> None:
    row = {"input_ids": [5, 6, 7, 8, 9], "labels": [-100, 6, -100, 8, 9]}
    assert as_tokenised(row, 0) == Tokenised((5, 6, 7, 8, 9), ((1, 2), (3, 5)))
    assert as_tokenised({"input_ids": [5, 6]}, 0).num_trained == 1


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"text": "a"}], "row 0 has no input_ids"),
        ([ROWS[0], {"input_ids": [1, 2], "labels": [-100, -100]}], "row 1 has no trained token"),
        ([{"input_ids": [1, 2, 3], "labels": [2, 3, -100]}], "neither its input_ids nor -100"),
        ([{"input_ids": [1, 2, 3], "labels": [1]}], "3 input_ids, 1 labels"),
        (iter(ROWS), "cannot be taken from a list_iterator"),
        ({"train": ROWS}, "cannot be taken from a dict"),
    ],
)
def test_rows_that_cannot_be_trained_are_named(rows: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(DataError, match=said):
        records_of(rows)


def test_what_would_have_no_effect_is_refused(tmp_path: Path) -> None:
    for name in ("data_collator", "compute_metrics"):
        with pytest.raises(ConfigError, match=f"takes no {name}"):
            PHITrainer(adapted(), arguments(tmp_path), ROWS, **{name: len})
    with pytest.raises(ConfigError, match="takes no label_smoothing_factor"):
        PHITrainer(adapted(), arguments(tmp_path, label_smoothing_factor=0.1), ROWS)
    with pytest.raises(ConfigError, match="cannot be laid out"):
        args = arguments(tmp_path, lr_scheduler_type="reduce_lr_on_plateau", eval_strategy="epoch")
        PHITrainer(adapted(), args, ROWS)
    with pytest.raises(DataError, match="empty"):
        PHITrainer(adapted(), arguments(tmp_path), [])


def test_arguments_that_would_be_ignored_are_refused(tmp_path: Path) -> None:
    for change in (
        {"torch_compile": True},
        {"dataloader_drop_last": True},
        {"train_sampling_strategy": "group_by_length"},
    ):
        with pytest.raises(ConfigError, match=f"takes no {next(iter(change))}"):
            PHITrainer(adapted(), arguments(tmp_path, **change), ROWS)
    model = adapted()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    own = (optimizer, torch.optim.lr_scheduler.ConstantLR(optimizer))
    with pytest.raises(ConfigError, match="takes no learning-rate scheduler"):
        PHITrainer(model, arguments(tmp_path), ROWS, optimizers=own)
    with pytest.raises(ConfigError, match="keeps no predictions"):
        PHITrainer(model, arguments(tmp_path), ROWS).predict(ROWS)


def test_wrong_values_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="must be a PHITrainingConfig, not dict"):
        PHITrainer(adapted(), arguments(tmp_path), ROWS, phi_config={"base_learning_rate": 1e-4})
    with pytest.raises(ConfigError, match="on_out_of_memory is 'never'"):
        PHITrainer(adapted(), arguments(tmp_path), ROWS, on_out_of_memory="never")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="row 1 has token id 9999; the model's go from 0 to 257"):
        PHITrainer(adapted(), arguments(tmp_path), [ROWS[0], {"input_ids": [1, 2, 9999]}])
    with pytest.raises(ConfigError, match="no parameter to train"):
        PHITrainer(tiny_model("phi").requires_grad_(False), arguments(tmp_path), ROWS).train()


def test_betas_and_epsilon_of_the_arguments_reach_the_optimizer(tmp_path: Path) -> None:
    for optim in ("adamw_torch", "adamw_torch_fused", "adamw_8bit"):
        args = arguments(tmp_path, max_steps=1, optim=optim, adam_beta2=0.95, adam_epsilon=1e-6)
        trainer = PHITrainer(adapted(), args, ROWS)
        trainer.train()
        group = trainer.optimizer.param_groups[0]
        assert tuple(group["betas"]) == (0.9, 0.95)
        assert group["eps"] == 1e-6
    lions = [
        PHITrainer(adapted(), arguments(tmp_path, optim="lion_32bit", **change), ROWS).create_optimizer()
        for change in ({}, {"adam_beta2": 0.95})
    ]
    assert [lion.param_groups[0]["betas"] for lion in lions] == [(0.9, 0.99), (0.9, 0.95)]


def test_labels_that_are_none_are_none_at_all() -> None:
    row = {"input_ids": [5, 6, 7], "labels": None, "attention_mask": None}
    assert as_tokenised(row, 0) == as_tokenised({"input_ids": [5, 6, 7]}, 0)


def test_a_resume_on_other_steps_is_refused(tmp_path: Path) -> None:
    PHITrainer(adapted(), arguments(tmp_path, max_steps=4, save_steps=2), ROWS).train()
    other = PHITrainer(adapted(), arguments(tmp_path, max_steps=4, seed=7), ROWS)
    with pytest.raises(TrainingFailed, match="2 steps were done on other records"):
        other.train(resume_from_checkpoint=str(tmp_path / "checkpoint-2"))


def test_importing_the_package_loads_no_torch() -> None:
    code = "import sys, phi_core; assert 'torch' not in sys.modules; phi_core.PHITrainer; assert 'torch' in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0


def test_a_trained_head_is_part_of_the_loss() -> None:
    """An adapter on the head: the fast form must not leave it out."""
    from phi_core.training.batches import padded as laid
    from phi_core.training.loss import fast_loss, slow_loss

    lora = LoraConfig(r=4, target_modules=["q_proj", "lm_head"], init_lora_weights=False)
    model = get_peft_model(tiny_model("phi"), lora).eval()
    batch = laid([Tokenised(tuple(range(3, 30)), ((2, 27),))], "cpu")
    torch.testing.assert_close(fast_loss(model, batch), slow_loss(model, batch), rtol=1e-4, atol=1e-4)
