"""Everything that is read is told, from the first byte to the last."""

import json
from pathlib import Path

from phi_core.data.records import Reading
from phi_core.data.sources.find import find_sources
from phi_core.data.survey import survey, train_parts, validation_parts
from phi_core.data.watch import EVERY_RECORDS


def _file(path: Path, count: int) -> Path:
    path.write_text("".join(json.dumps({"text": f"{path.stem} {number}"}) + "\n" for number in range(count)))
    return path


def test_progress_counts_bytes_and_records_of_all_that_is_read(tmp_path: Path) -> None:
    _file(tmp_path / "train.jsonl", 3 * EVERY_RECORDS)
    _file(tmp_path / "valid.jsonl", 2 * EVERY_RECORDS)
    sources = find_sources([str(tmp_path)])
    told: list[tuple[int, int]] = []
    found = survey(sources, Reading(), on_progress=lambda *progress: told.append(progress))
    total = sum(part.num_bytes for part in (*train_parts(sources), *validation_parts(sources, ())))
    assert [records for _, records in told] == [EVERY_RECORDS * number for number in range(1, 6)]
    assert told == sorted(told) and told[-1][0] <= total
    assert found == survey(sources, Reading())


def test_a_source_s_own_validation_data_comes_before_what_is_named(tmp_path: Path) -> None:
    _file(tmp_path / "train.jsonl", 1)
    _file(tmp_path / "valid.jsonl", 1)
    named = find_sources([str(_file(tmp_path / "more.jsonl", 1))])
    names = [part.name for part in validation_parts(find_sources([str(tmp_path)]), named)]
    assert [name.rpartition("/")[2] for name in names] == ["valid.jsonl", "more.jsonl"]
