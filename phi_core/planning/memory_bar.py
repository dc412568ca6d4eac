"""Memory that a run needs and memory that is free, as one bar of text. Every front end draws this one."""

from collections.abc import Sequence

CELLS = 24
FULL, EMPTY, OVER = "█", "░", "▒"


def memory_bar(needed_gib: float, free_gib: float, *, width: int = CELLS) -> str:
    """`width` characters: what is needed as a share of what is free.

    Where more is needed than is free the whole bar is the need, and the part beyond what is free is drawn as ▒.
    """
    if needed_gib <= free_gib:
        cells = round(width * needed_gib / free_gib) if free_gib > 0 else 0
        return FULL * cells + EMPTY * (width - cells)
    cells = round(width * max(0.0, free_gib) / needed_gib)
    cells = min(cells, width - 1)  # too much is never drawn as just enough
    return FULL * cells + OVER * (width - cells)


def memory_line(needed_gib: float, free_gib: float, *, width: int = CELLS) -> str:
    """The bar with its two figures, within 80 columns."""
    state = "free" if needed_gib <= free_gib else "free: too little"
    return f"{memory_bar(needed_gib, free_gib, width=width)} {gib(needed_gib)} of {gib(free_gib)} {state}"


def parts_text(parts: Sequence[tuple[str, float]]) -> str:
    """Named parts of an estimate in one sentence."""
    return ", ".join(f"{name} {gib(size)}" for name, size in parts)


def gib(size: float) -> str:
    """Memory with its unit: 12 MiB, 1.25 GiB, 21.4 GiB."""
    if size < 0.1:
        return f"{size * 1024:.0f} MiB"
    return f"{size:.2f} GiB" if size < 10 else f"{size:.1f} GiB"
