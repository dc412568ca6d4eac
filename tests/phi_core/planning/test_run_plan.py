"""The plan of a run: what the preview shows, and requests that cannot work are refused with their reason."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from phi_core.config.problems import checked
from phi_core.config.training import TrainingConfig
from phi_core.errors import ConfigError, DataError, ModelError
from phi_core.planning.machine import Machine
from phi_core.planning.run_plan import make_plan

MACHINE = Machine(cores=2, free_gib=8.0, total_gib=16.0, gpus=())


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    path = tmp_path / "data.jsonl"
    rows = [{"prompt": f"What is {count}?", "response": str(count) * (1 + count % 5)} for count in range(20)]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


@pytest.fixture
def config(dataset: Path, tiny_phi: Path) -> Callable[..., TrainingConfig]:
    def changed(**changes: object) -> TrainingConfig:
        usual = {"model_name": str(tiny_phi), "dataset_path": str(dataset), "epochs": 3}
        return checked({**usual, "batch_size": 2, "gradient_accumulation_steps": 2, **changes})

    return changed


Config = Callable[..., TrainingConfig]


def test_the_plan_counts_what_the_run_will_do(config: Config) -> None:
    plan = make_plan(config())
    assert (plan.num_train_records, plan.num_validation_records) == (18, 2)
    assert plan.steps.num_steps == len(plan.learning_rates) == 15
    assert plan.evaluation_steps == plan.checkpoint_steps == (5, 10, 15)
    assert plan.train is not None and plan.is_exact
    assert plan.num_tokens == 3 * plan.train.num_tokens
    assert plan.num_trained_tokens == 3 * plan.train.num_trained_tokens
    assert max(plan.learning_rates) == 2e-4


def test_the_same_configuration_gives_the_same_plan(config: Config) -> None:
    assert make_plan(config()).steps == make_plan(config()).steps
    assert make_plan(config()).facts() == make_plan(config()).facts()


def test_without_validation_nothing_is_evaluated(config: Config) -> None:
    plan = make_plan(config(validation_fraction=0))
    assert (plan.num_train_records, plan.num_validation_records) == (20, 0)
    assert plan.evaluation_steps == ()
    assert plan.checkpoint_steps


def test_a_validation_file_is_read_and_takes_nothing_from_the_training_records(
    config: Config, dataset: Path, tmp_path: Path
) -> None:
    held_out = tmp_path / "held_out.jsonl"
    held_out.write_text('{"prompt": "Hi", "response": "Ahoy"}\n')
    plan = make_plan(config(validation_path=str(held_out)))
    assert (plan.num_train_records, plan.num_validation_records) == (20, 1)


def test_phi_2_needs_no_download_for_its_plan(config: Config) -> None:
    plan = make_plan(config(model_name="microsoft/phi-2"))
    assert plan.trainable_parameters == 11_796_480
    assert plan.targets == ("q_proj", "k_proj", "v_proj", "dense", "fc1", "fc2")
    assert not plan.is_exact and plan.num_trained_tokens is None
    estimate = plan.memory(MACHINE)
    assert estimate is not None and estimate.weights_gib == pytest.approx(2_779_683_840 * 4 / 2**30)


def test_an_unknown_hub_model_is_planned_without_its_figures(config: Config) -> None:
    plan = make_plan(config(model_name="someone/else"))
    assert (plan.trainable_parameters, plan.memory(MACHINE), plan.targets) == (None, None, ("auto",))
    assert plan.steps.num_steps == 15


def test_the_run_records_what_it_was_made_of(config: Config) -> None:
    facts = make_plan(config()).facts()
    assert facts["prompt_format"] == "instruct"
    assert all(len(facts[name]) == 64 for name in ("dataset_fingerprint", "prompt_format_hash", "plan_hash"))
    assert make_plan(config(model_name="someone/else")).facts()["plan_hash"] is None


def test_cut_and_left_out_records_are_said(config: Config, dataset: Path) -> None:
    plan = make_plan(config(max_length=30, validation_fraction=0))
    said = " ".join(str(problem) for problem in plan.warnings(MACHINE))
    assert "20 records are longer than 30 tokens and lose their end" in said
    assert "left out: no answer within 30 tokens" not in said
    assert plan.train is not None and plan.train.num_cut == 20


def test_a_run_that_does_not_fit_is_said_with_both_figures(config: Config) -> None:
    plan = make_plan(config(model_name="microsoft/phi-2"))
    said = [str(problem) for problem in plan.warnings(MACHINE)]
    assert any("about 2" in text and "8.0 GiB are free (formula × 2, a safety" in text for text in said)


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"dataset_path": "missing.jsonl"}, DataError, r"missing\.jsonl does not exist"),
        ({"validation_path": "missing.jsonl"}, DataError, r"missing\.jsonl does not exist"),
        ({"model_name": "./missing"}, ModelError, "missing does not exist"),
        ({"prompt_format": "chat_template"}, ModelError, "no chat template"),
        ({"max_length": 2}, DataError, "no record has a trained token within max_length 2"),
        ({"lora_targets": "q_porj,fc1"}, ConfigError, "(?s)q_porj names no layer of this phi model.*q_proj"),
        ({"report_to": "wandb,trackio"}, ConfigError, r"(?s)wandb.*trackio.*phi-trainer\[trackio\]"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_starts(
    config: Config, changes: dict[str, object], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        make_plan(config(**changes))


def test_faulty_records_are_refused_or_passed_over_as_asked(config: Config, dataset: Path) -> None:
    dataset.write_text(dataset.read_text() + '\n{"prompt": "no answer"}\n')
    with pytest.raises(DataError, match="line 21"):
        make_plan(config())
    assert make_plan(config(on_bad_record="skip", validation_fraction=0)).num_train_records == 20


def test_all_tokens_or_the_answers_only(config: Config) -> None:
    answers, everything = (make_plan(config(train_on=part)) for part in ("answer", "all"))
    assert answers.train is not None and everything.train is not None
    assert everything.train.num_trained_tokens == everything.train.num_tokens - len(everything.train)
    assert answers.train.num_trained_tokens < everything.train.num_trained_tokens
    assert answers.steps == everything.steps


def test_padding_is_what_the_first_micro_batch_adds(config: Config) -> None:
    free, padded = make_plan(config()), make_plan(config(padding_free=False, batch_size=4))
    first = list(padded.steps.step(1))[:4]
    longest = max(padded.steps.lengths[sample] for sample in first)
    for sample in first:
        record = padded.train.records[sample]
        assert padded.padding(record) == longest - padded.steps.lengths[sample]
        assert free.padding(record) == 0
    held_out = padded.validation.records[0]
    assert padded.padding(held_out) == 0
