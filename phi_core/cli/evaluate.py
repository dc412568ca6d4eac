"""`phi eval`: token-weighted validation loss and perplexity of base and adapter on the same records."""

import sys
from typing import Literal

from phi_core.cli.flags import Adapters, Device, Dtype, Json, Model, RunName, RunsDir
from phi_core.cli.output import print_json, say, table
from phi_core.cli.target import open_engine, target_of
from phi_core.data.dataset import read_dataset, require_records
from phi_core.evaluation.perplexity import evaluate_perplexity
from phi_core.files import user_path


def evaluate(
    *,
    data: str,
    model: Model = None,
    adapter: Adapters = None,
    run: RunName = None,
    on_bad_record: Literal["error", "skip"] = "error",
    json: Json = False,
    device: Device = "auto",
    dtype: Dtype = "auto",
    runs_dir: RunsDir = None,
) -> int:
    """Loss and perplexity of the answers in a file, for the base and for each adapter.

    Parameters
    ----------
    data
        A JSONL file of records.
    on_bad_record
        What a faulty record does.
    """
    target = target_of(model, adapter, run, runs_dir)
    records = require_records(read_dataset(user_path(data)), on_bad_record=on_bad_record)
    engine = open_engine(target, device=device, dtype=dtype)
    try:
        losses = evaluate_perplexity(
            [record.messages for record in records],
            engine,
            targets=engine.info.targets,
            on_progress=_progress,
        )
    finally:
        engine.close()
    if json:
        print_json(
            {
                "data": data,
                "base_proved": engine.info.proof.holds,
                "models": {name: loss.__dict__ for name, loss in losses.items()},
            }
        )
        return 0
    rows = [
        (name, f"{loss.loss:.4f}", f"{loss.perplexity:.4g}", str(loss.tokens), str(loss.records))
        for name, loss in losses.items()
    ]
    say(engine.info.proof.sentence())
    say(table(("model", "loss", "perplexity", "trained tokens", "records"), rows))
    return 0


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(
            f"\r{done}/{total} records" + ("\n" if done == total else ""), end="", file=sys.stderr, flush=True
        )
