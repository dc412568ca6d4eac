"""`phi guide`: the chapters of the guide, to be read in a plain terminal. The app shows the same by F1, then g."""

from phi_core.cli.output import print_json, say, table
from phi_core.guide.chapters import LINK, Chapter, chapters, find_chapter


def guide(chapter: str | None = None, /, *, json: bool = False) -> int:
    """How to set up a run, read its curves and mend what went wrong. Without a chapter: the list of them.

    Parameters
    ----------
    chapter
        Its name, or the beginning of it.
    json
        Print one JSON document.
    """
    shown = chapters() if chapter is None else (find_chapter(chapter),)
    if json:
        print_json([_record(each, with_text=chapter is not None) for each in shown])
    elif chapter is None:
        say(table(("chapter", "title", "about"), [(each.name, each.title, each.about) for each in shown]))
        say("\nphi guide CHAPTER shows one; in the app F1, then g.")
    else:
        say(readable(shown[0].text).rstrip())
    return 0


def readable(text: str) -> str:
    """A chapter with its links as the commands that show them."""
    return LINK.sub(r"\1 (phi guide \2)", text)


def _record(chapter: Chapter, *, with_text: bool) -> dict[str, str]:
    text = {"text": chapter.text} if with_text else {}
    return {"name": chapter.name, "title": chapter.title, "about": chapter.about, **text}
