"""A run with a comparison in its own folder, as front end and worker would leave it: answered by a fake engine.

Step by step: `begin`, `answer` some, `end` or `lose`; between them the batch runs, and its process is this one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from fake_engine import FakeEngine, Script
from run_factory import DEAD
from view_app import finished_run

from phi_core.chat.engine import BASE, BaseProof
from phi_core.evaluation.answer_changes import measure_changes
from phi_core.evaluation.answers import Answer
from phi_core.evaluation.batch_folder import BatchFolder, engine_record, read_batch
from phi_core.evaluation.batch_request import Batch, BatchRequest, batch_record
from phi_core.evaluation.batch_writer import BatchWriter
from phi_core.evaluation.question_set import read_question_set
from phi_core.evaluation.runner import run_questions
from phi_core.files import read_json, write_json
from phi_core.jobs.compare_job import batch_folder_of, new_batch
from phi_core.runs.reader import read_run
from phi_tui.compare_choice import choice_of, of_run


class ComparedRun:
    """`scripts` maps "base" and the labels of adapters to what they answer; "run-1" is the run's own adapter."""

    def __init__(
        self,
        root: Path,
        questions: Path,
        scripts: Mapping[str, Script],
        *,
        failing: Sequence[str] = (),
        proof: BaseProof | None = None,
        judge: str | None = None,
    ) -> None:
        self._judge = judge
        path = root / "run-1"
        self.run = read_run(path if path.exists() else finished_run(root, "run-1"))
        self.engine = FakeEngine(scripts, failing=failing, proof=proof)
        self.question_set = read_question_set(questions)
        self.folder = batch_folder_of(self.question_set, self._request, run=self.run, root=root)
        self.given: list[Answer] = []

    @property
    def _request(self) -> BatchRequest:
        request = choice_of(of_run(self.run)[:1]).request
        labels = [target for target in self.engine.info.targets if target not in (BASE, "run-1")]
        others = {label: str(self.run.layout.final_adapter.resolve()) for label in labels}
        return replace(request, adapters={**request.adapters, **others}, judge=self._judge)

    def begin(self) -> "ComparedRun":
        batch: Batch = new_batch(self.question_set, self._request, run=self.run)
        self.folder.mkdir(parents=True, exist_ok=True)
        files = BatchFolder(self.folder)
        write_json(files.batch, batch_record(batch))
        write_json(files.engine, engine_record(self.engine.info, batch))
        self.writer = BatchWriter(self.folder)
        total = len(self.question_set.questions) * len(self.engine.info.targets)
        self.given = list(read_batch(self.folder).answers)
        self.writer.begin(self.given, total=total)
        self.writer.status(activity="answering")
        return self

    def answer(self, count: int = 10_000) -> "ComparedRun":
        """So many more answers."""
        before = len(self.given)

        def keep(answer: Answer) -> None:
            self.writer.answer(answer)
            self.given.append(answer)

        run_questions(
            self.question_set,
            self.engine,
            targets=self.engine.info.targets,
            on_answer=keep,
            should_stop=lambda: len(self.given) - before >= count,
            already=tuple(self.given),
        )
        return self

    def end(self, state: str = "finished") -> Path:
        measure_changes(self.question_set, self.given, self.engine, on_changes=self.writer.token_changes)
        self.writer.end(state)  # type: ignore[arg-type]
        return self.folder

    def lose(self) -> Path:
        """As after kill -9: it says that it runs, and no such process is there."""
        self.writer.end("finished")
        status = BatchFolder(self.folder).status
        write_json(status, {**read_json(status), "state": "running", **DEAD})
        return self.folder
