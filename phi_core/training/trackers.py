"""Where TensorBoard's files of a run go. Trackers themselves are transformers' callbacks, off unless asked for."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "TENSORBOARD_LOGGING_DIR"


@contextmanager
def tensorboard_in(folder: Path) -> Iterator[None]:
    """Trainers made meanwhile write there; a folder of the user's own is kept to.

    transformers reads the variable once, where its callback is made. It is taken back, or the next run of the same
    process, or any child of it, would write into this run's folder.
    """
    if VARIABLE in os.environ:
        yield
        return
    os.environ[VARIABLE] = str(folder)
    try:
        yield
    finally:
        del os.environ[VARIABLE]
