"""`phi presets`, and --preset, --fit and --probe of `phi plan` and `phi train`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from command_line import Done, phi

from phi_core.planning import memory_history
from phi_core.planning.fit import MARGIN


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHI_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("PHI_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.jsonl"
    rows = [{"prompt": f"What is {count}?", "response": str(count) * (1 + count % 5)} for count in range(40)]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


Plan = Callable[..., dict[str, Any]]


@pytest.fixture
def plan(data: Path, tiny_phi: Path) -> Plan:
    """The plan's JSON document, and its exit status as `status`."""

    def asked(*words: object) -> dict[str, Any]:
        done = phi("plan", *words, "--dataset_path", data, "--model_name", tiny_phi, "--json")
        assert done.status == 0, done.err
        return {**json.loads(done.out), "err": done.err}

    return asked


def test_the_list_has_batch_and_memory_of_the_chosen_model(tiny_phi: Path) -> None:
    found = json.loads(phi("presets", "list", "--model_name", tiny_phi, "--json").out)
    assert {preset["name"]: preset["effective_batch_size"] for preset in found}["gpu24-high"] == 32
    assert all(0 < preset["expected_gib"] < 6 for preset in found), "twice the formula, of a tiny model"


def test_a_preset_that_exceeds_its_machine_says_so() -> None:
    out = phi("presets", "list").out
    assert "microsoft/phi-2" in out and "safety factor" in out
    large = json.loads(phi("presets", "list", "--json").out)
    for preset in large:
        if preset["named_for"]:
            process = 0.5
            by_formula = (preset["expected_gib"] - process) / memory_history.CPU_SAFETY_FACTOR + process
            assert bool(preset["note"]) == (by_formula > float(preset["named_for"].split()[0]))


def test_the_list_fits_into_80_columns(tiny_phi: Path) -> None:
    phi("presets", "save", "m" * 20, "--epochs", "1")
    out = phi("presets", "list", "--model_name", tiny_phi.name).out
    assert max(map(len, out.splitlines())) <= 80 and "yours" in out


def test_a_folder_of_a_model_beside_the_project_stays_out_of_a_preset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)
    saved = phi(
        "presets", "save", "mine", "--model_name", "model", "--accelerate_config", "a.yaml", "--epochs", "1"
    )
    assert "accelerate_config, model_name: a path of one project" in saved.out
    assert json.loads(phi("presets", "show", "mine", "--json").out)["values"] == {"epochs": 1.0}
    phi("presets", "save", "whole", "--model_name", tmp_path / "model")
    assert "model_name" in json.loads(phi("presets", "show", "whole", "--json").out)["values"]


def test_show_names_source_settings_and_the_bar(tiny_phi: Path) -> None:
    out = phi("presets", "show", "mac18-safe", "--model_name", tiny_phi).out
    assert "phi2-finetuning" in out and "batch_size: 1" in out and "32 = 1 × 32" in out
    assert "░" in out
    assert max(map(len, out.splitlines())) <= 80


def test_save_show_use_delete(data: Path, plan: Plan, tmp_path: Path) -> None:
    file = tmp_path / "train.yaml"
    file.write_text(yaml.safe_dump({"dataset_path": str(data), "batch_size": 2, "epochs": 3}))
    saved = phi("presets", "save", "mine", "--from", file, "--epochs", "1")
    assert saved.status == 0, saved.err
    assert "left out" in saved.out and "dataset_path" in saved.out
    assert "epochs: 1" in phi("presets", "show", "mine").out
    assert plan("--preset", "mine")["effective_batch_size"] == 2 * 16
    assert phi("presets", "delete", "mine").status == 0
    assert phi("plan", "--preset", "mine", "--dataset_path", data).status == 2


def test_a_flag_wins_over_the_file_wins_over_the_preset_wins_over_the_default(
    data: Path, plan: Plan, tmp_path: Path
) -> None:
    assert plan()["effective_batch_size"] == 4 * 16
    assert plan("--preset", "mac18-safe")["effective_batch_size"] == 1 * 32
    file = tmp_path / "train.yaml"
    file.write_text("batch_size: 3\n")
    assert plan(file, "--preset", "mac18-safe")["effective_batch_size"] == 3 * 32
    flags = ("--batch_size", "2")
    assert plan(file, "--preset", "mac18-safe", *flags)["effective_batch_size"] == 2 * 32


@pytest.mark.parametrize(
    "words", [("show", "../etc"), ("delete", "quick"), ("show", "nothing"), ("save", "x")]
)
def test_what_cannot_work_is_refused_with_status_2(words: tuple[str, ...]) -> None:
    done: Done = phi("presets", *words)
    assert done.status == 2 and done.err.startswith("phi: ")


def test_fit_keeps_the_effective_batch_and_says_what_it_chose(plan: Plan) -> None:
    found = plan("--fit")
    assert found["effective_batch_size"] == 64
    assert found["batch_size"] * found["gradient_accumulation_steps"] == 64
    assert (found["gradient_checkpointing"], found["quantization"]) == (False, "none")
    assert "64 records a step" in found["err"]
    assert found["memory_needed_gib"] <= MARGIN * found["memory_free_gib"]


def test_fit_leaves_given_flags_alone(plan: Plan) -> None:
    found = plan("--fit", "--batch_size", "2", "--gradient_checkpointing")
    assert "nothing to change" in found["err"]


def test_fit_refuses_what_cannot_fit(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import phi_core.cli.plan as plan_command
    from phi_core.planning.machine import Machine

    monkeypatch.setattr(plan_command, "this_machine", lambda: Machine(2, 0.75, 16.0, ()))
    done = phi("plan", "--dataset_path", data, "--fit", "--quantization", "none")
    assert done.status == 2
    assert "nothing fits" in done.err and "batch_size 1, with gradient checkpointing" in done.err
    assert "smaller model" in done.err


def test_the_plan_shows_parts_correction_and_a_bar_in_80_columns(data: Path, tiny_phi: Path) -> None:
    out = phi("plan", "--dataset_path", data, "--model_name", tiny_phi).out
    for word in ("weights", "adapter", "gradients", "optimizer", "activations", "logits", "safety", "░"):
        assert word in out
    memory_rows = out[out.index("memory ") : out.index("learning rate")]
    assert max(map(len, memory_rows.splitlines())) <= 80


def test_what_runs_taught_is_shown_and_counted(plan: Plan) -> None:
    before = plan()
    kind = memory_history.kind_of_run("main memory", "float32", "none")
    memory_history.remember(kind, estimate_gib=1.0, measured_gib=1.5)
    after = plan()
    total, process = (before["memory_estimate_gib"][name] for name in ("total_gib", "process_gib"))
    assert before["memory_needed_gib"] == pytest.approx(memory_history.CPU_SAFETY_FACTOR * total + process)
    assert before["memory_correction"] == {"factor": memory_history.CPU_SAFETY_FACTOR, "num_runs": 0}
    assert after["memory_needed_gib"] == pytest.approx(1.5 * total + process)
    assert after["memory_correction"] == {"factor": 1.5, "num_runs": 1}


def test_what_fits_is_chosen_with_the_safety_factor(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory for the formula's figure and little more is not enough while nothing was learned."""
    import phi_core.cli.plan as plan_command
    from phi_core.planning.machine import Machine

    found = plan()
    total, process = (found["memory_estimate_gib"][name] for name in ("total_gib", "process_gib"))
    free = (1.2 * total + process) / MARGIN
    monkeypatch.setattr(plan_command, "this_machine", lambda: Machine(2, free, 16.0, ()))
    fitted = plan("--fit")
    assert "nothing to change" not in fitted["err"]
    assert fitted["memory_needed_gib"] <= MARGIN * free


@pytest.mark.parametrize(
    "sharing", [("--num_processes", "2", "--sharding", "fsdp"), ("--accelerate_config", "a")]
)
def test_a_probe_of_what_several_processes_share_out_is_refused(data: Path, sharing: tuple[str, ...]) -> None:
    done = phi("plan", "--dataset_path", data, "--probe", *sharing)
    assert done.status == 2
    assert "--probe measures one process" in done.err


@pytest.mark.parametrize("flag", ["--fit", "--probe"])
def test_this_machine_says_nothing_about_a_slurm_job(flag: str, data: Path) -> None:
    done = phi("plan", "--dataset_path", data, flag, "--launcher", "slurm")
    assert done.status == 2
    assert f"{flag} looks at this machine" in done.err


def test_probe_measures_and_says_what(plan: Plan) -> None:
    found = plan("--probe", "--batch_size", "2", "--gradient_accumulation_steps", "2")
    assert found["probe"]["out_of_memory"] is None
    assert found["probe"]["tokens_per_second"] > 0
    assert found["probe"]["needed_gib"] > 0
