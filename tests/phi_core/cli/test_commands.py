"""The commands: what help promises, both spellings of options, and results as JSON and as text."""

import inspect
import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from command_line import PROJECT, Done, phi, phi_process
from run_factory import make_run

from phi_core.cli.main import COMMANDS, underscored
from phi_core.cli.output import duration
from phi_core.config.option import shown
from phi_core.config.problems import SPECS, check
from phi_core.errors import Problem
from phi_core.runs.control import take_requests
from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import read_run


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Three runs: finished, going on, and failed."""
    root = tmp_path / "runs"
    make_run(root, "20250101-one", created=1000.0)
    make_run(root, "20250102-live", state="running", steps=7, created=3000.0, label="pi\x1b[2Jrate")
    make_run(root, "20250103-bad", state="failed", steps=0, created=2000.0)
    return root


@pytest.fixture
def config(tmp_path: Path, tiny_phi: Path) -> Path:
    rows = [{"prompt": f"What is {count}?", "response": str(count)} for count in range(20)]
    (tmp_path / "data.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    path = tmp_path / "train.yaml"
    path.write_text(
        f"model_name: {tiny_phi}\ndataset_path: {tmp_path / 'data.jsonl'}\nbatch_size: 2\nepochs: 2\n"
    )
    return path


def document(done: Done) -> Any:
    """The one JSON document on standard output."""
    assert done.status == 0, done.err
    return json.loads(done.out)


def test_a_loss_that_is_not_finite_is_null_in_json(tmp_path: Path) -> None:
    make_run(tmp_path, "20250104-nan", losses=[1.0, float("nan"), float("inf")])
    shown_run = document(phi("runs", "show", "latest", "--json", "--runs_dir", str(tmp_path)))
    assert shown_run["loss"] is None


def folded(text: str) -> str:
    """Help without its frames and line breaks."""
    return " ".join(text.replace("│", " ").split())


@pytest.mark.parametrize("command", ["", "runs", "data", *COMMANDS])
def test_every_command_explains_itself(command: str) -> None:
    done = phi(*command.split(), "--help")
    assert done.status == 0 and not done.err
    assert done.out.startswith(f"Usage: phi {command}".strip())
    if command in COMMANDS:
        assert COMMANDS[command][1] in folded(done.out)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_list_of_commands_says_what_each_docstring_says(command: str) -> None:
    target, sentence = COMMANDS[command]
    module, _, name = target.partition(":")
    documentation = inspect.getdoc(getattr(import_module(module), name)) or ""
    assert documentation.splitlines()[0] == sentence
    *group, _ = command.split()
    assert sentence in folded(phi(*group, "--help").out)


@pytest.mark.parametrize("command", ["train", "plan"])
def test_help_names_every_option_with_its_unit_bounds_and_default(command: str) -> None:
    help = folded(phi_process(command, "--help").out)
    for name, spec in SPECS.items():
        assert f"--{name}" in help
        choices = f" [{', '.join(spec.choices)}]" if spec.choices else ""
        assert f"{spec.explanation}{choices} [default: {shown(spec.default) or 'none'}]" in help


def test_both_spellings_of_an_option_are_one(config: Path) -> None:
    written = document(phi("plan", config, "--json", "--batch_size", 3, "--no_gradient_checkpointing"))
    dashed = document(phi("plan", config, "--json", "--batch-size", 3, "--no-gradient-checkpointing"))
    equals = document(phi("plan", config, "--json", "--batch-size=3", "--no-gradient_checkpointing"))
    for plan in (written, dashed, equals):
        plan.pop("memory_free_gib")
    assert written == dashed == equals


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("--batch-size", "--batch_size"),
        ("--output-dir=a-b", "--output_dir=a-b"),
        ("-h", "-h"),
        ("--", "--"),
        ("a-b", "a-b"),
        ("-1", "-1"),
    ],
)
def test_only_names_of_options_are_respelt(typed: str, read: str) -> None:
    assert underscored(typed) == read


def test_a_flag_wins_over_the_file_and_the_file_over_the_default(config: Path) -> None:
    assert document(phi("plan", config, "--json"))["effective_batch_size"] == 2 * 16
    given = phi("plan", config, "--json", "--batch_size", 4, "--gradient_accumulation_steps", 1)
    assert document(given)["effective_batch_size"] == 4


def test_zero_and_none_are_values_on_the_command_line(config: Path) -> None:
    plan = document(phi("plan", config, "--json", "--validation_fraction", 0, "--evaluate_every", "none"))
    assert (plan["train_records"], plan["validation_records"], plan["evaluation_steps"]) == (20, 0, [])


def test_a_plan_is_one_json_document_or_a_page(config: Path) -> None:
    plan = document(phi("plan", config, "--json"))
    assert (plan["steps"], plan["tokens_are"], len(plan["learning_rates"])) == (2, "counted", 2)
    assert plan["trainable_parameters"] == 7168 and plan["plan_hash"]
    page = phi("plan", config)
    assert page.status == 0
    for words in (
        "18 to train, 2 to validate",
        "2 of 32 records (2 × 16)",
        "7,168",
        "by formula",
        "learning rate",
    ):
        assert words in page.out


def test_advice_and_unknown_sizes_are_said_in_words(config: Path) -> None:
    page = phi("plan", config, "--model_name", "someone/else")
    assert page.status == 0
    assert "the tokenizer is not on this machine" in page.out


def test_data_check_is_one_json_document_or_a_page(config: Path, tmp_path: Path) -> None:
    found = document(phi("data", "check", tmp_path / "data.jsonl", "--json"))
    assert (found["num_records"], found["num_faults"], found["formats"]) == (20, 0, {"prompt/response": 20})
    assert "20 good, 0 faulty" in phi("data", "check", tmp_path / "data.jsonl").out


def test_data_check_as_json_counts_faults_and_still_exits_with_2(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"prompt": "a", "response": "b"}\n{}\n{"x": 1}\n')
    done = phi("data", "check", tmp_path / "bad.jsonl", "--json", "--limit", 1)
    found = json.loads(done.out)
    assert (done.status, done.err, found["num_faults"], len(found["faults"])) == (2, "", 2, 1)


def test_runs_are_listed_newest_first(runs: Path) -> None:
    found = document(phi("runs", "list", "--runs_dir", runs, "--json"))
    assert [run["id"] for run in found] == ["20250102-live", "20250103-bad", "20250101-one"]
    assert [run["state"] for run in found] == ["running", "failed", "finished"]
    header, *lines = phi("runs", "list", "--runs-dir", runs).out.splitlines()
    assert header.split() == ["run", "state", "step", "loss", "validation", "left", "created"]
    assert len(lines) == 3 and "7/20" in lines[0] and "\x1b" not in lines[0]


def test_no_runs_are_said_and_no_folder_is_made(tmp_path: Path) -> None:
    done = phi("runs", "list", "--runs_dir", tmp_path / "none")
    assert (done.status, (tmp_path / "none").exists()) == (0, False)
    assert "phi train" in done.out
    assert document(phi("runs", "list", "--runs_dir", tmp_path / "none", "--json")) == []


def test_a_run_is_shown_whole(runs: Path) -> None:
    found = document(phi("runs", "show", "20250101", "--runs_dir", runs, "--json"))
    assert (found["id"], found["step"], found["config"]["lora_r"]) == ("20250101-one", 20, 4)
    assert found["about"]["format"] == 1 and found["best_validation_loss"] <= found["validation_loss"]
    page = phi("runs", "show", "20250101", "--runs_dir", runs).out
    assert "finished 20 steps" in page and "loss" in page
    assert "\x1b" not in phi("runs", "show", "20250102", "--runs_dir", runs).out


def test_a_failed_run_says_why_and_where_to_read_more(runs: Path) -> None:
    with RunLayout(runs / "20250103-bad").events.open("a") as file:
        file.write('{"kind": "failed", "step": 0, "time": 1, "error": "No GPU.", "remedy": "Buy one"}\n')
    done = phi("runs", "show", "20250103", "--runs_dir", runs)
    assert "failed: No GPU. Buy one" in done.out and "worker.log" in done.out


@pytest.mark.parametrize("name", ["20250101-one", "20250103-bad"])
def test_watching_a_run_that_has_ended_says_how_it_ended(runs: Path, name: str) -> None:
    done = phi("runs", "watch", name, "--runs_dir", runs)
    assert done.status == {"20250101-one": 0, "20250103-bad": 1}[name]
    assert name in done.out


@pytest.mark.parametrize("kind", ["stop", "pause", "checkpoint"])
def test_a_live_run_is_asked(runs: Path, kind: str) -> None:
    done = phi("runs", kind, "latest", "--runs_dir", runs)
    assert (done.status, done.out) == (0, f"asked 20250102-live: {kind}\n")
    assert [request.kind for request in take_requests(RunLayout(runs / "20250102-live"))] == [kind]


def test_labels_are_given_one_by_one_and_shown(runs: Path) -> None:
    assert (
        phi(
            "runs", "label", "20250101", "--name", "first", "--tag", "a", "--tag", "b", "--runs_dir", runs
        ).status
        == 0
    )
    assert phi("runs", "label", "20250101", "--note", "[/red] good", "--runs_dir", runs).status == 0
    assert read_run(runs / "20250101-one").labels == {
        "name": "first",
        "tags": ["a", "b"],
        "note": "[/red] good",
    }
    page = phi("runs", "show", "20250101", "--runs_dir", runs).out
    assert "first" in page and "[/red] good" in page
    assert "first (20250101-one)" in phi("runs", "list", "--runs_dir", runs).out


def test_a_deleted_run_is_gone_and_the_others_stay(runs: Path) -> None:
    done = phi("runs", "delete", "20250101", "--yes", "--runs_dir", runs)
    assert (done.status, done.out) == (0, "deleted 20250101-one\n")
    assert sorted(path.name for path in runs.iterdir()) == ["20250102-live", "20250103-bad"]


def test_the_runs_folder_may_be_named_by_the_environment(runs: Path, tmp_path: Path) -> None:
    beside = phi_process("runs", "list", "--json", folder=tmp_path)
    assert len(document(beside)) == 3
    elsewhere = phi_process("runs", "list", "--json", folder=runs)
    assert document(elsewhere) == []


def test_a_reader_that_goes_away_is_no_error(runs: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "phi_core", "runs", "show", "20250101", "--runs_dir", str(runs)]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, cwd=PROJECT, timeout=120)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"), (3725, "1 h 02 min")]
)
def test_durations_are_said_in_two_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_advice_is_a_note_and_not_a_problem() -> None:
    found = check({"dataset_path": "x.jsonl", "lora_r": 512})
    assert found.warnings == (Problem("lora_r", "512 is outside the advised 8 to 32"),)
