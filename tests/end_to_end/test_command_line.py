"""The main job from the command line, on the bundled model, by real processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


def phi(folder: Path, *words: str, status: int = 0, stdin: str | None = None) -> str:
    """Run a command as a person would; its standard output."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"} | {"PHI_RUNS_DIR": str(folder / "runs")}
    done = subprocess.run(
        [sys.executable, "-m", "phi_core", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        input=stdin,
        env=environment,
        timeout=250,
    )
    assert done.returncode == status, done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo folder with a finished run."""
    home = tmp_path_factory.mktemp("home")
    phi(home, "demo", "d")
    folder = home / "d"
    run_id = phi(folder, "train", "train.yaml", "--detach").strip()
    assert (folder / "runs" / run_id / "run.json").exists()
    assert "finished" in phi(folder, "runs", "watch", "latest")
    return folder


def test_a_detached_run_ends_with_an_adapter_and_a_loss_that_fell(demo: Path) -> None:
    shown = json.loads(phi(demo, "runs", "show", "latest", "--json"))
    history = json.loads((Path(shown["path"]) / "training_history.json").read_text())
    first, last = history["loss"][0][1], history["loss"][-1][1]
    assert shown["state"] == "finished"
    assert last < first / 2
    assert (Path(shown["adapter"]) / "adapter_model.safetensors").exists()
    assert shown["id"] in (Path(shown["adapter"]) / "README.md").read_text()


REPORTS = {"answers.jsonl", "report.md", "report.html", "report.json"}


def test_compare_writes_four_files_in_which_base_and_adapter_differ_visibly(demo: Path) -> None:
    phi(demo, "compare", "--run", "latest", "--questions", "questions.yaml", "--out", "out")
    report = json.loads((demo / "out" / "report.json").read_text())
    assert {path.name for path in (demo / "out").iterdir()} > REPORTS
    assert report["engine"]["proof"]["base_difference"] == 0.0
    base = [answer["answer"] for answer in report["answers"] if answer["model"] == "base"]
    adapter = [answer["answer"] for answer in report["answers"] if answer["model"] != "base"]
    assert len(base) == len(adapter) >= 10
    assert sum("arr" in answer.lower() for answer in adapter) >= 0.9 * len(adapter)
    assert not any("arr," in answer.lower() for answer in base)


def test_answers_that_are_there_are_not_asked_again(demo: Path) -> None:
    phi(demo, "compare", "--run", "latest", "--questions", "questions.yaml", "--out", "again")
    before = (demo / "again" / "answers.jsonl").read_bytes()
    phi(demo, "compare", "--run", "latest", "--questions", "questions.yaml", "--out", "again")
    assert (demo / "again" / "answers.jsonl").read_bytes() == before


def test_without_a_folder_the_answers_are_kept_in_the_run(demo: Path) -> None:
    phi(demo, "compare", "--run", "latest", "--questions", "questions.yaml")
    assert {path.name for path in (demo / "runs").glob("*/answers/demo/*")} > REPORTS


def test_eval_finds_the_adapter_better_on_its_own_manner(demo: Path) -> None:
    found = json.loads(phi(demo, "eval", "--run", "latest", "--data", "pirate.jsonl", "--json"))["models"]
    base, adapter = found["base"], next(value for name, value in found.items() if name != "base")
    assert base["tokens"] == adapter["tokens"] > 1000
    assert adapter["loss"] < base["loss"] / 2


def test_chat_from_a_pipe_switches_between_adapter_and_base(demo: Path) -> None:
    question = "What is the capital of France?"
    said = phi(
        demo, "chat", "--run", "latest", stdin=f"{question}\n/clear\n/base\n{question}\n/quit\n"
    ).splitlines()
    assert "arr" in said[0].lower()
    assert len(said) == 2 and "arr," not in said[1].lower()


def test_the_saved_configuration_repeats_the_run(demo: Path) -> None:
    first = json.loads(phi(demo, "runs", "show", "latest", "--json"))
    config = str(Path(first["path"]) / "config.yaml")
    again = json.loads(phi(demo, "train", config, "--json"))
    assert again["id"] != first["id"]
    assert again["loss"] == first["loss"]
    assert again["best_validation_loss"] == first["best_validation_loss"]
    phi(demo, "runs", "delete", again["id"], "--yes")
    assert [run["id"] for run in json.loads(phi(demo, "runs", "list", "--json"))] == [first["id"]]


def test_the_readme_s_first_command_ends_with_a_command_that_opens_the_app(tmp_path: Path) -> None:
    """Called by a relative path, where the shell finds no phi: as `.venv/bin/phi demo --run` in a fresh clone."""
    script = tmp_path / "bin" / "phi"
    script.parent.mkdir()
    script.write_text(f"#!{sys.executable}\nfrom phi_core.cli.main import main\nmain()\n")
    script.chmod(0o755)
    done = subprocess.run(
        ["bin/phi", "demo", "--run"],
        cwd=tmp_path,
        env={**os.environ, "PATH": "/usr/bin:/bin", "PYTHONPATH": str(PROJECT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "phi-demo" / "out" / "report.html").exists()
    assert done.stdout.splitlines()[-1].split() == ["cd", "phi-demo", "&&", str(script), "tui"]
