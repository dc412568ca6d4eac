"""Rows of Parquet files, saved `datasets` folders and hub datasets."""

import json
import os
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from phi_core.data.reading import read_records
from phi_core.data.records import Fault, Reading, Record
from phi_core.data.sources import arrow_rows
from phi_core.data.sources.find import find_sources
from phi_core.data.sources.fingerprint import fingerprint
from phi_core.data.sources.kinds import read_rows
from phi_core.errors import DataError


def _saved(table: Any, path: Path, **how: Any) -> Path:
    parquet.write_table(table, path, **how)
    return path


def _read(path: Path | str) -> list[Record | Fault]:
    (source,) = find_sources([str(path)])
    return list(read_records(source.parts, Reading()))


def _refusal(path: Path | str) -> str:
    with pytest.raises(DataError) as caught:
        _read(path)
    return str(caught.value)


def test_rows_of_a_parquet_file_are_numbered_from_one(tmp_path: Path) -> None:
    path = _saved(pa.table({"prompt": ["p", "q"], "response": ["r", None]}), tmp_path / "a.parquet")
    record, fault = _read(path)
    assert isinstance(record, Record) and isinstance(fault, Fault)
    assert (record.line, record.messages[-1].content, record.source) == (1, "r", str(path))
    assert str(fault.problem) == "a.parquet row 2, field response: must be text, got null"


def test_turns_in_a_parquet_file_are_messages(tmp_path: Path) -> None:
    chat = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a 🏴‍☠️"}]
    (record,) = _read(_saved(pa.table({"messages": [chat]}), tmp_path / "a.parquet"))
    assert isinstance(record, Record) and record.messages[-1].content == "a 🏴‍☠️"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (b"ahoy", "bytes"),
        (7, "a number"),
        (0.5, "a number"),
        (Decimal("1.5"), "a number"),
        (True, "true or false"),
        (date(1720, 11, 16), "a date"),
        (["a"], "a list"),
        ({"a": "b"}, "an object"),
    ],
)
def test_a_value_of_a_wrong_type_is_named(tmp_path: Path, value: Any, words: str) -> None:
    (fault,) = _read(_saved(pa.table({"text": [value]}), tmp_path / "a.parquet"))
    assert isinstance(fault, Fault)
    assert str(fault.problem) == f"a.parquet row 1, field text: must be text, got {words}"


def test_text_of_other_arrow_types_is_text(tmp_path: Path) -> None:
    for number, kind in enumerate((pa.large_string(), pa.dictionary(pa.int32(), pa.string()))):
        table = pa.table({"text": pa.array(["ahoy"]).cast(kind)})
        (record,) = _read(_saved(table, tmp_path / f"{number}.parquet"))
        assert isinstance(record, Record) and record.messages[0].content == "ahoy"


def test_a_value_that_python_cannot_hold_is_a_fault_of_its_row(tmp_path: Path) -> None:
    raw = pa.array([b"ahoy", b"caf\xe9", b"arr"], pa.binary())
    broken = pa.Array.from_buffers(pa.string(), 3, raw.buffers())
    first, fault, last = _read(_saved(pa.table({"text": broken}), tmp_path / "a.parquet"))
    assert isinstance(first, Record) and isinstance(last, Record) and isinstance(fault, Fault)
    assert (fault.line, last.line) == (2, 3)
    assert "row 2: a value that cannot be read: 'utf-8'" in str(fault.problem)


def test_rows_come_in_order_over_batches_and_row_groups(tmp_path: Path) -> None:
    count = 10_000
    assert count > arrow_rows._LONGEST_BATCH
    texts = [str(number) for number in range(1, count + 1)]
    path = _saved(pa.table({"text": texts}), tmp_path / "a.parquet", row_group_size=7000)
    (source,) = find_sources([str(path)])
    seen: list[int] = []
    rows = list(read_rows(source.parts[0], on_bytes=seen.append))
    assert [(number, row["text"]) for number, row in rows if isinstance(row, dict)] == list(
        enumerate(texts, 1)
    )
    assert seen == sorted(seen) and seen[-1] == path.stat().st_size and len(seen) > 2


def test_an_empty_table_has_no_rows(tmp_path: Path) -> None:
    assert _read(_saved(pa.table({"text": pa.array([], pa.string())}), tmp_path / "a.parquet")) == []


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"])
    assert "a.parquet has 2 columns of the name text" in _refusal(_saved(table, tmp_path / "a.parquet"))


def test_a_truncated_parquet_file_is_refused(tmp_path: Path) -> None:
    path = _saved(pa.table({"text": ["ahoy"] * 99}), tmp_path / "a.parquet")
    path.write_bytes(path.read_bytes()[:-20])
    assert "a.parquet is no intact Parquet file" in _refusal(path)


def test_a_parquet_file_damaged_inside_is_refused(tmp_path: Path) -> None:
    table = pa.table({"text": [f"ahoy {number}" for number in range(9999)]})
    path = _saved(table, tmp_path / "a.parquet", compression="zstd", use_dictionary=False)
    content = bytearray(path.read_bytes())
    content[200:2000] = bytes(1800)
    path.write_bytes(content)
    assert "a.parquet is no intact Parquet file" in _refusal(path)


def test_a_parquet_file_that_has_gone_says_so(tmp_path: Path) -> None:
    (source,) = find_sources([str(_saved(pa.table({"text": ["a"]}), tmp_path / "a.parquet"))])
    (tmp_path / "a.parquet").unlink()
    with pytest.raises(DataError, match=r"a\.parquet does not exist"):
        list(read_rows(source.parts[0]))


def _dataset(*texts: str) -> Any:
    from datasets import Dataset

    return Dataset.from_dict({"text": list(texts)})


def test_a_saved_dataset_is_one_source(tmp_path: Path) -> None:
    _dataset("a", "b").save_to_disk(tmp_path / "pirates")
    (source,) = find_sources([str(tmp_path / "pirates")])
    assert (source.label, source.validation, source.parts[0].kind) == ("pirates", (), "saved")
    assert source.parts[0].num_bytes > 0
    assert [row for _, row in read_rows(source.parts[0])] == [{"text": "a"}, {"text": "b"}]


def test_a_selection_is_saved_and_read_as_selected(tmp_path: Path) -> None:
    _dataset("a", "b", "c").select([2, 0]).save_to_disk(tmp_path / "pirates")
    assert [row for _, row in read_rows(find_sources([str(tmp_path / "pirates")])[0].parts[0])] == [
        {"text": "c"},
        {"text": "a"},
    ]


@pytest.mark.parametrize("beside", ["validation", "valid", "val"])
def test_saved_splits_are_train_and_validation(tmp_path: Path, beside: str) -> None:
    from datasets import DatasetDict

    splits = DatasetDict({"train": _dataset("a"), beside: _dataset("b", ""), "test": _dataset("c")})
    splits.save_to_disk(tmp_path / "pirates")
    (source,) = find_sources([str(tmp_path / "pirates")])
    assert [part.name for part in (*source.parts, *source.validation)] == [
        "pirates/train",
        f"pirates/{beside}",
    ]
    record, fault = read_records(source.validation, Reading())
    assert isinstance(record, Record) and record.messages[0].content == "b"
    assert isinstance(fault, Fault) and fault.problem.where == f"pirates/{beside} row 2, field text"
    assert len(find_sources([str(tmp_path / "pirates" / "test")])[0].parts) == 1


def test_saved_splits_without_train_are_listed(tmp_path: Path) -> None:
    from datasets import DatasetDict

    DatasetDict({"gold": _dataset("a"), "test": _dataset("b")}).save_to_disk(tmp_path / "pirates")
    assert "has no split train, only gold, test. Name the folder of one split" in _refusal(
        tmp_path / "pirates"
    )


def test_a_damaged_saved_dataset_is_refused(tmp_path: Path) -> None:
    _dataset("a").save_to_disk(tmp_path / "pirates")
    (arrow,) = (tmp_path / "pirates").glob("*.arrow")
    arrow.write_bytes(b"ahoy")
    assert "pirates cannot be read" in _refusal(tmp_path / "pirates")
    arrow.unlink()
    assert "pirates cannot be read" in _refusal(tmp_path / "pirates")
    (tmp_path / "pirates" / "state.json").write_text("{}")
    assert "state.json names no files" in _refusal(tmp_path / "pirates")
    (tmp_path / "pirates" / "state.json").write_text('{"_data_files": [{"filename": "../a"}]}')
    assert "outside the folder" in _refusal(tmp_path / "pirates")
    (tmp_path / "pirates" / "state.json").write_text("ahoy")
    assert "state.json: Expecting value" in _refusal(tmp_path / "pirates")


def test_the_fingerprint_of_a_saved_dataset_is_of_its_rows(tmp_path: Path) -> None:
    for name, text in (("one", "a"), ("same", "a"), ("other", "b")):
        _dataset(text).save_to_disk(tmp_path / name)
    one, same, other = (
        fingerprint(find_sources([str(tmp_path / name)])[0].parts) for name in ("one", "same", "other")
    )
    assert one == same != other


KEEP_IN_CACHE = """
import json, sys
from pathlib import Path
import datasets
from datasets.arrow_writer import ArrowWriter
from phi_core.data.sources.find import find_sources
from phi_core.data.sources.fingerprint import fingerprint
from phi_core.data.sources.kinds import read_rows
from phi_core.errors import DataError

def keep(config, **splits):  # as a download leaves it
    folder = Path(datasets.config.HF_DATASETS_CACHE, "jolly___pirates", config, "0.0.0", "abc")
    folder.mkdir(parents=True)
    features = datasets.Features({"text": datasets.Value("string")})
    for split, texts in splits.items():
        with ArrowWriter(path=str(folder / f"pirates-{split}.arrow"), features=features) as writer:
            for text in texts:
                writer.write({"text": text})
            writer.finalize()
    known = {s: {"name": s, "num_bytes": 1, "num_examples": len(t), "dataset_name": "pirates"} for s, t in splits.items()}
    info = {"config_name": config, "dataset_name": "pirates", "splits": known, "features": features.to_dict(),
            "version": {"version_str": "0.0.0", "major": 0, "minor": 0, "patch": 0}}
    (folder / "dataset_info.json").write_text(json.dumps(info))

keep("default", train=["a", "b"], validation=["c"], test=["d"])

def found(item):
    if item == "+":
        return keep("gold", train=["g"])
    try:
        (source,) = find_sources([item])
    except DataError as error:
        return str(error)
    parts = [*source.parts, *source.validation]
    rows = [[row["text"] for _, row in read_rows(part)] for part in parts]
    return [source.label, [part.name for part in parts], rows, fingerprint(parts), parts[0].num_bytes, parts[0].place]

print(json.dumps([found(item) for item in sys.argv[1:]]))
"""


def _on_the_hub(tmp_path: Path, *items: str, is_offline: bool = True) -> list[Any]:
    """What each item is found to be, in a process with a cache of its own and without a network: told so, or not."""
    without = (
        {"HF_HUB_OFFLINE": "1"} if is_offline else {"HF_ENDPOINT": "http://127.0.0.1:9", "NO_PROXY": "*"}
    )
    environment = (
        os.environ
        | without
        | {
            "HF_HOME": str(tmp_path),
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
    )
    command = [sys.executable, "-W", "error", "-c", KEEP_IN_CACHE, *items]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    found: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_hub_dataset_is_read_by_its_id_configuration_and_split(tmp_path: Path) -> None:
    plain, test, config, both, wrong = _on_the_hub(
        tmp_path,
        *("jolly/pirates", "jolly/pirates:test", "jolly/pirates:default", "jolly/pirates:default:test"),
        "jolly/pirates:gold",
    )
    names = ["jolly/pirates:train", "jolly/pirates:validation"]
    assert plain[:3] == ["pirates", names, [["a", "b"], ["c"]]]
    assert (test[1:3], both[1:3]) == ([["jolly/pirates:test"], [["d"]]],) * 2
    assert config == plain
    assert plain[4] > 0 and plain[5] == "row"
    assert "jolly/pirates has no split gold, only train, validation, test" in wrong


def test_of_several_configurations_of_a_hub_dataset_one_is_to_be_named(tmp_path: Path) -> None:
    _, several, gold, silver = _on_the_hub(
        tmp_path, "+", "jolly/pirates", "jolly/pirates:gold", "jolly/pirates:silver:train"
    )
    assert "Name a configuration as jolly/pirates:CONFIG" in several
    assert gold[1:3] == [["jolly/pirates:train"], [["g"]]]
    assert "hub dataset jolly/pirates cannot be loaded" in silver


def test_an_unknown_id_without_a_network_says_what_to_do(tmp_path: Path) -> None:
    for refusal in _on_the_hub(tmp_path, "jolly/rogers", "rogers", "jolly/rogers:a:b"):
        assert "is no file or folder here, and the hub cannot be reached" in refusal
        assert "Name a file, or connect once" in refusal


def test_a_hub_that_does_not_answer_is_asked_once_and_nothing_is_logged(tmp_path: Path) -> None:
    kept, unknown = _on_the_hub(tmp_path, "jolly/pirates", "jolly/rogers", is_offline=False)
    assert kept[2] == [["a", "b"], ["c"]]
    assert "is no file or folder here, and the hub cannot be reached. Name a file" in unknown


@pytest.mark.parametrize("word", ["csv", "json", "text", "parquet", "pandas"])
def test_a_word_for_a_kind_of_file_is_no_hub_dataset(word: str) -> None:
    assert f"dataset {word} does not exist" in _refusal(word)
