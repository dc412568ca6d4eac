"""`phi demo`: the bundled model, dataset, questions and configuration; with --run the whole job on them."""

import os
from pathlib import Path

from phi_core.cli.output import say
from phi_core.demo import write_demo
from phi_core.errors import RequestError
from phi_core.files import user_path

NEXT = """Next, in {folder}:

  phi train train.yaml                                          a LoRA run, half a minute on two cores
  phi compare --run latest --questions questions.yaml --out out  base and adapter side by side
  phi chat --run latest                                         talk to the result
  phi tui                                                       all of it in the full-screen app"""


def demo(directory: str = "phi-demo", /, *, run: bool = False) -> int:
    """Write the bundled tiny model, dataset, question set and train.yaml: everything then works offline.

    Parameters
    ----------
    directory
        The folder to write them into.
    run
        Also train on them and compare the result with the base.
    """
    target = user_path(directory)
    if target.exists() and not target.is_dir():
        raise RequestError(f"{target} is a file", "Name another folder: phi demo OTHER")
    try:
        written = write_demo(target)
    except FileExistsError as error:
        raise RequestError(str(error)) from None
    except OSError as error:
        raise RequestError(f"{target} cannot be written: {error.strerror}", "Name another folder") from None
    say(f"Wrote {len(written)} items to {target}/")
    if run:
        return _train_and_compare(target)
    say(f"\n{NEXT.format(folder=target)}")
    return 0


def _train_and_compare(folder: Path) -> int:
    from phi_core.cli.compare import compare
    from phi_core.cli.train import train

    os.chdir(folder)
    status = train("train.yaml") or compare(run="latest", questions="questions.yaml", out="out")
    if status == 0:
        say(
            f"\nBase and adapter, side by side: {folder}/out/report.html. Now open the app:\n\n  cd {folder} && phi tui"
        )
    return status
