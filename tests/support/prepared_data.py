"""Prepared data from rows, on the demo model's tokenizer: small, and light."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from phi_core.chat.prompt_format import PromptFormat, read_prompt_format
from phi_core.chat.tokenizer import TextTokenizer, read_tokenizer
from phi_core.data.sources.find import find_sources
from phi_core.model_files.folder import locate
from phi_core.samples.data_spec import DataSpec
from phi_core.samples.prepare import prepare
from phi_core.samples.prepared import Prepared

Row = Mapping[str, Any]


def demo_format() -> tuple[PromptFormat, TextTokenizer]:
    folder = locate("demo")
    assert folder is not None
    tokenizer = read_tokenizer(folder)
    assert tokenizer is not None
    return read_prompt_format(folder), tokenizer


def write_rows(path: Path, rows: Sequence[Row]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def prepared_rows(folder: Path, rows: Sequence[Row], **more: Any) -> Prepared:
    path = write_rows(folder / "rows.jsonl", rows)
    return prepare(DataSpec(find_sources([str(path)]), **more), *demo_format())
