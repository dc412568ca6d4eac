"""What people wrote on a run: name, tags, note; as text and back. Pure; `phi runs label` keeps the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from phi_core.plain_text import one_line
from phi_core.runs.reader import Run

MOST_TAGS = 20


@dataclass(frozen=True)
class Written:
    """`note` is "" and `tags` are () where there are none."""

    note: str = ""
    tags: tuple[str, ...] = ()

    @property
    def changes(self) -> Mapping[str, Any]:
        """For the run's labels."""
        return {"note": self.note, "tags": list(self.tags)}


def written(run: Run) -> Written:
    tags = run.labels.get("tags")
    listed = tags if isinstance(tags, list) else []
    return Written(str(run.labels.get("note") or ""), tuple(map(str, listed)))


def tags_from(text: str) -> tuple[str, ...]:
    """Tags between commas or spaces, each once."""
    return tuple(dict.fromkeys(text.replace(",", " ").split()))[:MOST_TAGS]


def label_line(run: Run) -> str:
    """Tags and note on one line, "" if there are none."""
    told = written(run)
    parts = (" ".join(f"#{tag}" for tag in told.tags), told.note)
    return one_line(" · ".join(part for part in parts if part))
