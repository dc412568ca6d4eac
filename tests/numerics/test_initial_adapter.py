"""From a domain to a task: a run that goes on from an adapter begins where that adapter stands."""

import json
from pathlib import Path

import pytest
from toy_run import step_losses, toy_config, toy_trainer, write_toy_dataset

from phi_core.config.training import TrainingConfig
from phi_core.errors import AdapterError, ConfigError, DataError
from phi_core.jobs.training_job import create_run
from phi_core.planning.run_plan import make_plan
from phi_core.runs.reader import read_run
from phi_core.runs.writer import RunWriter
from phi_core.training import run

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script_method.*:DeprecationWarning")


class NoInterruption:
    received: int | None = None


def trained(config: TrainingConfig, runs: Path) -> Path:
    """The adapter of a real run."""
    path = create_run(config, runs, command=[], facts={})
    writer = RunWriter(path)
    run.execute(writer, resume=False, interruption=NoInterruption())
    writer.close()
    adapter = read_run(path).adapter
    assert adapter is not None
    return adapter


@pytest.fixture(scope="module")
def domain(tmp_path_factory: pytest.TempPathFactory, tiny_phi: Path) -> tuple[TrainingConfig, Path]:
    folder = tmp_path_factory.mktemp("domain")
    config = toy_config(tiny_phi, write_toy_dataset(folder / "domain.jsonl"), final_adapter="last", epochs=1)
    return config, trained(config, folder / "runs")


def test_the_second_run_begins_with_the_first_one_s_adapter(
    domain: tuple[TrainingConfig, Path], tmp_path: Path
) -> None:
    config, adapter = domain
    whole = step_losses(toy_trainer(config.model_copy(update={"epochs": 2}), tmp_path / "whole"))
    again = config.model_copy(update={"initial_adapter": str(adapter), "epochs": 2})
    continued = step_losses(toy_trainer(again, tmp_path / "again"))
    assert (
        continued[0] < whole[0] - 0.05
    )  # the same first step of the same data, by an adapter that has seen it
    task = write_toy_dataset(tmp_path / "task.jsonl", count=9)
    of_task = config.model_copy(update={"dataset_path": (str(task),)})
    fresh = step_losses(toy_trainer(of_task, tmp_path / "fresh"))
    adapted = step_losses(
        toy_trainer(of_task.model_copy(update={"initial_adapter": str(adapter)}), tmp_path / "task")
    )
    assert adapted[0] < fresh[0]


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"lora_r": 3}, ConfigError, "lora_r is 3, the initial adapter has 4. Set lora_r to 4"),
        ({"lora_alpha": 8}, ConfigError, "Set lora_alpha to 32"),
        ({"lora_targets": ("q_proj",)}, ConfigError, "Set lora_targets to dense,fc1"),
        ({"prompt_format": "raw"}, ConfigError, "prompt format instruct, this run has raw"),
    ],
)
def test_an_adapter_that_does_not_fit_is_refused_before_the_launch(
    domain: tuple[TrainingConfig, Path], changes: dict[str, object], error: type[Exception], said: str
) -> None:
    config, adapter = domain
    with pytest.raises(error, match=said):
        make_plan(config.model_copy(update={"initial_adapter": str(adapter), **changes}))


def test_an_adapter_of_other_weights_is_refused_when_it_is_loaded(
    domain: tuple[TrainingConfig, Path], tmp_path: Path
) -> None:
    config, adapter = domain
    moved = tmp_path / "moved"
    moved.mkdir()
    for path in adapter.iterdir():
        (moved / path.name).write_bytes(path.read_bytes())
    record = json.loads((moved / "prompt_format.json").read_text())
    (moved / "prompt_format.json").write_text(json.dumps({**record, "base_fingerprint": "other"}))
    path = create_run(
        config.model_copy(update={"initial_adapter": str(moved)}), tmp_path / "runs", command=[], facts={}
    )
    writer = RunWriter(path)
    with pytest.raises(AdapterError, match="was trained on other weights"):
        run.execute(writer, resume=False, interruption=NoInterruption())
    writer.close()


def test_a_run_whose_data_changed_since_its_launch_trains_nothing(
    domain: tuple[TrainingConfig, Path], tmp_path: Path
) -> None:
    config, _ = domain
    data = write_toy_dataset(tmp_path / "data.jsonl", count=9)
    config = config.model_copy(update={"dataset_path": (str(data),)})
    path = create_run(config, tmp_path / "runs", command=[], facts=make_plan(config).facts())
    write_toy_dataset(data, count=12)
    writer = RunWriter(path)
    with pytest.raises(DataError, match="has changed since the launch"):
        run.execute(writer, resume=False, interruption=NoInterruption())
    writer.close()
