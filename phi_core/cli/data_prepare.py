"""`phi data prepare`: tokenise the data of a run once, so that every later start skips it."""

from typing import Any

from phi_core.cli.data_progress import progress_line
from phi_core.cli.options import configured, with_training_options
from phi_core.cli.output import print_json, say_row
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
    model, spec = model_facts(settings, fetches=True), data_spec(settings)
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
    say_row("records", f"{found['records']:,}{skipped}")
    say_row("tokens", f"{found['tokens']:,} ({found['tokens_are']})")
    size = f"{num_bytes(data.folder) / 2**20:.1f} MiB"
    say_row("folder", f"{data.folder} ({size}{', was there already' if was_there else ''})")
    say_row("fingerprint", data.fingerprint)
    return 0
