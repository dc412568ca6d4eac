"""A number with its noun, as sentences for people say it."""


def counted(count: int, noun: str) -> str:
    """1 record, 2 records, 1,200 records."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
