"""The compare worker's ends, in this process and with a fake engine: nothing that was answered is ever lost."""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from batch_factory import batch_of, capitals, right
from chat_server import chat_server
from fake_engine import FakeEngine

from phi_core.chat.engine import Engine, EngineInfo
from phi_core.errors import AdapterError
from phi_core.evaluation.answers import read_answers
from phi_core.evaluation.batch_folder import BatchFolder, BatchSnapshot, read_batch
from phi_core.evaluation.batch_request import BatchRequest, batch_record
from phi_core.files import write_json
from phi_core.workers.compare import main

SCRIPTS = {"base": "no idea", "tuned": right}


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def work(folder: Path, opened: Callable[[BatchRequest], Engine]) -> tuple[int, BatchSnapshot]:
    write_json(BatchFolder(folder).batch, batch_record(batch_of(capitals())))
    status = main([str(folder)], opened=opened)
    return status, read_batch(folder)


def terminates_at(chunk: int) -> Callable[[], None]:
    """Sends this process a SIGTERM when the engine gives its chunk of this number."""
    chunks = iter(range(1, 1000))

    def tick() -> None:
        if next(chunks) == chunk:
            os.kill(os.getpid(), signal.SIGTERM)

    return tick


def test_a_batch_ends_with_answers_in_order_token_changes_and_reports(tmp_path: Path) -> None:
    status, found = work(tmp_path, lambda request: FakeEngine(SCRIPTS))
    assert (status, found.status.state, found.status.done, found.status.failed) == (0, "finished", 10, 0)
    assert read_answers(BatchFolder(tmp_path).answers) == found.answers
    assert len(BatchFolder(tmp_path).answers.read_bytes().splitlines()) == 10
    assert len(found.token_changes) == 5
    assert {"report.md", "report.html", "report.json"} < {path.name for path in tmp_path.iterdir()}


def test_an_error_that_nobody_foresaw_is_one_answer_s_fault(tmp_path: Path) -> None:
    class Breaks(FakeEngine):
        def _answer(self, prompt: str, target: str) -> str:
            if prompt == "2: Japan?" and target == "tuned":
                raise RuntimeError("CUDA error")
            return super()._answer(prompt, target)

    status, found = work(tmp_path, lambda request: Breaks(SCRIPTS))
    errors = {(answer.id, answer.model): answer.error for answer in found.answers if answer.error}
    assert errors == {("2", "tuned"): "RuntimeError: CUDA error"}
    assert (status, found.status.state, found.status.done, found.status.failed) == (0, "finished", 10, 1)


def test_a_signal_in_the_middle_keeps_what_was_answered_and_the_rest_is_asked_later(tmp_path: Path) -> None:
    status, found = work(tmp_path, lambda request: FakeEngine(SCRIPTS, before_chunk=terminates_at(8)))
    done = [(answer.id, answer.model, answer.answer) for answer in found.answers]
    assert done == [
        ("1", "base", "no idea"),
        ("1", "tuned", "Paris"),
        ("2", "base", "no idea"),
        ("2", "tuned", "Tokyo"),
    ]
    assert (status, found.status.state, found.status.done) == (0, "stopped", 4)
    assert "Paris" in (tmp_path / "report.md").read_text()

    engine = FakeEngine(SCRIPTS)
    status, found = work(tmp_path, lambda request: engine)
    assert (status, found.status.state, found.status.answered_before) == (0, "finished", 4)
    assert engine.batches == [6]
    undisturbed = tmp_path / "undisturbed"
    undisturbed.mkdir()
    assert found.answers == work(undisturbed, lambda request: FakeEngine(SCRIPTS))[1].answers


def test_a_signal_while_the_models_load_ends_the_worker(tmp_path: Path) -> None:
    def loading(request: BatchRequest) -> Engine:
        os.kill(os.getpid(), signal.SIGTERM)
        return FakeEngine(SCRIPTS)

    status, found = work(tmp_path, loading)
    assert (status, found.status.state, found.answers) == (0, "stopped", ())


def test_a_signal_between_two_works_of_the_models_ends_the_worker_at_the_next(tmp_path: Path) -> None:
    class Asked(FakeEngine):
        looks = 0

        @property
        def info(self) -> EngineInfo:
            self.looks += 1
            if self.looks == 5:
                os.kill(os.getpid(), signal.SIGTERM)
            return super().info

    status, found = work(tmp_path, lambda request: Asked(SCRIPTS))
    assert (status, found.status.state) == (0, "stopped")


def test_models_that_cannot_be_loaded_fail_the_batch_and_leave_its_answers(tmp_path: Path) -> None:
    def refused(request: BatchRequest) -> Engine:
        raise AdapterError("adapter tuned was trained on other weights", "Name its base")

    work(tmp_path, lambda request: FakeEngine(SCRIPTS))
    before = BatchFolder(tmp_path).answers.read_bytes()
    status, found = work(tmp_path, refused)
    assert (status, found.status.state, found.status.error_kind) == (1, "failed", "AdapterError")
    assert BatchFolder(tmp_path).answers.read_bytes() == before


def test_a_fault_of_phi_is_told_with_the_log(tmp_path: Path) -> None:
    def broken(request: BatchRequest) -> Engine:
        raise KeyError("rank")

    status, found = work(tmp_path, broken)
    assert (status, found.status.error) == (1, "KeyError: 'rank'")
    assert "worker.log" in found.status.remedy


def test_a_failed_question_is_asked_again_by_the_next_start(tmp_path: Path) -> None:
    _, found = work(tmp_path, lambda request: FakeEngine(SCRIPTS, failing=["1: France?"]))
    assert (found.status.failed, found.status.done) == (2, 10)
    engine = FakeEngine(SCRIPTS)
    _, found = work(tmp_path, lambda request: engine)
    assert (found.status.failed, engine.batches) == (0, [2])


def test_questions_that_the_run_was_trained_on_are_marked(tmp_path: Path) -> None:
    run, folder = tmp_path / "run", tmp_path / "out"
    run.mkdir()
    folder.mkdir()
    data = tmp_path / "data.jsonl"
    data.write_text('{"prompt": "Hi", "response": "Hello"}\n{"prompt": "2: Japan?", "response": "Tokyo"}\n')
    (run / "config.yaml").write_text(f"model_name: demo\ndataset_path: {data}\n")
    batch = replace(batch_of(capitals()), run_path=str(run))
    write_json(BatchFolder(folder).batch, batch_record(batch))
    assert main([str(folder)], opened=lambda request: FakeEngine(SCRIPTS)) == 0
    assert [(found.id, found.record) for found in read_batch(folder).overlap] == [("2", "data.jsonl:2")]

    data.unlink()
    assert main([str(folder)], opened=lambda request: FakeEngine(SCRIPTS)) == 0
    assert read_batch(folder).overlap == ()
    assert read_batch(folder).status.state == "finished"


def test_a_judge_is_asked_about_each_pair_and_not_twice(tmp_path: Path) -> None:
    def both(prompt: str) -> str:
        return right(prompt) if prompt in asked else "Verdict: 1"

    asked = [question.prompt for question in capitals().questions]
    batch = batch_of(capitals())
    batch = replace(batch, request=replace(batch.request, judge="tuned"))
    write_json(BatchFolder(tmp_path).batch, batch_record(batch))
    engines = [FakeEngine({"base": "no idea", "tuned": both}) for _ in range(2)]
    for engine in engines:
        assert main([str(tmp_path)], opened=lambda request, engine=engine: engine) == 0  # type: ignore[misc]
    found = read_batch(tmp_path)
    assert [(judgement.id, judgement.model) for judgement in found.judgements] == [
        (question.id, "tuned") for question in capitals().questions
    ]
    assert [engine.batches for engine in engines] == [[10, 10], []]
    assert "judge" in (tmp_path / "report.md").read_text().lower()


def test_models_behind_endpoints_are_columns_and_judges_with_real_servers(tmp_path: Path) -> None:
    with chat_server({"m": "no idea", "n": right, "judge": "Verdict: tie"}) as server:
        request = BatchRequest(
            None,
            endpoints={"base": f"{server.url}#m", "other": f"{server.url}#n"},
            judge=f"{server.url}#judge",
        )
        batch = replace(batch_of(capitals()), request=request)
        write_json(BatchFolder(tmp_path).batch, batch_record(batch))
        assert main([str(tmp_path)]) == 0
        found = read_batch(tmp_path)
        asked = len(server.asked)
        assert main([str(tmp_path)]) == 0
        assert len(server.asked) == asked
    assert [answer.score for answer in found.answers] == [0.0, 1.0] * 5
    assert {answer.reference_log_likelihood for answer in found.answers} == {None}
    assert found.token_changes == {}
    assert {judgement.verdict for judgement in found.judgements} == {"tie"}
    assert found.info and not found.info.proof.holds
