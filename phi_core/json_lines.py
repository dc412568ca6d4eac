"""Files of JSON lines, one object a line, that outlive a crash in the middle of any line.

A line goes out in one write, so that several processes may append to one file. What a crash has torn is ended by the
next line and passed over by readers, like anything else that is no record.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

Record = Mapping[str, Any]


def append_record(path: Path, record: Record) -> None:
    """One more line. OSError if it could not be written whole; ValueError for a number that is not finite."""
    line = json_line(record)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        left = line if _ends_a_line(descriptor) else b"\n" + line
        while left:  # a disk that is nearly full takes a part, and refuses the rest
            left = left[os.write(descriptor, left) :]
    finally:
        os.close(descriptor)


def json_line(record: Record) -> bytes:
    """Half a surrogate pair becomes its JSON escape: backslashreplace writes exactly that."""
    text = json.dumps(record, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """The records of the whole lines; none without a file. A torn last line is "not yet"."""
    try:
        lines: Iterable[bytes] = path.read_bytes().split(b"\n")[:-1]
    except OSError:
        return
    for line in lines:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            yield record


def _ends_a_line(descriptor: int) -> bool:
    size = os.lseek(descriptor, 0, os.SEEK_END)
    return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"
