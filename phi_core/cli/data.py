"""`phi data …`: look at a dataset before a run."""

from phi_core.cli.output import print_json, say
from phi_core.data.check import DataSummary, summary
from phi_core.data.dataset import read_dataset
from phi_core.errors import DataError
from phi_core.files import user_path


def check(path: str, /, *, json: bool = False, limit: int = 20) -> int:
    """Check every record of a file. Exit status 2 if any is faulty.

    Parameters
    ----------
    path
        A JSONL file.
    json
        Print one JSON document.
    limit
        Faults to list at most; all are counted.
    """
    found = summary(read_dataset(user_path(path), fault_limit=limit))
    if json:
        print_json(found.as_json())
    else:
        _print(found)
    if found.num_faults and not json:
        raise DataError(
            f"{path} has {found.num_faults} faulty record{'s' if found.num_faults > 1 else ''}", found.faults
        )
    return 2 if found.num_faults else 0


def _print(found: DataSummary) -> None:
    formats = ", ".join(f"{count} {name}" for name, count in found.formats.items()) or "none"
    say(f"records      {found.num_records} good, {found.num_faults} faulty")
    say(f"formats      {formats}")
    say(f"duplicates   {found.num_duplicates}")
    if found.turns and found.characters:
        say(f"turns        {found.turns.minimum} to {found.turns.maximum}, median {found.turns.median:g}")
        say(
            f"characters   {found.characters.minimum} to {found.characters.maximum}, median {found.characters.median:g}"
        )
    for warning in found.warnings:
        say(f"note         {warning}")
