"""A comparison as a job, with real workers and a server that answers when it is told to: killed, stopped, gone on with.

Real models are compared by workers in test_command_line and test_compare_by_keys.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from chat_server import ChatServer, Reply, chat_server
from command_line import PROJECT, Done, phi

from phi_core.evaluation.answers import Answer, read_answers
from phi_core.evaluation.batch_folder import BatchFolder, BatchSnapshot, read_batch
from phi_core.evaluation.runner import run_questions
from phi_core.files import read_json
from phi_core.jobs.endpoint import KEY_VARIABLE
from phi_core.workers.compare import open_engine

COUNTRIES = ("Japan", "Norway", "France", "Peru")
TOO_LONG = "word " * 400
ANSWERED_FIRST = 3
KEY = "sk-secret-123"


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


class Gate:
    """What the server says to a request: it answers the first few, and the others once the gate is open."""

    def __init__(self) -> None:
        self._first, self._is_open = threading.Semaphore(ANSWERED_FIRST), threading.Event()

    def __call__(self, body: dict[str, Any]) -> Reply | None:
        if not self._first.acquire(blocking=False):
            self._is_open.wait(120)
        is_too_long = body["messages"][-1]["content"] == TOO_LONG
        return (400, [f"too long for {KEY}".encode()]) if is_too_long else None

    def open(self) -> None:
        self._is_open.set()


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with (
        chat_server({"m": "It is Oslo", "n": "It is Tokyo"}) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv(KEY_VARIABLE, KEY)
        yield _told(tmp_path_factory.mktemp("compare"), server)
        assert {headers.get("Authorization") for headers in server.headers} == {f"Bearer {KEY}"}


def _told(home: Path, server: ChatServer) -> Story:
    server.replies = gate = Gate()
    folder = home / "out"
    models = ("--endpoint", f"base={server.url}#m", "--endpoint", f"tuned={server.url}#n")
    command = ["compare", *models, "--questions", _questions(home), "--out", folder]
    files = BatchFolder(folder)

    detached = phi(*command, "--detach")
    _wait(lambda: any(answer.is_given for answer in read_answers(files.answers)))
    worker = read_json(files.status)["pid"]
    os.kill(worker, signal.SIGKILL)
    _wait(lambda: read_batch(folder).status.state == "lost")
    at_kill, killed = read_answers(files.answers), read_batch(folder)

    asked = len(server.asked)
    foreground = _process(*command)
    # Requests of the killed worker may still arrive: what counts is that another worker has the folder.
    _wait(lambda: (read_json(files.status) or {}).get("pid", worker) != worker and len(server.asked) > asked)
    second_start = phi(*command)
    foreground.send_signal(signal.SIGINT)
    words = foreground.communicate(timeout=120)[1].decode()
    stopped = read_batch(folder)

    gate.open()
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


def test_the_key_of_the_endpoints_stands_nowhere(story: Story) -> None:
    """Though the server repeats it."""
    files = [path for path in story.folder.rglob("*") if path.is_file()]
    assert len(files) > 7 and not [path for path in files if KEY.encode() in path.read_bytes()]
    assert KEY not in "".join(
        done.out + done.err for done in (story.detached, story.interrupted, story.ended)
    )
    assert "too long for …" in story.ended.out


def test_the_reports_stand_in_the_folder(story: Story) -> None:
    names = {path.name for path in story.folder.iterdir()}
    assert {"answers.jsonl", "report.md", "report.html", "report.json"} < names
    assert len(read_json(story.folder / "report.json")["answers"]) == len(story.end.answers)


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
    """Without its time."""
    return replace(answer, seconds=0.0)


def _questions(home: Path) -> Path:
    items = [
        {"id": country, "prompt": f"What is the capital of {country}?", "reference": "Tokyo"}
        for country in COUNTRIES
    ]
    items.insert(1, {"id": "long", "prompt": TOO_LONG})
    path = home / "questions.yaml"
    path.write_text(yaml.safe_dump({"questions": items}))
    return path


def _undisturbed(batch: BatchSnapshot) -> tuple[Answer, ...]:
    """The same questions to the same models, in this process and at one go."""
    engine = open_engine(batch.batch.request)
    return run_questions(
        batch.batch.question_set,
        engine,
        targets=engine.info.targets,
        on_answer=lambda answer: None,
        should_stop=lambda: False,
        origins=batch.batch.request.endpoints,
    )


def _wait(holds: Callable[[], bool], *, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)
