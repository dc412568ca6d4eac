"""`phi search`: a real search on the bundled model with a real Ctrl-C, and what is refused before anything starts."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from command_line import PROJECT, files_under, phi
from searches import request, run_search

from phi_core.cli.search_report import report_record, report_text
from phi_core.config.problems import checked
from phi_core.config.yaml_file import read_values
from phi_core.runs.reader import read_run

SEARCH = (
    *("search", "train.yaml", "--space", "learning_rate=1e-4..1e-1:log", "--space", "lora_r=2,8"),
    *("--max_steps", "2", "--trials", "2", "--repeats", "0", "--json"),
)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("search") / "demo"
    assert phi("demo", folder).status == 0
    return folder


@pytest.fixture(scope="module")
def interrupted(demo: Path) -> subprocess.CompletedProcess[str]:
    """A search that got Ctrl-C while its first run was training."""
    process = _process(demo, *SEARCH)
    run = demo / "studies" / "train" / "runs" / "trial-000"
    _wait_until(lambda: (run / "status.json").exists(), process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(SEARCH, process.returncode, out, err)


@pytest.fixture(scope="module")
def report(demo: Path, interrupted: subprocess.CompletedProcess[str]) -> Mapping[str, Any]:
    """The same command again, to its end."""
    process = _process(demo, *SEARCH)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    found: Mapping[str, Any] = json.loads(out)
    return found


def test_ctrl_c_stops_the_run_under_way_and_says_how_to_go_on(
    demo: Path, interrupted: subprocess.CompletedProcess[str]
) -> None:
    found = json.loads(interrupted.stdout)
    assert interrupted.returncode == 130
    assert "Traceback" not in interrupted.stderr
    assert "with a checkpoint" in interrupted.stderr
    assert (found["ending"], found["verdict"]) == ("interrupted", None)
    assert [trial["run"] for trial in found["trials"]] == ["trial-000"]
    assert found["trials"][0]["state"] in ("unfinished", "finished")


def test_the_same_command_goes_on_to_the_end(report: Mapping[str, Any]) -> None:
    assert report["ending"] == "done"
    assert [(trial["number"], trial["state"]) for trial in report["trials"]] == [
        (number, "finished") for number in range(3)
    ]
    assert report["verdict"]["sentence"].startswith("No verdict")


def test_every_trial_is_a_run_with_its_settings_and_its_loss(demo: Path, report: Mapping[str, Any]) -> None:
    runs = demo / "studies" / "train" / "runs"
    listed = json.loads(phi("runs", "list", "--json", "--runs_dir", runs).out)
    trials = report["trials"]
    assert {run["id"] for run in listed} == {trial["run"] for trial in trials}
    for trial in trials:
        run = read_run(runs / trial["run"])
        config = checked(dict(run.config))
        assert (config.learning_rate, config.lora_r) == tuple(trial["values"].values())
        assert (config.seed, config.max_steps) == (trial["seed"], 2)
        assert run.state == "finished"
        losses = [value for _, value in run.series("evaluation", "validation_loss")]
        assert trial["validation_loss"] == min(losses)


def test_the_command_of_the_best_trains_with_its_settings(report: Mapping[str, Any]) -> None:
    words = report["command"].split()
    best = report["best"]["values"]
    assert words[:3] == ["phi", "train", "train.yaml"]
    assert words[words.index("--learning_rate") + 1] == repr(best["learning_rate"])
    assert words[words.index("--max_steps") + 1] == "2"


def test_an_ended_search_tells_its_report_again_as_text(
    demo: Path, report: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files_under(demo / "studies")
    monkeypatch.chdir(demo)
    done = phi(*(word for word in SEARCH if word != "--json"))
    assert done.status == 0, done.err
    assert files_under(demo / "studies") == before
    for text in ("No verdict", report["command"], "not confirmed", "trial-002", "0 (unchanged)", "a toy"):
        assert text in done.out


def test_the_report_shows_the_repeats_the_verdict_and_the_command_to_train_with(tmp_path: Path) -> None:
    wanted = request({"lora_r": "8,13,21"}, trials=2, repeats=3)
    result = run_search(
        tmp_path, wanted, lambda values, seed: values["lora_r"] + seed / 1000 * values["lora_r"]
    )
    given = {"epochs": "3", "lora_r": "8"}
    text = report_text(tmp_path, wanted, result, ["phi", "train", "my run.yaml"], given, "microsoft/phi-2")
    assert "run again: trial  seed 43  seed 44  seed 45" in text
    assert "worse than the unchanged configuration" in text
    assert "Trial 1, not shown to be better than what you have:" in text or "Trial 2, not shown" in text
    assert "phi train 'my run.yaml' --epochs 3 --lora_r 13" in text
    assert "toy" not in text
    record = report_record(tmp_path, wanted, result, ["phi", "train"], given)
    assert record["verdict"]["is_reliable"] is False
    assert record["verdict"]["seeds"] == 3
    assert len(record["repeats"]) == 9
    assert json.loads(json.dumps(record))["command"] == "phi train --epochs 3 --lora_r 13"


def test_another_space_in_the_same_folder_is_refused(
    demo: Path, report: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(demo)
    done = phi(*(word.replace("lora_r=2,8", "lora_r=2,4") for word in SEARCH))
    assert done.status == 2
    assert "another space (lora_r)" in done.err


def test_all_problems_are_told_at_once_and_nothing_is_left_behind(
    demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(demo)
    study = tmp_path / "study"
    done = phi(
        *("search", "train.yaml", "--study", study, "--space", "lora_r=0..8", "--space", "nonsense=1,2"),
        *("--space", "bad", "--trials", "0", "--repeats", "1", "--finalists", "0", "--max_minutes", "0"),
        *("--output_dir", "x"),
    )
    assert done.status == 2
    assert "8 problems" in done.err
    for name in (
        "lora_r",
        "nonsense",
        "'bad'",
        "trials",
        "repeats",
        "finalists",
        "max_minutes",
        "output_dir",
    ):
        assert name in done.err
    assert not study.exists()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "no option to vary"),
        (("--space", "lora_r=2,8", "--validation_fraction", "0"), "there is no validation"),
        (("--space", "lora_r=2,8", "--method", "grid", "--trials", "3"), "a grid takes every combination"),
        (("--space", "lora_r=2..80", "--method", "grid"), "a grid cannot list the range 2..80"),
        (("--space", "lora_r=2,8", "--space_file", "none.yaml"), "does not exist"),
    ],
)
def test_what_cannot_be_searched_is_refused_before_anything_starts(
    demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], why: str
) -> None:
    monkeypatch.chdir(demo)
    study = tmp_path / "study"
    done = phi("search", "train.yaml", "--study", study, *words)
    assert done.status == 2
    assert why in done.err
    assert not study.exists()


def test_a_space_file_is_the_same_space_and_words_win_over_it(
    demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(demo)
    file = tmp_path / "space.yaml"
    file.write_text("learning_rate: 1e-4..1e-1:log\nlora_r: [2, 8]\nlora_dropout: 0.5\n")
    done = phi(
        "search", "train.yaml", "--space_file", file, "--space", "lora_r=1,0", "--study", tmp_path / "s"
    )
    assert done.status == 2
    assert "2 problems" in done.err
    assert read_values(file)["lora_r"] == [2, 8]
    assert "lora_dropout: one value is no choice" in done.err
    assert "lora_r: must be a whole number ≥ 1" in done.err


def _process(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "phi_core", *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )


def _wait_until(holds: Any, process: subprocess.Popen[str], *, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.05)
