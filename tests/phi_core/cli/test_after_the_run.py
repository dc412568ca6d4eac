"""`phi runs diff, analyse, export, storage, clean`: as text and as JSON, with hostile names and files in the way."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from command_line import Done, files_under, phi
from run_factory import add_event, make_run

from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import read_run

ESC = "\x1b[2J"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two runs that differ in rank and base, the second stopped half-way and named by somebody hostile."""
    folder = tmp_path / "runs"
    make_run(folder, "20250101-one", steps=200, total_steps=200, created=1000.0)
    second = make_run(folder, "20250102-two", steps=100, total_steps=200, state="stopped", created=2000.0)
    config = (second / "config.yaml").read_text().replace("lora_r: 4", "lora_r: 8")
    (second / "config.yaml").write_text(config + 'prompt_template: "/home/\\e[2J/evil.jinja"\n')
    about = json.loads((second / "run.json").read_text())
    (second / "run.json").write_text(json.dumps({**about, "base_model": f"other{ESC}"}))
    return folder


def runs(root: Path, command: str, *words: object) -> Done:
    return phi("runs", command, *words, "--runs_dir", root)


def document(done: Done) -> Any:
    assert done.status == 0, done.err
    return json.loads(done.out)


def test_diff_shows_what_differs_and_both_curves(root: Path) -> None:
    done = runs(root, "diff", "20250101", "20250102")
    assert done.status == 0 and ESC not in done.out
    lines = {line.split()[0]: line.split()[1:] for line in done.out.splitlines() if line.split()}
    assert lines["lora_r"] == ["4", "8"] and lines["steps"] == ["200/200", "100/200"]
    assert "dataset_path" not in lines, "the same on both sides"
    second = read_run(root / "20250102-two").series("evaluation", "validation_loss")[-1][1]
    assert " ".join(lines["best"]) == f"validation loss 0.5765 at step 200 {second:.4g} at step 100"
    assert done.out.count("┌") == 2 and "⢕⢕ A" in done.out and "xx B" in done.out


def test_diff_as_json_has_options_figures_and_curves(root: Path) -> None:
    found = document(runs(root, "diff", "20250101", "20250102", "--json"))
    assert {"name": "lora_r", "first": 4, "second": 8} in found["options"]
    assert [change["name"] for change in found["facts"]] == ["base_model"]
    assert len(found["curves"]["loss"]["first"]) == 200 and len(found["curves"]["loss"]["second"]) == 100
    assert found["figures"][1]["steps"] == 100 and found["same_data"] is None


def test_a_run_does_not_differ_from_itself(root: Path) -> None:
    found = document(runs(root, "diff", "20250101", "20250101", "--json"))
    assert found["options"] == found["facts"] == []


def test_analyse_says_slope_target_and_forecast(root: Path) -> None:
    done = runs(root, "analyse", "20250102", "--target", "1.5")
    assert done.status == 0
    for words in (
        "half-life 5 steps",
        "a 100 steps over steps 76–100",
        "backtests on this run",
        "reached it at step",
    ):
        assert words in " ".join(done.out.split())
    found = document(runs(root, "analyse", "20250102", "--target", "1.5", "--json"))
    assert found["target_by_validation"]["step"] in range(40, 100) and found["forecast"]["step"] == 200
    assert found["slope"]["per_100_steps"] < 0 and found["flags"] == []


def test_a_target_that_is_no_loss_is_refused(root: Path) -> None:
    done = runs(root, "analyse", "20250102", "--target", "nan")
    assert done.status == 2 and "is no loss" in done.err


def test_show_has_the_flags_in_short(root: Path) -> None:
    path = make_run(root, "20250103-bad", losses=[2.0] * 10 + [float("nan")] * 3, steps=13, created=3000.0)
    assert "diverged: the loss is not finite at step 11" in runs(root, "show", path.name).out
    assert document(runs(root, "show", path.name, "--json"))["analysis"]["diverged"]


def test_export_unites_runs_on_standard_output(root: Path) -> None:
    done = runs(root, "export", "20250101", "20250102")
    table = list(csv.DictReader(io.StringIO(done.out)))
    assert done.status == 0 and len(table) == 300 and table[-1]["run"] == "20250102-two"
    assert len(document(runs(root, "export", "latest", "--json"))) == 100
    assert len(json.loads(runs(root, "export", "--format", "json").out)) == 100


def test_export_never_replaces_a_file_unless_asked(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "metrics.json"
    assert runs(root, "export", "20250101", "--out", out).status == 0
    assert len(json.loads(out.read_text())) == 200, "the ending names the format"
    out.write_text("mine")
    done = runs(root, "export", "20250101", "--out", out)
    assert done.status == 2 and "--force" in done.err and out.read_text() == "mine"
    assert runs(root, "export", "20250101", "--out", out, "--format", "csv", "--force").status == 0
    assert out.read_text().startswith("run,step,time,loss")


@pytest.mark.parametrize("out", ["missing/metrics.csv", "."])
def test_export_to_a_place_that_is_none_is_refused(
    root: Path, tmp_path: Path, out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert runs(root, "export", "20250101", "--out", out).status == 2


def test_what_a_source_is_called_cannot_reach_the_terminal(root: Path) -> None:
    add_event(root / "20250102-two", "step", 101, loss=1.0, tokens_by_source={f"evil{ESC}": 3})
    assert ESC not in runs(root, "export", "20250102").out
    assert ESC not in runs(root, "export", "20250102", "--json").out


def checkpointed(root: Path) -> RunLayout:
    layout = RunLayout(root / "20250101-one")
    for step, loss in ((10, 0.5), (20, 0.7), (30, 0.9)):
        layout.checkpoint(step).mkdir(parents=True)
        (layout.checkpoint(step) / "optimizer.pt").write_bytes(b"x" * 5000)
        (layout.checkpoint(step) / "manifest.json").write_text(json.dumps({"validation_loss": loss}))
    return layout


def test_storage_sums_up(root: Path) -> None:
    checkpointed(root)
    found = document(runs(root, "storage", "--json"))
    assert [run["run"] for run in found["runs"]] == ["20250101-one", "20250102-two"]
    assert found["runs"][0]["checkpoints"] > 15_000
    assert found["total_bytes"] == sum(run["total"] for run in found["runs"])
    assert "all runs" in runs(root, "storage").out
    assert "No runs in" in runs(root / "none", "storage").out


def test_clean_shows_first_and_needs_a_yes(root: Path) -> None:
    layout = checkpointed(root)
    before = files_under(root)
    dry = runs(root, "clean", "--keep_checkpoints", 1, "--dry_run")
    assert dry.status == 0 and "step-000020" in dry.out and "step-000010" not in dry.out
    asked = runs(root, "clean", "--keep_checkpoints", 1)
    assert asked.status == 2 and "nobody to ask" in asked.err and files_under(root) == before
    done = document(runs(root, "clean", "--keep_checkpoints", 1, "--yes", "--json"))
    assert [item["path"] for item in done["removals"]] == [str(layout.checkpoint(20))]
    assert done["done"] == 1 and done["freed_bytes"] >= 5000
    assert layout.checkpoint_steps() == [10, 30]
    assert "Nothing to free" in runs(root, "clean", "--keep_checkpoints", 1, "--yes").out


def test_clean_can_forget_prepared_data(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from prepared_data import prepared_rows

    monkeypatch.setenv("PHI_CACHE_DIR", str(tmp_path / "cache"))
    prepared_rows(tmp_path, [{"prompt": "a", "response": "b"}])
    assert len(document(runs(root, "storage", "--json"))["prepared"]) == 1
    idle = document(runs(root, "clean", "--cache", "--older_than", 3, "--yes", "--json"))
    assert idle["removals"] == []
    gone = document(runs(root, "clean", "--cache", "--yes", "--json"))
    assert gone["done"] == 1 and gone["freed_bytes"] > 0
    assert document(runs(root, "storage", "--json"))["prepared"] == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "nothing is named to be freed"),
        (("--keep_checkpoints", "-1"), "is not from 0"),
        (("--failed", "--older_than", "-2"), "is not from 0"),
        (("--failed", "--older_than", "nan"), "is not from 0"),
    ],
)
def test_senseless_cleaning_is_refused(root: Path, words: tuple[str, ...], message: str) -> None:
    done = runs(root, "clean", *words, "--yes")
    assert done.status == 2 and message in done.err


def test_cleaning_leaves_a_readable_run(root: Path) -> None:
    layout = checkpointed(root)
    runs(root, "clean", "--keep_checkpoints", 0, "--with_adapters", "--yes")
    assert layout.checkpoint_steps() == [30], "without a final adapter it is the only one"
    assert read_run(layout.root).state == "finished" and runs(root, "show", "20250101").status == 0


def test_tables_stay_within_a_terminal(root: Path) -> None:
    path = root / "20250102-two"
    config = (path / "config.yaml").read_text()
    long = f"dataset_path: [/data/{'deep/' * 20}other.jsonl]\nnotify_command: {'word ' * 30}\n"
    (path / "config.yaml").write_text(config.replace("dataset_path: data.jsonl\n", long))
    (path.rename(root / "20250102-120000-phi-2"))
    for done in (runs(root, "diff", "20250101", "20250102"), runs(root, "storage")):
        assert done.status == 0 and max(map(len, done.out.splitlines())) <= 80, done.out


@pytest.mark.parametrize(
    "words", [("clean", "--keep_checkpoints", "1.5", "--dry_run"), ("extend", "20250102", "--steps", "1.5")]
)
def test_a_fraction_is_not_rounded_in_silence(root: Path, words: tuple[str, ...]) -> None:
    done = runs(root, *words)
    assert done.status == 2 and "'1.5' is no whole number" in done.err and not done.out
