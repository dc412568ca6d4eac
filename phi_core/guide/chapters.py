"""The chapters of the guide: their names, titles and order; the text of one is read when it is asked for.

A chapter is a Markdown file beside this one. Its first line is its title. It is written in a small Markdown: headings,
paragraphs, lists of one level, fenced code, **strong words**, `code` and links to other chapters; no tables. Keys are
named as `F10` in Train: by the tab or dialog in which they work. Knows no screen.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from phi_core.errors import RequestError

FOLDER = Path(__file__).parent
LINK = re.compile(r"\[([^\]]+)\]\((\w+)\.md\)")


@dataclass(frozen=True)
class Chapter:
    """`name` is that of the file and of the command; `about` says in a few words what for."""

    name: str
    title: str
    about: str

    @property
    def text(self) -> str:
        """The whole chapter, title and all."""
        return (FOLDER / f"{self.name}.md").read_text(encoding="utf-8")


CHAPTERS = (
    Chapter("first_run", "First run", "from nothing to an adapter that answers"),
    Chapter("options", "Choosing options", "learning rate, batch, epochs, rank, schedule"),
    Chapter("layers", "Layers and goals", "what the adapter stands on"),
    Chapter("data", "Data and prompts", "records, formats, what is trained, splits"),
    Chapter("curves", "Reading the curves", "loss, validation, over-fitting, spikes"),
    Chapter("out_of_memory", "Out of memory", "what helps, in which order"),
    Chapter("poor_results", "Poor results", "the loss or the answers are not good"),
    Chapter("slow_training", "Slow training", "what takes the time, what does not"),
    Chapter("base_and_adapter", "Base against adapter", "how to tell that it is better"),
    Chapter("words", "Words", "what the terms mean"),
)


def chapters() -> tuple[Chapter, ...]:
    """All of them, in the order in which a beginner reads them."""
    return CHAPTERS


def find_chapter(name: str) -> Chapter:
    """By its name, its title, or the beginning of one of them. RequestError that names those there are."""
    wanted = _folded(name)
    found = [chapter for chapter in CHAPTERS if wanted in (_folded(chapter.name), _folded(chapter.title))]
    found = found or [chapter for chapter in CHAPTERS if _begins(chapter, wanted)]
    if len(found) != 1:
        known = ", ".join(chapter.name for chapter in found or CHAPTERS)
        raise RequestError(f"the guide has no chapter {name!r}", f"There are {known}")
    return found[0]


def links(text: str) -> tuple[str, ...]:
    """The names of the chapters that a text links to."""
    return tuple(name for _, name in LINK.findall(text))


def _begins(chapter: Chapter, wanted: str) -> bool:
    return bool(wanted) and any(_folded(word).startswith(wanted) for word in (chapter.name, chapter.title))


def _folded(words: str) -> str:
    return re.sub(r"[\s_-]+", " ", words).strip().lower()
