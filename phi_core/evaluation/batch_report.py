"""The report of a batch folder, written from what stands in it: by its worker at the end, and anew by whoever has added
votes to it. Knows nothing about engines.
"""

import time
from pathlib import Path

from phi_core.errors import RequestError
from phi_core.evaluation.batch_folder import BatchSnapshot, read_batch
from phi_core.evaluation.batch_votes import batch_vote_results, batch_votes
from phi_core.evaluation.comparison import Comparison
from phi_core.evaluation.report import write_report
from phi_core.evaluation.statistics import summarise


def write_batch_report(folder: Path) -> tuple[Path, ...]:
    """report.md, report.html and report.json from the folder. RequestError if it holds no batch or no answer yet."""
    return write_report(folder, comparison_of(read_batch(folder)))


def comparison_of(snapshot: BatchSnapshot) -> Comparison:
    """All that the folder says of the batch. RequestError before its models were loaded."""
    if snapshot.info is None:
        raise RequestError(
            f"{snapshot.folder} holds no answer of these models yet", "Start the comparison: phi compare"
        )
    batch = snapshot.batch
    return Comparison(
        question_set=batch.question_set,
        answers=snapshot.answers,
        info=snapshot.info,
        adapters={label: Path(path) for label, path in batch.request.adapters.items()},
        run_id=batch.run_id,
        created=time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(batch.created)),
        summary=summarise(
            snapshot.answers,
            questions=batch.question_set.questions,
            overlapping=[found.id for found in snapshot.overlap],
        ),
        overlap=snapshot.overlap,
        judgements=snapshot.judgements,
        token_changes=snapshot.token_changes,
        votes=batch_vote_results(snapshot) if batch_votes(snapshot) else None,
        judge=batch.request.judge or "",
    )
