"""The question sets that come with phi, found by name wherever phi is installed.

In a wheel they lie beside this file; in a source checkout, in its folder `question_sets`. Knows where, not what they hold.
"""

from pathlib import Path

from phi_core.errors import QuestionSetError
from phi_core.files import user_path

FOLDER = "question_sets"
_PLACES = (Path(__file__).parent / FOLDER, Path(__file__).parents[2] / FOLDER)


def bundled() -> tuple[Path, ...]:
    """The files, by name; () if this installation has none."""
    folder = next((place for place in _PLACES if place.is_dir()), None)
    return tuple(sorted(folder.glob("*.yaml"))) if folder else ()


def find(name: str) -> Path | None:
    """The bundled set of this name (its file name without `.yaml`), None if there is none."""
    return next((path for path in bundled() if path.stem == name), None)


def question_path(text: str) -> Path:
    """What a person means by a question file: a file if there is one, else the bundled set of that name, else the path."""
    path = user_path(text)
    return path if path.exists() else find(text) or path


def existing_question_path(text: str) -> Path:
    """The same; QuestionSetError with the names of the bundled sets if there is nothing of that name."""
    path = question_path(text)
    if not path.exists():
        names = ", ".join(found.stem for found in bundled())
        raise QuestionSetError(
            f"question file {path} does not exist",
            remedy=f"Give a file, or a bundled set: {names or 'there is none'}",
        )
    return path
