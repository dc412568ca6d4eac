"""A comparison as a job, with real workers on the bundled model: killed, stopped, gone on with, and never a loss."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml
from command_line import PROJECT, Done, phi

from phi_core.demo import model_path
from phi_core.evaluation.answers import Answer, read_answers
from phi_core.evaluation.batch_folder import BatchFolder, BatchSnapshot, read_batch
from phi_core.files import read_json

COUNTRIES = ("Japan", "Norway", "France", "Peru")
TOO_LONG = "word " * 400


@dataclass(frozen=True)
class Story:
    """What was seen of one folder from its first start to its end."""

    folder: Path
    detached: Done
    at_kill: tuple[Answer, ...]
    killed: BatchSnapshot
    second_start: Done
    interrupted: Done
    stopped: BatchSnapshot
    ended: Done
    end: BatchSnapshot
    undisturbed: tuple[Answer, ...]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    home = tmp_path_factory.mktemp("compare")
    adapter, folder = _adapter(home), home / "out"
    command = ["compare", "--adapter", adapter, "--questions", _questions(home), "--out", folder]
    files = BatchFolder(folder)

    detached = phi(*command, "--detach")
    _wait(lambda: any(answer.is_given for answer in read_answers(files.answers)))
    worker = read_json(files.status)["pid"]
    os.kill(worker, signal.SIGKILL)
    _wait(lambda: read_batch(folder).status.state == "lost")
    at_kill, killed = read_answers(files.answers), read_batch(folder)

    foreground = _process(*command)
    _wait(lambda: (read_json(files.status) or {}).get("pid", worker) != worker)
    second_start = phi(*command)
    foreground.send_signal(signal.SIGINT)
    words = foreground.communicate(timeout=120)[1].decode()
    stopped = read_batch(folder)

    ended = phi(*command)
    return Story(
        folder,
        detached,
        at_kill,
        killed,
        second_start,
        Done(foreground.returncode, "", words),
        stopped,
        ended,
        read_batch(folder),
        _undisturbed(read_batch(folder)),
    )


def test_a_detached_comparison_names_its_folder_and_how_to_watch_it(story: Story) -> None:
    assert story.detached.out.splitlines() == [
        str(story.folder),
        f"Watch it: phi compare --follow {story.folder}",
    ]


def test_a_killed_worker_loses_no_answer(story: Story) -> None:
    assert 0 < sum(answer.is_given for answer in story.at_kill) < 2 * len(COUNTRIES)
    kept = {(answer.id, answer.model): answer.answer for answer in story.end.answers}
    for answer in story.at_kill:
        assert answer.error or kept[answer.id, answer.model] == answer.answer


def test_the_next_start_asks_only_what_is_missing(story: Story) -> None:
    assert story.end.status.answered_before == sum(answer.is_given for answer in story.at_kill)
    times = {(answer.id, answer.model): answer.seconds for answer in story.end.answers}
    for answer in story.at_kill:
        assert answer.error or times[answer.id, answer.model] == answer.seconds


def test_a_second_worker_on_a_live_folder_is_refused(story: Story) -> None:
    assert story.second_start.status == 2
    assert "is running already" in story.second_start.err


def test_ctrl_c_in_the_foreground_stops_the_job_and_says_how_to_go_on(story: Story) -> None:
    assert story.interrupted.status == 130
    assert "the same command asks the others" in story.interrupted.err
    assert "Traceback" not in story.interrupted.err
    assert story.stopped.status.state == "stopped"
    assert len(story.stopped.answers) == len(story.killed.answers)
    assert story.end.status.state == "finished"


def test_the_answers_are_those_of_an_undisturbed_run(story: Story) -> None:
    assert [_said(answer) for answer in story.end.answers] == [_said(answer) for answer in story.undisturbed]
    assert len(story.end.answers) == 2 * (len(COUNTRIES) + 1)


def test_one_failing_question_stops_no_other_and_is_told(story: Story) -> None:
    failed = [answer for answer in story.end.answers if answer.error]
    assert {answer.id for answer in failed} == {"long"}
    assert (story.end.status.failed, story.ended.status) == (2, 1)


def test_the_reports_and_the_token_changes_stand_in_the_folder(story: Story) -> None:
    names = {path.name for path in story.folder.iterdir()}
    assert {"answers.jsonl", "report.md", "report.html", "report.json", "token_changes.jsonl"} < names
    given = {(a.id, a.model) for a in story.end.answers if a.model != "base" and a.answer}
    assert set(story.end.token_changes) == given
    assert read_json(story.folder / "report.json")["engine"]["proof"]["base_difference"] == 0.0


def _process(*words: object) -> "subprocess.Popen[bytes]":
    """`phi` as a process, as in a terminal's foreground."""
    return subprocess.Popen(
        [sys.executable, "-m", "phi_core", *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def _said(answer: Answer) -> Answer:
    """Without its time, and its likelihood to six digits."""
    value = answer.reference_log_likelihood
    return replace(answer, seconds=0.0, reference_log_likelihood=value and float(f"{value:.4g}"))


def _adapter(home: Path) -> Path:
    from adapters import save_adapter

    return save_adapter(model_path(), home / "pirate", strength=0.5)


def _questions(home: Path) -> Path:
    items = [
        {"id": country, "prompt": f"What is the capital of {country}?", "reference": "Tokyo"}
        for country in COUNTRIES
    ]
    items.insert(1, {"id": "long", "prompt": TOO_LONG})
    path = home / "questions.yaml"
    path.write_text(yaml.safe_dump({"generation": {"max_new_tokens": 250}, "questions": items}))
    return path


def _undisturbed(batch: BatchSnapshot) -> tuple[Answer, ...]:
    """The same questions to the same models, in this process and at one go."""
    from dataclasses import asdict

    from phi_core.evaluation.runner import run_questions
    from phi_core.inference.opening import open_local_engine

    engine = open_local_engine(asdict(batch.batch.request))
    return run_questions(
        batch.batch.question_set,
        engine,
        targets=engine.info.targets,
        on_answer=lambda answer: None,
        should_stop=lambda: False,
    )


def _wait(holds: Callable[[], bool], *, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)
