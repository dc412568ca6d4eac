"""Reports: a comparison as report.md, report.html and report.json in one folder.

Each is written beside and renamed, so that a reader sees the old or the new one, never half of one. Knows nothing about
engines or screens.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from phi_core.evaluation.batch_request import question_set_record
from phi_core.evaluation.comparison import Comparison, header, notes, verdicts, warnings
from phi_core.evaluation.html_report import html
from phi_core.evaluation.judge_results import judge_summary
from phi_core.evaluation.markdown_report import markdown
from phi_core.files import json_text, write_text

__all__ = ["Comparison", "report_json", "write_report"]


def write_report(directory: Path, comparison: Comparison) -> tuple[Path, ...]:
    """The three files."""
    directory.mkdir(parents=True, exist_ok=True)
    texts = {
        "report.md": markdown(comparison),
        "report.html": html(comparison),
        "report.json": f"{json_text(report_json(comparison))}\n",
    }
    for name, text in texts.items():
        write_text(directory / name, text)
    return tuple(directory / name for name in texts)


def report_json(comparison: Comparison) -> dict[str, Any]:
    """The whole comparison as plain data; a number that is not finite becomes null."""
    return {
        "format": 1,
        "created": comparison.created,
        "run_id": comparison.run_id,
        "header": dict(header(comparison)),
        "verdicts": verdicts(comparison.summary),
        "notes": notes(comparison),
        "warnings": warnings(comparison),
        "summary": asdict(comparison.summary),
        "question_set": question_set_record(comparison.question_set),
        "engine": comparison.info.as_json(),
        "adapters": {label: str(path) for label, path in comparison.adapters.items()},
        "strength": dict(comparison.strength),
        "answers": [answer.as_json() for answer in comparison.answers],
        "overlap": [found.as_json() for found in comparison.overlap],
        "judge": _judge_json(comparison),
        "votes": comparison.votes.as_json() if comparison.votes is not None else None,
        "token_changes": [
            {"id": id, "model": model, "tokens": [[c.text, c.base, c.adapter, c.kl] for c in changes]}
            for (id, model), changes in comparison.token_changes.items()
        ],
    }


def _judge_json(comparison: Comparison) -> dict[str, Any] | None:
    """None if nobody judged."""
    if not comparison.judgements:
        return None
    return {
        "model": comparison.judge,
        "summary": asdict(judge_summary(comparison.judgements)),
        "judgements": [found.as_json() for found in comparison.judgements],
    }
