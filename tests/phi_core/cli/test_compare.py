"""`phi compare` on folders that are there already, and what it refuses. No model is loaded here."""

import io
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from batch_factory import capitals, make_batch, right
from command_line import phi
from run_factory import make_run

from phi_core.cli.compare_progress import ProgressLine, progress_text
from phi_core.cli.target import checkpoint_adapters, endpoint_columns
from phi_core.errors import AdapterError, RequestError, RunError
from phi_core.evaluation.batch_status import BatchStatus
from phi_core.evaluation.batch_writer import BatchWriter
from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import read_run

MANY = capitals(40)
BETTER, WORSE = {"base": "no idea", "tuned": right}, {"base": right, "tuned": "no idea"}


def test_following_a_finished_comparison_prints_its_answers_verdict_and_files(tmp_path: Path) -> None:
    make_batch(tmp_path, BETTER, question_set=MANY)
    done = phi("compare", "--follow", tmp_path)
    assert (done.status, done.err) == (0, "")
    assert "1: 1: France?\n  base   ✗ no idea\n  tuned  ✓ Paris" in done.out
    assert "tuned: better than base" in done.out
    assert [f"wrote {tmp_path / name}" in done.out for name in ("answers.jsonl", "report.html")] == [
        True,
        True,
    ]


@pytest.mark.parametrize(("scripts", "status"), [(BETTER, 0), (WORSE, 1), ({**WORSE, "other": right}, 1)])
def test_fail_if_worse_is_a_gate(tmp_path: Path, scripts: dict[str, str], status: int) -> None:
    make_batch(tmp_path, scripts, question_set=MANY)
    assert phi("compare", "--follow", tmp_path, "--fail-if-worse").status == status
    assert phi("compare", "--follow", tmp_path).status == 0


def test_too_few_questions_close_no_gate(tmp_path: Path) -> None:
    make_batch(tmp_path, WORSE)
    assert phi("compare", "--follow", tmp_path, "--fail-if-worse").status == 0


def test_json_is_the_report_and_nothing_else(tmp_path: Path) -> None:
    make_batch(tmp_path, BETTER)
    found = json.loads(phi("compare", "--follow", tmp_path, "--json").out)
    assert len(found["answers"]) == 10
    assert found["run_id"] == "run-1"


def test_a_failed_answer_is_told_by_the_exit_status(tmp_path: Path) -> None:
    make_batch(tmp_path, BETTER, failing=["2: Japan?"])
    done = phi("compare", "--follow", tmp_path)
    assert done.status == 1
    assert "! cannot answer '2: Japan?'" in done.out


def test_a_stopped_comparison_shows_what_is_there_and_how_to_go_on(tmp_path: Path) -> None:
    make_batch(tmp_path, BETTER, state="stopped", answered=4)
    done = phi("compare", "--follow", tmp_path)
    assert (done.status, "Tokyo" in done.out) == (130, True)
    assert "stopped after 4 of 10 answers; what is answered is kept" in done.err


def test_a_killed_comparison_is_told_with_what_is_kept(tmp_path: Path) -> None:
    make_batch(tmp_path, BETTER, state="lost", answered=4)
    done = phi("compare", "--follow", tmp_path)
    assert done.status == 1
    assert "was killed after 4 of 10 answers" in done.err
    assert "the same command asks the others" in done.err


def test_a_worker_killed_before_its_first_question_says_no_number(tmp_path: Path) -> None:
    make_batch(tmp_path, BETTER, state="lost", answered=0)
    status = json.loads((tmp_path / "status.json").read_text())
    (tmp_path / "status.json").write_text(json.dumps({**status, "total": 0}))
    assert "killed before the first question was asked" in phi("compare", "--follow", tmp_path).err


def test_answers_that_a_killed_worker_kept_and_did_not_count_are_counted(tmp_path: Path) -> None:
    make_batch(tmp_path, BETTER, state="lost", answered=4)
    status = json.loads((tmp_path / "status.json").read_text())
    (tmp_path / "status.json").write_text(json.dumps({**status, "done": 1}))
    assert "was killed after 4 of 10 answers" in phi("compare", "--follow", tmp_path).err


def test_a_worker_that_died_of_a_full_disk_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_batch(tmp_path, BETTER, state="lost", answered=4)
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=0))
    assert f"The disk of {tmp_path} is full" in phi("compare", "--follow", tmp_path).err


def test_a_question_file_that_there_is_not_is_told_with_the_bundled_sets() -> None:
    done = phi("compare", "--model", "demo", "--questions", "capitells")
    assert done.status == 2
    assert "capitells does not exist" in done.err and "arithmetic, capitals, demo_regression" in done.err


def test_what_stopped_a_worker_ends_the_command_as_if_it_had_met_it_itself(tmp_path: Path) -> None:
    make_batch(tmp_path, BETTER, answered=0)
    BatchWriter(tmp_path).fail(AdapterError("adapter tuned was trained on other weights", "Name its base"))
    done = phi("compare", "--follow", tmp_path)
    assert (done.status, done.err) == (2, "phi: adapter tuned was trained on other weights. Name its base\n")


def test_a_comparison_that_does_not_run_cannot_be_stopped(tmp_path: Path) -> None:
    make_batch(tmp_path, BETTER)
    assert phi("compare", "--stop", tmp_path).status == 2
    assert "holds no batch" in phi("compare", "--stop", tmp_path / "none").err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--model", "demo", "--checkpoint", "newest"], "--checkpoint needs the run"),
        (["--model", "demo", "--endpoint", "small=localhost"], "no URL#MODEL"),
        (["--model", "demo", "--judge", "nobody"], "--judge 'nobody' is no column"),
        (["--model", "demo", "--detach", "--fail-if-worse"], "Give --fail_if_worse to --follow"),
        ([], "no model is named"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_starts(
    tmp_path: Path, words: list[str], told: str
) -> None:
    (tmp_path / "q.yaml").write_text("- Who are you?\n")
    done = phi("compare", "--questions", tmp_path / "q.yaml", "--out", tmp_path / "out", *words)
    assert (done.status, told in done.err) == (2, True), done.err
    assert not (tmp_path / "out").exists()


def test_the_progress_line_has_answers_failures_speed_and_time_left() -> None:
    status = BatchStatus("running", activity="loading the models", started=100.0, heartbeat=107.0)
    assert progress_text(status) == "loading the models · 7 s"
    asking = replace(status, done=30, total=50, failed=1, answered_before=20, asking_since=102.0)
    assert progress_text(asking) == "30/50 answers · 1 failed · 10 s left"
    assert progress_text(replace(asking, tokens_per_second=812.4)).split(" · ")[2] == "812 tokens/s"
    measuring = replace(asking, done=50, activity="writing the report")
    assert progress_text(measuring) == "50/50 answers · 1 failed · writing the report"


def test_the_progress_line_rewrites_itself_on_a_terminal_and_is_silent_elsewhere() -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen, file = Screen(), io.StringIO()
    for out in (screen, file):
        line = ProgressLine(out)
        for text in ("1/2 answers", "1/2 answers", "2/2 \x1b[31m"):
            line.show(text)
        line.end()
    assert screen.getvalue().count("\r1/2 answers") == 1
    assert "\x1b" not in screen.getvalue()
    assert file.getvalue() == ""


def checkpoints(root: Path, *steps: int, state: str = "running") -> Path:
    path = make_run(root, "a", state=state, label="pirate")
    for step in steps:
        RunLayout(path).checkpoint(step).mkdir(parents=True)
    return path


def test_checkpoints_of_a_running_run_stand_beside_each_other(tmp_path: Path) -> None:
    run = read_run(checkpoints(tmp_path, 5, 10, 15))
    layout = run.layout
    assert run.state == "running"
    assert checkpoint_adapters(run, ["5", "newest"]) == {
        "step-5": layout.checkpoint(5),
        "step-15": layout.checkpoint(15),
    }


def test_the_final_adapter_stands_beside_checkpoints(tmp_path: Path) -> None:
    path = checkpoints(tmp_path, 5, state="finished")
    RunLayout(path).final_adapter.mkdir()
    found = checkpoint_adapters(read_run(path), ["final", "newest"])
    assert found == {"pirate": RunLayout(path).final_adapter, "step-5": RunLayout(path).checkpoint(5)}


@pytest.mark.parametrize("word", ["7", "final", "first", "-5"])
def test_a_checkpoint_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path, word: str) -> None:
    run = read_run(checkpoints(tmp_path, 5))
    with pytest.raises(RunError, match="has no"):
        checkpoint_adapters(run, [word])


def test_endpoints_have_a_name_of_their_own_or_the_model_s() -> None:
    address = "http://localhost:8000/v1#Qwen/Qwen3"
    found = endpoint_columns([f"small={address}", address], taken=["base"])
    assert found == {"small": address, "Qwen/Qwen3": address}


@pytest.mark.parametrize("texts", [["base=http://x/v1#m"], ["a=http://x/v1#m", "a=http://y/v1#m"]])
def test_two_columns_of_one_name_are_refused(texts: list[str]) -> None:
    with pytest.raises(RequestError, match="is taken"):
        endpoint_columns(texts, taken=["base"])
