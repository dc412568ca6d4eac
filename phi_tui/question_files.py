"""The question files that Compare offers: those of the current folder, and those that phi brings. Reads names only."""

from dataclasses import dataclass
from pathlib import Path

from phi_core.evaluation.bundled_sets import bundled

HERE = ("*question*.yaml", "question_sets/*.yaml")


@dataclass(frozen=True)
class QuestionFile:
    """`words` is what a list shows."""

    path: Path
    words: str


def question_files(folder: Path = Path()) -> tuple[QuestionFile, ...]:
    """Those of the folder first."""
    here = sorted({path for pattern in HERE for path in folder.glob(pattern)})
    there = [path for path in bundled() if path.resolve() not in {own.resolve() for own in here}]
    return (
        *(QuestionFile(path, str(path)) for path in here),
        *(QuestionFile(path, f"{path.stem} (brought by phi)") for path in there),
    )
