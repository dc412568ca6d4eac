"""Broken and odd files: each is caught with its file, line and reason, or accepted with its exact text."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from odd_texts import FORBIDDEN, TERMINAL_SEQUENCES

from phi_core.data.reading import read_records
from phi_core.data.records import Fault, Reading, Record
from phi_core.data.sources.find import find_sources
from phi_core.errors import DataError

BOM = b"\xef\xbb\xbf"
GOOD = b'{"text": "ahoy"}'
FIVE_MB = "yo ho " * 900_000
RIGHT_TO_LEFT = "שלום \u202eעולם\u202c مرحبا"
EMOJI = "🏴‍☠️ 👩‍🚀 e\u0301 \u2028 \x85"
DEEP = b"[" * 100_000 + b"]" * 100_000


@dataclass(frozen=True)
class Odd:
    """`records` are (line, last message), `faults` (where, words of the reason), `refused` words of a DataError."""

    what: str
    name: str
    content: bytes
    records: Sequence[tuple[int, str]] = ()
    faults: Sequence[tuple[str, str]] = ()
    refused: Sequence[str] = ()


def _lines(*rows: Any, end: str = "\n") -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + end for row in rows).encode()


def _chat(*turns: tuple[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


JSON_LINES = (
    Odd("nothing at all", "a.jsonl", b""),
    Odd("only a byte order mark", "a.jsonl", BOM),
    Odd("only blank lines", "a.jsonl", b"\n \r\n\t\n"),
    Odd("a byte order mark", "a.jsonl", BOM + GOOD, [(1, "ahoy")]),
    Odd("joined files with marks", "a.jsonl", (BOM + GOOD + b"\n") * 2, [(1, "ahoy"), (2, "ahoy")]),
    Odd(
        "a mark and nothing on a line",
        "a.jsonl",
        GOOD + b"\n" + BOM + b"\n" + GOOD,
        [(1, "ahoy"), (3, "ahoy")],
    ),
    Odd(
        "blank lines between",
        "a.jsonl",
        b"\n" + GOOD + b"\n\n  \n" + GOOD + b"\n\n",
        [(2, "ahoy"), (5, "ahoy")],
    ),
    Odd("CR LF", "a.jsonl", GOOD + b"\r\n" + GOOD + b"\r\n", [(1, "ahoy"), (2, "ahoy")]),
    Odd(
        "spaces around an object",
        "a.jsonl",
        b"  \t" + GOOD + b"  \n" + GOOD + b" \r\n",
        [(1, "ahoy"), (2, "ahoy")],
    ),
    Odd("no line end at the end", "a.ndjson", GOOD + b"\n" + GOOD, [(1, "ahoy"), (2, "ahoy")]),
    Odd("lone carriage returns", "a.jsonl", GOOD + b"\r" + GOOD, faults=[("a.jsonl line 1", "Extra data")]),
    Odd("a line of 5 MB", "a.jsonl", _lines({"text": FIVE_MB}, {"text": "b"}), [(1, FIVE_MB), (2, "b")]),
    Odd("emoji and line separators", "a.jsonl", _lines({"text": EMOJI}), [(1, EMOJI)]),
    Odd("text from right to left", "a.jsonl", _lines({"text": RIGHT_TO_LEFT}), [(1, RIGHT_TO_LEFT)]),
    Odd(
        "escape sequences in values",
        "a.jsonl",
        _lines(*({"text": text} for text in TERMINAL_SEQUENCES)),
        list(enumerate(TERMINAL_SEQUENCES, start=1)),
    ),
    Odd(
        "escape sequences in keys",
        "a.jsonl",
        _lines(*({text: "b"} for text in TERMINAL_SEQUENCES)),
        faults=[
            (f"a.jsonl line {line}", "no known format") for line in range(1, 1 + len(TERMINAL_SEQUENCES))
        ],
    ),
    Odd("an escaped NUL", "a.jsonl", b'{"text": "a\\u0000b"}', [(1, "a\0b")]),
    Odd("a raw NUL", "a.jsonl", b'{"text": "a\0b"}', faults=[("a.jsonl line 1", "control character")]),
    Odd(
        "a raw tab in a string",
        "a.jsonl",
        b'{"text": "a\tb"}\n' + GOOD,
        [(2, "ahoy")],
        [("a.jsonl line 1", "column 12")],
    ),
    Odd(
        "half a character",
        "a.jsonl",
        b'{"text": "a\\ud83d"}',
        faults=[("a.jsonl line 1, field text", "half of a char")],
    ),
    Odd("a whole character in halves", "a.jsonl", b'{"text": "\\ud83d\\ude00"}', [(1, "😀")]),
    Odd(
        "NaN",
        "a.jsonl",
        b'{"text": "a", "n": NaN}\n' + GOOD,
        [(2, "ahoy")],
        [("a.jsonl line 1", "NaN is no JSON")],
    ),
    Odd("infinity", "a.jsonl", b'{"n": -Infinity}', faults=[("a.jsonl line 1", "-Infinity is no JSON")]),
    Odd(
        "a key twice",
        "a.jsonl",
        b'{"text": "a", "text": "b"}',
        faults=[("a.jsonl line 1", "the key text stands")],
    ),
    Odd(
        "a key twice in a turn",
        "a.jsonl",
        b'{"messages": [{"role": "user", "role": "system", "content": "a"}]}',
        faults=[("a.jsonl line 1", "the key role stands in one object twice")],
    ),
    Odd(
        "nested too deeply",
        "a.jsonl",
        DEEP + b"\n" + GOOD,
        [(2, "ahoy")],
        [("a.jsonl line 1", "nested too deeply")],
    ),
    Odd("a huge number", "a.jsonl", b'{"n": ' + b"9" * 5000 + b"}", faults=[("a.jsonl line 1", "4300")]),
    Odd("a number beyond floats beside", "a.jsonl", b'{"text": "a", "n": 1e999}', [(1, "a")]),
    Odd(
        "a trailing comma",
        "a.jsonl",
        b'{"text": "a",}\n' + GOOD,
        [(2, "ahoy")],
        [("a.jsonl line 1", "column 14")],
    ),
    Odd("single quotes", "a.jsonl", b"{'text': 'a'}", faults=[("a.jsonl line 1", "column 2")]),
    Odd("a comment", "a.jsonl", b"// pirates\n" + GOOD, [(2, "ahoy")], [("a.jsonl line 1", "column 1")]),
    Odd(
        "two objects on a line", "a.jsonl", GOOD + GOOD, faults=[("a.jsonl line 1", "column 17: Extra data")]
    ),
    Odd(
        "a torn last line",
        "a.jsonl",
        GOOD + b'\n{"text": "ah',
        [(1, "ahoy")],
        [("a.jsonl line 2", "Unterminated")],
    ),
    Odd(
        "an array as a line", "a.jsonl", GOOD + b"\n[1, 2]", [(1, "ahoy")], [("a.jsonl line 2", "got a list")]
    ),
    Odd("a number as a line", "a.jsonl", b"7\n" + GOOD, [(2, "ahoy")], [("a.jsonl line 1", "got a number")]),
    Odd("null as a line", "a.jsonl", b"null", faults=[("a.jsonl line 1", "got null")]),
    Odd(
        "Latin-1",
        "a.jsonl",
        GOOD + b'\n{"text": "caf\xe9"}',
        [(1, "ahoy")],
        [("a.jsonl line 2", "byte 14 of the line: 0xe9")],
    ),
    Odd(
        "UTF-16", "a.jsonl", GOOD.decode().encode("utf-16"), refused=["a.jsonl is UTF-16", "Save it as UTF-8"]
    ),
    Odd("UTF-32", "a.jsonl", GOOD.decode().encode("utf-32"), refused=["a.jsonl is UTF-32"]),
    Odd(
        "UTF-16 without a mark",
        "a.jsonl",
        GOOD.decode().encode("utf-16-le"),
        faults=[("a.jsonl line 1", "column 2")],
    ),
    Odd(
        "an array of objects",
        "a.jsonl",
        b'[{"text": "a"}]',
        refused=["a.jsonl is one JSON array", "Name it .json"],
    ),
    Odd("an array over lines", "a.jsonl", b'[\r\n{"text": "a"}\r\n]', refused=["jq -c '.[]' a.jsonl"]),
    Odd("one object over lines", "a.jsonl", b'{\n  "text": "a"\n}', refused=["jq -c '.' a.jsonl"]),
    Odd("a lone brace", "a.jsonl", b"{\n" + GOOD, [(2, "ahoy")], [("a.jsonl line 1", "column 2")]),
    Odd(
        "null for an answer",
        "a.jsonl",
        b'{"prompt": "p", "response": null}',
        faults=[("a.jsonl line 1, field response", "got null")],
    ),
    Odd(
        "a number for an answer",
        "a.jsonl",
        b'{"prompt": "p", "response": 7}',
        faults=[("a.jsonl line 1, field response", "got a number")],
    ),
    Odd(
        "a list for an answer",
        "a.jsonl",
        b'{"prompt": "p", "response": ["a"]}',
        faults=[("a.jsonl line 1, field response", "got a list")],
    ),
    Odd(
        "an empty answer",
        "a.jsonl",
        b'{"prompt": "p", "response": ""}',
        faults=[("a.jsonl line 1, field response", "empty")],
    ),
    Odd(
        "an answer of white space",
        "a.jsonl",
        b'{"text": " \\n\\u00a0"}',
        faults=[("a.jsonl line 1, field text", "empty")],
    ),
    Odd("white space around an answer", "a.jsonl", b'{"text": "  a \\n"}', [(1, "  a \n")]),
    Odd(
        "an unknown key",
        "a.jsonl",
        b'{"promt": "p", "response": "r"}',
        faults=[("a.jsonl line 1, field prompt", "missing")],
    ),
    Odd("no key", "a.jsonl", b"{}", faults=[("a.jsonl line 1", "there are no keys")]),
    Odd(
        "mixed formats",
        "a.jsonl",
        _lines({"text": "a"}, {"question": "q", "answer": "b"}, _chat(("user", "q"), ("assistant", "c"))),
        [(1, "a"), (2, "b"), (3, "c")],
    ),
    Odd(
        "a turn that is no text",
        "a.jsonl",
        _lines(_chat(("user", 1))),
        faults=[("a.jsonl line 1, field messages turn 1", "must be text")],
    ),
    Odd(
        "no assistant",
        "a.jsonl",
        _lines(_chat(("user", "q"))),
        faults=[("a.jsonl line 1, field messages", "no assistant")],
    ),
    Odd(
        "the content of a Parquet file",
        "a.jsonl",
        b"PAR1" + bytes(99),
        refused=["a.jsonl is no text but Parquet"],
    ),
    Odd(
        "the content of a zip file",
        "a.csv",
        b"PK\x03\x04" + bytes(99),
        refused=["zip archive or a spreadsheet"],
    ),
)
JSON_FILES = (
    Odd("nothing at all", "a.json", b""),
    Odd("objects on lines", "a.json", GOOD + b"\n" + GOOD, [(1, "ahoy"), (2, "ahoy")]),
    Odd("one object", "a.json", GOOD, [(1, "ahoy")]),
    Odd("one object over lines", "a.json", b'{\n"text": "a"\n}', refused=["one JSON document"]),
    Odd("an empty array", "a.json", b" [ \n ] \n"),
    Odd("an array on one line", "a.json", b'[{"text": "a"},{"text": "b"}]', [(1, "a"), (1, "b")]),
    Odd(
        "an array over lines",
        "a.json",
        BOM + b'\n[\r\n{"text":\n"a"},\n\n{"text": "b"}]\n',
        [(3, "a"), (6, "b")],
    ),
    Odd(
        "an item that is no object",
        "a.json",
        b'[7,\n"a",\n{"text": "b"}]',
        [(3, "b")],
        [("a.json line 1", "got a number"), ("a.json line 2", "got text")],
    ),
    Odd(
        "an item with NaN",
        "a.json",
        b'[{"n": NaN},\n{"text": "b"}]',
        [(2, "b")],
        [("a.json line 1", "NaN is no JSON value")],
    ),
    Odd(
        "an item with a key twice",
        "a.json",
        b'[{"a": 1, "a": 2},\n{"text": "b"}]',
        [(2, "b")],
        [("a.json line 1", "the key a")],
    ),
    Odd(
        "a broken item",
        "a.json",
        b'[{"text": "a"},\n{"text" "b"},\n' + GOOD + b"," * 50 + b"]",
        [(1, "a")],
        [("a.json line 2", "column 9")],
    ),
    Odd(
        "a comma too many",
        "a.json",
        b'[{"text": "a"},\n]',
        [(1, "a")],
        [("a.json line 2", "a comma without an item")],
    ),
    Odd(
        "a comma too few",
        "a.json",
        b'[{"text": "a"}\n{"text": "b"}]',
        [(1, "a")],
        [("a.json line 2", "a comma or ] expected, found {")],
    ),
    Odd(
        "an array that is not closed",
        "a.json",
        b'[{"text": "a"},\n{"text": "b"}\n',
        [(1, "a"), (2, "b")],
        [("a.json line 3", "not closed")],
    ),
    Odd(
        "a torn item",
        "a.json",
        b'[{"text": "a"},\n{"text": "b',
        [(1, "a")],
        [("a.json line 2", "Unterminated string")],
    ),
    Odd(
        "more after the array",
        "a.json",
        b"[" + GOOD + b"]\n[]",
        [(1, "ahoy")],
        [("a.json line 2", "after the end")],
    ),
    Odd(
        "Latin-1 in an array",
        "a.json",
        b"[" + GOOD + b',\n{"text": "caf\xe9"}]',
        [(1, "ahoy")],
        [("a.json line 2", "not UTF-8 at byte 33 of the file: 0xe9")],
    ),
    Odd(
        "half a character at the end",
        "a.json",
        b"[" + GOOD + b',"\xf0\x9f',
        [(1, "ahoy")],
        [("a.json line 1", "not UTF-8 at byte 20")],
    ),
    Odd(
        "an array nested too deeply",
        "a.json",
        b"[" + DEEP + b"]",
        faults=[("a.json line 1", "nested too deeply")],
    ),
    Odd(
        "an item of 5 MB",
        "a.json",
        b"[" + _lines({"text": FIVE_MB}) + b"," + GOOD + b"]",
        [(1, FIVE_MB), (2, "ahoy")],
    ),
    Odd(
        "a list under a key",
        "a.json",
        b'{"version": "1", "data": [{"text": "a"}]}',
        refused=["in a list under data", "jq -c '.data[]' a.json"],
    ),
    Odd("UTF-16", "a.json", "[]".encode("utf-16"), refused=["a.json is UTF-16"]),
)
TABLES = (
    Odd("nothing at all", "a.csv", b""),
    Odd("only a header", "a.csv", b"prompt,response\n"),
    Odd("a byte order mark and CR LF", "a.csv", BOM + b"prompt,response\r\np,r\r\n", [(2, "r")]),
    Odd("blank lines", "a.csv", b"\nprompt,response\n\n\np,r\n\n", [(5, "r")]),
    Odd("semicolons", "a.csv", b"prompt;response\np,q;r,s\n", [(2, "r,s")]),
    Odd("bars", "a.csv", b"prompt|response\np|r\n", [(2, "r")]),
    Odd("tabs", "a.csv", b"prompt\tresponse\np\tr\n", [(2, "r")]),
    Odd("one column", "a.csv", b"text\nahoy\n", [(2, "ahoy")]),
    Odd("spaces around names and values", "a.csv", b" prompt , response\np, r \n", [(2, " r ")]),
    Odd(
        "quoted line breaks", "a.csv", b'prompt,response\np,"a\nb\r\nc"\nq,s\n', [(2, "a\nb\r\nc"), (5, "s")]
    ),
    Odd(
        "quoted quotes and delimiters",
        "a.csv",
        b'prompt,response\np,"say ""hi"", now"\n',
        [(2, 'say "hi", now')],
    ),
    Odd("a quoted name over lines", "a.csv", b'"pro\nmpt",text\na,b\n', [(3, "b")]),
    Odd("a value of 5 MB", "a.csv", b"text\n" + FIVE_MB.encode() + b"\nb\n", [(2, FIVE_MB), (3, "b")]),
    Odd("emoji", "a.csv", f"text\n{EMOJI}\n".encode(), [(2, EMOJI)]),
    Odd(
        "too many values",
        "a.csv",
        b"prompt,response\np,r,s\np,r\n",
        [(3, "r")],
        [("a.csv line 2", "wrong number of values: 3 where the header has 2")],
    ),
    Odd(
        "too few values",
        "a.csv",
        b"prompt,response\np\np,r\n",
        [(3, "r")],
        [("a.csv line 2", "wrong number of values: 1 where the header has 2")],
    ),
    Odd(
        "an empty answer",
        "a.csv",
        b"prompt,response\np,\n",
        faults=[("a.csv line 2, field response", "empty")],
    ),
    Odd(
        "two columns of a name",
        "a.csv",
        b"text,id,text\na,1,b\n",
        refused=["a.csv has 2 columns of the name text"],
    ),
    Odd("two columns without names", "a.csv", b"text,,\na,1,b\n", refused=["2 columns of the name (empty)"]),
    Odd(
        "a quote that is not closed",
        "a.csv",
        b'text\na\n"b\nc\nd\n',
        [(2, "a")],
        [("a.csv line 3", "never closed")],
    ),
    Odd(
        "a header that is not closed",
        "a.csv",
        b'"text\na\nb\n',
        refused=["no header that can be read", "never closed"],
    ),
    Odd(
        "text after a quote",
        "a.csv",
        b'text\n"a"b\nc\n',
        [(3, "c")],
        [("a.csv line 2", "cannot be told apart")],
    ),
    Odd(
        "a NUL byte",
        "a.csv",
        b"text\na\0b\nc\n",
        [(3, "c")],
        [("a.csv line 2", "a NUL byte at byte 2 of the line")],
    ),
    Odd(
        "Latin-1",
        "a.csv",
        b'text\n"a\nb\xe9"\nc\n',
        [(4, "c")],
        [("a.csv line 3", "not UTF-8 at byte 2 of the line: 0xe9")],
    ),
    Odd("Latin-1 in the header", "a.csv", b"caf\xe9,text\na,b\n", refused=["line 1: not UTF-8 at byte 4"]),
    Odd(
        "a lone carriage return",
        "a.csv",
        b"text\na\rb\nc\n",
        [(3, "c")],
        [("a.csv line 2", "lone carriage return")],
    ),
    Odd(
        "only lone carriage returns",
        "a.csv",
        b"text\ra\rb\r",
        refused=["a.csv has lines that end in lone carriage"],
    ),
    Odd("UTF-16", "a.csv", "text\na\n".encode("utf-16"), refused=["a.csv is UTF-16"]),
    Odd("tabs and commas", "a.tsv", b"prompt\tresponse\np,q\tr,s\n", [(2, "r,s")]),
    Odd("commas for tabs", "a.tsv", b"prompt,response\np,r\n", faults=[("a.tsv line 2", "no known format")]),
    Odd(
        "escape sequences in names",
        "a.csv",
        b"\x1b[2Jtext,b\na,b\n",
        faults=[("a.csv line 2", "no known format")],
    ),
)
TEXTS = (
    Odd("nothing at all", "a.txt", b""),
    Odd("lines", "a.txt", BOM + b" one \ntwo\r\n\tthree", [(1, " one "), (2, "two"), (3, "\tthree")]),
    Odd("lines and blank lines at the end", "a.txt", b"one\ntwo\n\n\n", [(1, "one"), (2, "two")]),
    Odd("lines set apart", "a.text", b"one\n\ntwo\n \nthree", [(1, "one"), (3, "two"), (5, "three")]),
    Odd("paragraphs", "a.txt", b"\n\none\r\n two\r\n\r\nthree\r\n", [(3, "one\n two"), (6, "three")]),
    Odd(
        "Latin-1",
        "a.txt",
        b"one\ncaf\xe9\nthree",
        [(1, "one"), (3, "three")],
        [("a.txt line 2", "byte 4 of the line: 0xe9")],
    ),
    Odd(
        "Latin-1 in a paragraph",
        "a.txt",
        b"one\ncaf\xe9\n\nthree",
        [(4, "three")],
        [("a.txt line 2", "not UTF-8")],
    ),
    Odd("a NUL byte", "a.txt", b"a\0\nb", [(2, "b")], [("a.txt line 1", "a NUL byte at byte 2")]),
    Odd("a progress bar", "a.txt", b"10%\r100%\nb", [(1, "10%\r100%"), (2, "b")]),
    Odd("only lone carriage returns", "a.txt", b"a\rb", refused=["lone carriage returns"]),
    Odd("only spaces that are no ASCII", "a.txt", "a\n\u3000\nb".encode(), [(1, "a"), (3, "b")]),
)
PACKED = (
    Odd("JSON lines", "a.jsonl.gz", gzip.compress(GOOD), [(1, "ahoy")]),
    Odd("joined gzip files", "a.jsonl.gz", gzip.compress(GOOD + b"\n") * 2, [(1, "ahoy"), (2, "ahoy")]),
    Odd("an array", "a.json.gz", gzip.compress(b"[" + GOOD + b"]"), [(1, "ahoy")]),
    Odd("CSV", "a.csv.GZ", gzip.compress(b"text\na"), [(2, "a")]),
    Odd("text", "a.txt.gz", gzip.compress(b"a\nb\n\nc"), [(1, "a\nb"), (4, "c")]),
    Odd("nothing in it", "a.jsonl.gz", gzip.compress(b"")),
    Odd("nothing at all", "a.jsonl.gz", b""),
    Odd(
        "a truncated file",
        "a.jsonl.gz",
        gzip.compress(GOOD)[:-12],
        refused=["a.jsonl.gz is no intact gzip file"],
    ),
    Odd(
        "a wrong checksum", "a.jsonl.gz", gzip.compress(GOOD)[:-8] + bytes(8), refused=["no intact gzip file"]
    ),
    Odd(
        "broken inside",
        "a.jsonl.gz",
        gzip.compress(GOOD * 99)[:12] + b"\xff" * 40,
        refused=["no intact gzip"],
    ),
    Odd("no gzip", "a.jsonl.gz", GOOD, refused=["a.jsonl.gz is no intact gzip file"]),
    Odd("packed twice", "a.jsonl.gz", gzip.compress(gzip.compress(GOOD)), refused=["no text but gzip"]),
    Odd("packed and not called so", "a.jsonl", gzip.compress(GOOD), refused=["a.jsonl is no text but gzip"]),
    Odd("a fault in it", "a.jsonl.gz", gzip.compress(b"\n{}"), faults=[("a.jsonl.gz line 2", "no keys")]),
)
NAMES = (
    Odd("spaces", "my pirates .jsonl", GOOD, [(1, "ahoy")]),
    Odd("commas", "a,b.jsonl", b"{}", faults=[("a,b.jsonl line 1", "no keys")]),
    Odd("a colon", "a:b.jsonl", GOOD, [(1, "ahoy")]),
    Odd("a pattern that is a name", "a[1]*?.jsonl", GOOD, [(1, "ahoy")]),
    Odd("a line break", "a\nb.jsonl", b"{}", faults=[("a b.jsonl line 1", "no keys")]),
    Odd("escape codes", "a\x1b[2J.jsonl", b"{}", faults=[("a␛[2J.jsonl line 1", "no keys")]),
    Odd("a dash", "-a.jsonl", GOOD, [(1, "ahoy")]),
    Odd("a dot before it", ".a.jsonl", GOOD, [(1, "ahoy")]),
    Odd("capitals", "A.JSONL", GOOD, [(1, "ahoy")]),
    Odd("a suffix of another trade", "a.pkl", b"\x80\x04N.", refused=["the suffix .pkl", ".jsonl, .ndjson"]),
    Odd("no suffix", "pirates", GOOD, refused=["no suffix", ".jsonl, .ndjson"]),
    Odd("a packed Parquet file", "a.parquet.gz", b"", refused=["the suffix .parquet.gz"]),
    Odd("packed and of no kind", "a.gz", b"", refused=["the suffix .gz"]),
    Odd(
        "a broken Parquet file",
        "a.parquet",
        b"PAR1" + bytes(50),
        refused=["a.parquet is no intact Parquet file"],
    ),
    Odd("an empty Parquet file", "a.parquet", b"", refused=["a.parquet is no intact Parquet file"]),
)
ALL = [
    pytest.param(odd, id=f"{group}: {odd.what}")
    for group, cases in (
        ("jsonl", JSON_LINES),
        ("json", JSON_FILES),
        ("table", TABLES),
        ("text", TEXTS),
        ("gz", PACKED),
        ("name", NAMES),
    )
    for odd in cases
]


def _read(path: Path) -> list[Record | Fault]:
    (source,) = find_sources([str(path)])
    return list(read_records(source.parts, Reading()))


@pytest.mark.parametrize("odd", ALL)
def test_an_odd_file_is_caught_or_accepted(odd: Odd, tmp_path: Path) -> None:
    path = tmp_path / odd.name
    path.write_bytes(odd.content)
    if odd.refused:
        with pytest.raises(DataError) as caught:
            _read(path)
        assert all(words in str(caught.value) for words in odd.refused), str(caught.value)
        assert not FORBIDDEN & {*str(caught.value)}
        return
    found = _read(path)
    records = [(item.line, item.messages[-1].content) for item in found if isinstance(item, Record)]
    problems = [item.problem for item in found if isinstance(item, Fault)]
    assert records == list(odd.records), problems
    assert [problem.where for problem in problems] == [where for where, _ in odd.faults], problems
    assert all(words in problem.what for problem, (_, words) in zip(problems, odd.faults, strict=True)), (
        problems
    )
    assert not any(FORBIDDEN & {*str(problem)} for problem in problems)
    assert all(item.source == str(path) for item in found)


def test_the_corpus_is_as_large_as_promised() -> None:
    assert len(ALL) >= 60
    assert len({case.id for case in ALL}) == len(ALL)
