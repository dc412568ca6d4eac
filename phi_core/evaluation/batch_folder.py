"""The folder of a batch: every file name in it, and a reader that hands out frozen snapshots.

    batch.json            front end, once a start    what is asked of whom (evaluation.batch_request)
    status.json           worker, beside + rename    how far it is (evaluation.batch_status)
    answers.jsonl         worker, appended           one answer a line (evaluation.answers)
    token_changes.jsonl   worker, appended           {"id", "model", "settings", "tokens": [[text, base, adapter, kl], …]}
    judgements.jsonl      worker, appended           a judge's verdicts (evaluation.judge)
    votes.jsonl           front ends, appended       people's (evaluation.votes)
    engine.json           worker, beside + rename    the EngineInfo of the models as loaded, and their "request"
    overlap.json          worker, beside + rename    questions that the run's training data holds (evaluation.overlap)
    report.md|html|json   worker and front ends      the comparison (evaluation.report)
    worker.log            the process                for people, never parsed

A torn last line is "not yet", a line that is no record is passed over, and unknown fields are left to newer readers.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from phi_core.chat.engine import BASE, EngineInfo, TokenChange
from phi_core.chat.wire import info_from
from phi_core.errors import RequestError
from phi_core.evaluation.answers import Answer, read_answers, text_hash
from phi_core.evaluation.batch_request import Batch, batch_from
from phi_core.evaluation.batch_status import BatchStatus, status_from
from phi_core.evaluation.judge import Judgement, judgement_from
from phi_core.evaluation.overlap import Overlap, overlap_from
from phi_core.evaluation.runner import pairs_of
from phi_core.files import read_json
from phi_core.json_lines import read_records

Found = TypeVar("Found")
TokenChanges = dict[tuple[str, str], tuple[TokenChange, ...]]
"""(question id, adapter label) → the tokens of its answer."""
Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class BatchFolder:
    root: Path

    @property
    def batch(self) -> Path:
        return self.root / "batch.json"

    @property
    def status(self) -> Path:
        return self.root / "status.json"

    @property
    def answers(self) -> Path:
        return self.root / "answers.jsonl"

    @property
    def token_changes(self) -> Path:
        return self.root / "token_changes.jsonl"

    @property
    def judgements(self) -> Path:
        return self.root / "judgements.jsonl"

    @property
    def votes(self) -> Path:
        return self.root / "votes.jsonl"

    @property
    def engine(self) -> Path:
        return self.root / "engine.json"

    @property
    def overlap(self) -> Path:
        return self.root / "overlap.json"

    @property
    def log(self) -> Path:
        return self.root / "worker.log"

    @property
    def lock(self) -> Path:
        """Held by the worker while it lives."""
        return self.root / ".lock"

    @property
    def starting(self) -> Path:
        """Held by whoever starts the worker, until it has spoken."""
        return self.root / ".starting"


@dataclass(frozen=True)
class BatchSnapshot:
    """What the folder says now. `answers` are those to the present questions by the present models, question by question.

    `info` is None until the models of this batch are loaded, and until then no answer is known to be theirs.
    `token_changes` are of answers that are here; `overlap` are questions that the run was trained on;
    `judgements` are the judge's, if the batch has one.
    """

    folder: Path
    batch: Batch
    status: BatchStatus
    answers: tuple[Answer, ...] = ()
    token_changes: TokenChanges = field(default_factory=dict)
    info: EngineInfo | None = None
    overlap: tuple[Overlap, ...] = ()
    judgements: tuple[Judgement, ...] = ()


class BatchReader:
    """Reads one folder again and again; a file that has not changed is not read twice. RequestError if it is no batch's."""

    def __init__(self, folder: Path) -> None:
        self.files = BatchFolder(folder)
        self._seen: dict[Path, tuple[Stamp, Any]] = {}
        self._stamps: list[Stamp | None] = []
        self._snapshot: BatchSnapshot | None = None
        self.read()

    def read(self) -> BatchSnapshot:
        """The batch as it is now."""
        files = self.files
        paths = (
            files.batch,
            files.engine,
            files.answers,
            files.token_changes,
            files.overlap,
            files.judgements,
        )
        stamps = [_stamp(path) for path in paths]
        if self._snapshot is None or stamps != self._stamps:
            self._snapshot, self._stamps = self._read_all(), stamps
        return replace(self._snapshot, status=self._status(self._snapshot))

    def status(self) -> BatchStatus:
        """How far it is now, without a look at the answers: what a progress line needs many times a second."""
        return self._status(self._snapshot or self.read())

    def _status(self, snapshot: BatchSnapshot) -> BatchStatus:
        return status_from(read_json(self.files.status), created=snapshot.batch.created)

    def _read_all(self) -> BatchSnapshot:
        files = self.files
        batch = self._cached(files.batch, _batch)
        if batch is None:
            raise RequestError(
                f"{files.root} holds no batch: batch.json is missing or broken", "Start one: phi compare"
            )
        info = _info(files.engine, batch)
        answers = _present(batch, info, self._cached(files.answers, read_answers) or ())
        changes = _of_these(self._cached(files.token_changes, _changes) or {}, answers)
        return BatchSnapshot(
            folder=files.root,
            batch=batch,
            status=BatchStatus(),
            answers=answers,
            token_changes=changes,
            info=info,
            overlap=_overlap(files.overlap),
            judgements=_of_pairs(self._cached(files.judgements, _judgements) or {}, batch, answers),
        )

    def _cached(self, path: Path, read: Callable[[Path], Found]) -> Found | None:
        """What `read` makes of the file; None if there is none."""
        stamp = _stamp(path)
        if stamp is None:
            return None
        if path not in self._seen or self._seen[path][0] != stamp:
            self._seen[path] = (stamp, read(path))
        found: Found = self._seen[path][1]
        return found


def read_batch(folder: Path) -> BatchSnapshot:
    """One snapshot of a batch folder. RequestError if it holds no batch."""
    return BatchReader(folder).read()


def _stamp(path: Path) -> Stamp | None:
    """Differs once the file has changed; None if there is none."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return (stat.st_ino, stat.st_size, stat.st_mtime_ns)


def _batch(path: Path) -> Batch | None:
    record = read_json(path)
    return None if record is None else batch_from(record)


def engine_record(info: EngineInfo, batch: Batch) -> dict[str, Any]:
    """The content of engine.json: what is loaded, and what was asked for, by which readers know it for this batch's."""
    return {**info.as_json(), "request": asdict(batch.request)}


def _info(path: Path, batch: Batch) -> EngineInfo | None:
    """What is loaded for this batch; None where the file tells of another one's models."""
    record = read_json(path)
    if not isinstance(record, dict) or record.pop("request", None) != asdict(batch.request):
        return None
    try:
        return info_from(record)
    except (KeyError, TypeError, ValueError):
        return None


def _overlap(path: Path) -> tuple[Overlap, ...]:
    try:
        return tuple(overlap_from(record) for record in read_json(path) or ())
    except (KeyError, TypeError, ValueError):
        return ()


def _present(batch: Batch, info: EngineInfo | None, answers: tuple[Answer, ...]) -> tuple[Answer, ...]:
    """Of all answers those to this batch's questions by its models, question by question; failed ones too."""
    if info is None:
        return ()
    by_settings = {answer.settings: answer for answer in answers}
    pairs = pairs_of(batch.question_set, info, info.targets, origins=batch.request.endpoints)
    return tuple(by_settings[pair.settings] for pair in pairs if pair.settings in by_settings)


def _judgements(path: Path) -> dict[tuple[str, str], Judgement]:
    """(id, model) → the judge's last word."""
    found = {}
    for record in read_records(path):
        try:
            judgement = judgement_from(record)
        except (KeyError, TypeError, ValueError):
            continue
        found[judgement.id, judgement.model] = judgement
    return found


def _of_pairs(
    judgements: dict[tuple[str, str], Judgement], batch: Batch, answers: tuple[Answer, ...]
) -> tuple[Judgement, ...]:
    """Those on answers as they are here, in a batch that has a judge."""
    if batch.request.judge is None:
        return ()
    base = {answer.id: answer for answer in answers if answer.model == BASE}
    there = [
        (judgement, text_hash(base[answer.id].answer, answer.answer))
        for answer in answers
        if answer.id in base and (judgement := judgements.get((answer.id, answer.model)))
    ]
    return tuple(judgement for judgement, judged in there if judgement.answers == judged)


def _changes(path: Path) -> dict[tuple[str, str], tuple[str, tuple[TokenChange, ...]]]:
    """(id, model) → the settings of the answer that it is about, and its tokens; the last line of a pair counts."""
    found = {}
    for record in read_records(path):
        try:
            tokens = tuple(_change(*token) for token in record["tokens"])
            found[str(record["id"]), str(record["model"])] = (str(record.get("settings", "")), tokens)
        except (KeyError, TypeError, ValueError):
            continue
    return found


def _change(text: str, *figures: float | None) -> TokenChange:
    """null stands for what is not finite. TypeError or ValueError if it is none."""
    if not isinstance(text, str):
        raise TypeError(f"a token must be text, got {text!r}")
    return TokenChange(text, *(math.nan if value is None else float(value) for value in figures))


def _of_these(
    changes: dict[tuple[str, str], tuple[str, tuple[TokenChange, ...]]], answers: tuple[Answer, ...]
) -> TokenChanges:
    """Those that are about an answer that is here: a question asked anew has another."""
    found = {}
    for answer in answers:
        settings, tokens = changes.get((answer.id, answer.model), ("", ()))
        if tokens and settings in ("", answer.settings):
            found[answer.id, answer.model] = tokens
    return found
