"""`phi data prepare`: tokenise the data of a run once, so that every later start skips it."""

from typing import Any

from phi_core.cli.data_progress import progress_line
from phi_core.cli.options import configured, with_training_options
from phi_core.cli.output import print_json, say
from phi_core.planning.run_data import data_spec
from phi_core.planning.run_plan import model_facts
from phi_core.samples.cache import num_bytes
from phi_core.samples.prepare import find_prepared, prepare


@with_training_options
def prepare_data(config: str | None = None, /, *, json: bool = False, **given: Any) -> int:
    """Tokenise data once into a ready dataset. Training and eval of the same data then start at once.

    Parameters
    ----------
    config
        A YAML file of options; flags win over it.
    json
        Print one JSON document.
    """
    settings = configured(config, given)
    model, spec = model_facts(settings), data_spec(settings)
    form = model.form if model.tokenizer else None
    was_there = find_prepared(spec, form, model.tokenizer) is not None
    with progress_line() as on_progress:
        data = prepare(spec, form, model.tokenizer, on_progress=on_progress)
    found = {
        "fingerprint": data.fingerprint,
        "folder": str(data.folder),
        "was_there": was_there,
        "records": len(data),
        "skipped": data.num_faults,
        "tokens": int(data.num_tokens.sum(dtype="int64")),
        "tokens_are": "counted" if data.is_exact else "estimated as characters / 4",
        "bytes": num_bytes(data.folder),
    }
    if json:
        print_json(found)
        return 0
    skipped = f", {data.num_faults:,} faulty skipped" if data.num_faults else ""
    say(f"records      {found['records']:,}{skipped}")
    say(f"tokens       {found['tokens']:,} ({found['tokens_are']})")
    say(
        f"{'found in' if was_there else 'written to'}   {data.folder} ({num_bytes(data.folder) / 2**20:.1f} MiB)"
    )
    say(f"fingerprint  {data.fingerprint}")
    return 0
