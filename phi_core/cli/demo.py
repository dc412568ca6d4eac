"""`phi demo`: write the bundled model, dataset, questions and configuration into a folder."""

from pathlib import Path

from phi_core.cli.output import say
from phi_core.demo import write_demo
from phi_core.errors import RequestError


def demo(directory: str = "phi-demo", /) -> int:
    """Write the bundled tiny model, dataset, question set and train.yaml: everything then works offline.

    Parameters
    ----------
    directory
        The folder to write them into.
    """
    target = Path(directory).expanduser()
    try:
        written = write_demo(target)
    except FileExistsError as error:
        raise RequestError(f"{error}", "Name another folder: phi demo OTHER") from None
    except OSError as error:
        raise RequestError(f"{target} cannot be written: {error.strerror}", "Name another folder") from None
    say(f"Wrote {len(written)} items to {target}/. Next:\n")
    say(
        f"  cd {target}\n  phi train train.yaml\n  phi compare --run latest --questions questions.yaml --out out\n  phi tui"
    )
    return 0
