"""`phi compare`: base against adapters, checkpoints and endpoints, on a question file or line by line.

With a file it starts a job and follows it: the job lives on without the terminal, and the same command goes on where it
ended. Without one it is a prompt loop.
"""

import shlex
from dataclasses import replace
from pathlib import Path

from phi_core.cli import compare_progress
from phi_core.cli.compare_loop import prompt_loop
from phi_core.cli.compare_result import tell_end
from phi_core.cli.flags import (
    Adapters,
    Checkpoints,
    Device,
    Dtype,
    Endpoints,
    Json,
    Model,
    PromptFormat,
    PromptTemplate,
    Quantization,
    RunName,
    RunsDir,
)
from phi_core.cli.output import print_json, say
from phi_core.cli.target import Target, open_engine, target_of, tell_other_format
from phi_core.errors import RequestError
from phi_core.evaluation.batch_folder import BatchSnapshot, read_batch
from phi_core.evaluation.batch_request import Batch, BatchRequest
from phi_core.evaluation.bundled_sets import existing_question_path
from phi_core.evaluation.question_set import read_question_set, require_questions
from phi_core.files import user_path
from phi_core.jobs import compare_job
from phi_core.jobs.compare_job import batch_folder_of, new_batch
from phi_core.runs.store import runs_root


def compare(
    *,
    model: Model = None,
    adapter: Adapters = None,
    run: RunName = None,
    checkpoint: Checkpoints = None,
    endpoint: Endpoints = None,
    questions: str | None = None,
    out: str | None = None,
    judge: str | None = None,
    skip_bad: bool = False,
    fail_if_worse: bool = False,
    detach: bool = False,
    follow: str | None = None,
    stop: str | None = None,
    json: Json = False,
    prompt_format: PromptFormat = "auto",
    prompt_template: PromptTemplate = None,
    device: Device = "auto",
    dtype: Dtype = "auto",
    quantization: Quantization = "none",
    runs_dir: RunsDir = None,
) -> int:
    """Put the same questions to the base model and to adapters of it. Without --questions: a prompt loop.

    Parameters
    ----------
    questions
        A YAML file of questions, or the name of a bundled set.
    out
        Folder for the answers and reports [default: in the run's folder, else in comparisons in the folder of the runs].
        What is answered there already, by the same weights with the same settings, is not asked again.
    judge
        Who compares each answer with the base's, in both orders: URL#MODEL, the label of a column, or base.
    skip_bad
        Ask the good questions of a file that has bad ones.
    fail_if_worse
        Exit with status 1 if an adapter is worse than the base.
    detach
        Return at once; the comparison goes on without this terminal.
    follow
        Watch the comparison in this folder to its end. Ctrl-C ends the watching.
    stop
        End the comparison in this folder; the same command as before goes on with it.
    """
    if stop is not None:
        return _stop(user_path(stop))
    if follow is not None:
        return tell_end(compare_progress.follow(user_path(follow)), json=json, fail_if_worse=fail_if_worse)
    target = target_of(
        model,
        adapter,
        run,
        runs_dir,
        checkpoints=checkpoint,
        endpoints=endpoint,
        prompt_format=prompt_format,
        prompt_template=prompt_template,
    )
    if questions is None:
        return prompt_loop(lambda: open_engine(target, device=device, dtype=dtype, quantization=quantization))
    asked = read_question_set(existing_question_path(questions))
    require_questions(asked, skip_bad=skip_bad)
    request = replace(_request(target, judge), device=device, dtype=dtype, quantization=quantization)
    batch = new_batch(asked, request, run=target.run)
    folder = (
        user_path(out) if out else batch_folder_of(asked, request, run=target.run, root=runs_root(runs_dir))
    )
    if detach:
        return _detached(folder, batch, json=json, fail_if_worse=fail_if_worse)
    found = _carried_out(folder, batch, target)
    return tell_end(found, json=json, fail_if_worse=fail_if_worse)


def _request(target: Target, judge: str | None) -> BatchRequest:
    """RequestError if the judge is neither an address nor a column."""
    columns = ("base", *target.adapters, *target.endpoints)
    if judge is not None and "://" not in judge and judge not in columns:
        raise RequestError(
            f"--judge {judge!r} is no column", f"Give URL#MODEL, or one of {', '.join(columns)}"
        )
    return BatchRequest(
        model_name=target.model,
        adapters={label: str(path) for label, path in target.adapters.items()},
        endpoints=target.endpoints,
        revision=target.revision,
        prompt_format=target.prompt_format,
        prompt_template=target.prompt_template,
        trust_remote_code=target.trust_remote_code,
        judge=judge,
    )


def _carried_out(folder: Path, batch: Batch, target: Target) -> BatchSnapshot:
    found = compare_progress.start_and_follow(folder, lambda: compare_job.start(folder, batch))
    if found.info is not None:
        tell_other_format(target, found.info)
    return found


def _detached(folder: Path, batch: Batch, *, json: bool, fail_if_worse: bool) -> int:
    if fail_if_worse:
        raise RequestError(
            "--fail_if_worse and --detach are both given",
            "Give --fail_if_worse to --follow, which sees the end",
        )
    compare_job.start(folder, batch)
    if json:
        print_json({"id": batch.id, "path": str(folder.resolve())})
    else:
        say(str(folder))
        say(f"Watch it: phi compare --follow {shlex.quote(str(folder))}")
    return 0


def _stop(folder: Path) -> int:
    read_batch(folder)
    compare_job.stop(folder)
    say(f"{folder} stops; what is answered stays")
    return 0
