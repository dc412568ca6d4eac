"""`phi demo`: the bundled model, dataset, questions and configuration; with --run the whole job on them."""

import os
import shutil
import sys
from pathlib import Path

from phi_core.cli.output import say
from phi_core.demo import write_demo
from phi_core.errors import RequestError
from phi_core.files import user_path

NEXT = """Next:

  cd {folder}
  {phi} train train.yaml                                           a LoRA run, half a minute on two cores
  {phi} compare --run latest --questions questions.yaml --out out  base and adapter side by side
  {phi} chat --run latest                                          talk to the result
  {phi} tui                                                        all of it in the full-screen app"""


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
    say(f"\n{NEXT.format(folder=target, phi=program())}")
    return 0


def _train_and_compare(folder: Path) -> int:
    from phi_core.cli.compare import compare
    from phi_core.cli.train import train

    phi = program()  # before the folder changes: it may have been called by a relative path
    os.chdir(folder)
    status = train("train.yaml") or compare(run="latest", questions="questions.yaml", out="out")
    if status == 0:
        say(f"\nBase and adapter, side by side: {folder}/out/report.html. Now open the app:")
        say(f"\n  cd {folder} && {phi} tui")
    return status


def program() -> str:
    """What to type for this program in any folder: `phi` where the shell finds it, else its whole path."""
    called = Path(sys.argv[0])
    if shutil.which("phi"):
        return "phi"
    return str(called.resolve()) if called.name == "phi" else f"{sys.executable} -m phi_core"
