"""What a run's memory teaches later estimates, and what a run that ran out of memory is told."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from toy_run import toy_config, write_toy_dataset
from worker_runs import created

from phi_core.config.training import TrainingConfig
from phi_core.errors import TrainingFailed
from phi_core.planning import memory_history
from phi_core.planning.fit import changes
from phi_core.planning.gpus import Gpu
from phi_core.planning.longest_batch import LongestBatch
from phi_core.planning.machine import Machine, this_machine
from phi_core.planning.memory_history import correction, history_file, kind_of_run
from phi_core.planning.plan_memory import advice, fit_of, learn_from_probe
from phi_core.planning.run_plan import make_plan
from phi_core.runs.reader import read_run
from phi_core.runs.writer import RunWriter
from phi_core.training import peak as peak_module
from phi_core.training import run
from phi_core.training.batches import padding_free
from phi_core.training.peak import Meter, remember_peak
from phi_core.workers.train import NoInterruption

Config = Callable[..., TrainingConfig]
KIND = kind_of_run("main memory", "float32", "none")


@pytest.fixture
def config(tiny_phi: Path, tmp_path: Path) -> Config:
    dataset = write_toy_dataset(tmp_path / "data.jsonl")

    def changed(**changes: Any) -> TrainingConfig:
        return toy_config(tiny_phi, dataset, **changes)

    return changed


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHI_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(memory_history, "LEAST_GIB", 0.0)  # toy runs are far below


def learned(config: TrainingConfig, root: Path, monkeypatch: pytest.MonkeyPatch, **given: Any) -> bool:
    """Whether a run whose peak was 1.5 times its estimate taught that."""
    base = run.load(config)
    plan, meter = make_plan(config, model=run.model_facts(base)), Meter()
    estimate = plan.memory(this_machine())
    assert estimate
    measured = meter.start_gib + 1.5 * estimate.total_gib
    monkeypatch.setattr(peak_module, "device_peak_gib", lambda device: measured)
    path, longest = created(config, root), plan.longest.step
    writer = RunWriter(path)
    for step in given.pop("out_of_memory", ()):
        writer.event("out_of_memory", step, micro_batch_before=2, micro_batch_after=1, message="no room")
    writer.close()
    taken = {"whole": range(1, 11), "before": range(1, longest), "after": range(longest + 1, 11)}
    steps = taken[given.pop("steps", "whole")]
    return remember_peak(plan, base, meter, told=read_run(path), steps=steps)


def test_a_whole_run_teaches_its_peak(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert learned(config(), tmp_path, monkeypatch)
    assert correction(KIND, "cpu").factor == pytest.approx(1.5)


@pytest.mark.parametrize("given", [{"out_of_memory": (1,)}, {"steps": "before"}, {"steps": "after"}], ids=str)
def test_a_run_that_gave_something_up_or_left_out_its_longest_batch_teaches_nothing(
    given: dict[str, Any], config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not learned(config(), tmp_path, monkeypatch, **given)
    assert not history_file().exists()


def test_a_probe_teaches_what_one_process_holds(config: Config) -> None:
    """A plan that shares out the model expects less of each process than the probe, which is one, measures."""
    machine = Machine(2, 8.0, 8.0, (Gpu("a GPU", 8.0, 8.0, 0),))
    alone = make_plan(config(device="cuda"))
    shared = replace(alone, config=alone.config.model_copy(update={"num_processes": 2, "sharding": "fsdp"}))
    whole = alone.memory(machine)
    assert whole
    assert learn_from_probe(shared, machine, device="cuda", measured_gib=1.5 * whole.total_gib)
    assert not learn_from_probe(shared, machine, device="mps", measured_gib=1.5 * whole.total_gib)
    kind = kind_of_run("a GPU", "bfloat16", "none")
    assert correction(kind, "cuda").factor == pytest.approx(1.5)


def test_a_run_with_nothing_left_to_give_up_is_told_settings_that_need_less(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(samples: Sequence[Any], device: str) -> Any:
        if sum(len(sample.ids) for sample in samples) > 20:
            raise MemoryError("no room")
        return padding_free(samples, device)

    def choose(model: Any, config: TrainingConfig) -> run.Choices:
        return replace(chosen(model, config), collate=no_room)

    chosen = run.choose
    monkeypatch.setattr(run, "choose", choose)
    path = created(config(on_out_of_memory="fail"), tmp_path)
    writer = RunWriter(path)
    with closing(writer), pytest.raises(TrainingFailed) as failed:
        run.execute(writer, resume=False, interruption=NoInterruption())
    assert "out of memory in training of step" in failed.value.what
    assert "by the formula clearly less: " in failed.value.remedy
    words = failed.value.remedy.partition("clearly less: ")[2]
    options = dict(word.split(" ") for word in words.split(", "))
    assert options.keys() <= {
        *changes(config(), config(batch_size=1, gradient_checkpointing=True, quantization="4bit")),
        "gradient_accumulation_steps",
    }
    sizes = int(options.get("batch_size", 2)) * int(options.get("gradient_accumulation_steps", 2))
    assert sizes == config().effective_batch_size


def test_no_advice_where_the_architecture_is_not_known(config: Config) -> None:
    plan = make_plan(config())
    unknown = replace(plan, model=replace(plan.model, shape=None))
    failed = LongestBatch(1, 100, 2, 100)
    assert advice(unknown, failed, checkpointing=False, dtype="float32", device="cpu") is None
    assert advice(plan, failed, checkpointing=False, dtype="float32", device="cpu")
    assert fit_of(unknown, this_machine()) is None
