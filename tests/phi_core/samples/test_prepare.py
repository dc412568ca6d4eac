"""Preparing data: once for each content, reading, tokenizer and format; what comes out is what tokenising gives."""

import gzip
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import datasets
import pytest
from prepared_data import demo_format, prepared_rows, write_rows

from phi_core.chat.messages import Message
from phi_core.chat.prompt_format import read_prompt_format, tokenise, tokenise_text
from phi_core.data.records import Reading
from phi_core.data.sources.find import find_sources
from phi_core.errors import DataError
from phi_core.model_files.folder import locate
from phi_core.samples import cache
from phi_core.samples.data_spec import DataSpec
from phi_core.samples.prepare import fingerprint, prepare
from phi_core.samples.prepared import ABOUT, DATA
from phi_core.samples.progress import Progress

ROWS = [
    {"prompt": f"What is {count}?", "response": f"It is {count} " * (1 + count % 4)} for count in range(2500)
]
"""More than two batches."""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PHI_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "prepared"


def test_the_ids_are_those_of_each_record_tokenised_by_itself(tmp_path: Path) -> None:
    form, tokenizer = demo_format()
    rows = [*ROWS, {"text": "Plain text, by itself."}]
    data = prepared_rows(tmp_path, rows)
    assert len(data) == len(rows)
    for record in (0, 1, 999, 1000, 2499):
        messages = (Message("user", ROWS[record]["prompt"]), Message("assistant", ROWS[record]["response"]))
        expected = tokenise(form, messages, tokenizer)
        assert tuple(data.ids(record)) == expected.ids
        trained = {place for start, end in data.answers(record) for place in range(start, end)}
        assert trained == {place for place, is_trained in enumerate(expected.trained) if is_trained}
        assert data.place(record) == (str(tmp_path / "rows.jsonl"), record + 1)
    assert tuple(data.ids(2500)) == tokenise_text(form, "Plain text, by itself.", tokenizer).ids


def test_a_second_start_tokenises_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = prepared_rows(tmp_path, ROWS[:9])
    changed = (first.folder / DATA).stat().st_mtime_ns
    told: list[Progress] = []
    again = prepare(
        DataSpec(find_sources([str(tmp_path / "rows.jsonl")])), *demo_format(), on_progress=told.append
    )
    assert again.fingerprint == first.fingerprint and again.ids(4) == first.ids(4)
    assert (again.folder / DATA).stat().st_mtime_ns == changed and told == []


def test_everything_that_decides_the_ids_decides_the_fingerprint(tmp_path: Path) -> None:
    form, tokenizer = demo_format()
    folder = locate("demo")
    assert folder is not None

    def spec(*names: str, **more: object) -> DataSpec:
        return DataSpec(find_sources([str(tmp_path / name) for name in names]), **more)  # type: ignore[arg-type]

    write_rows(tmp_path / "a.jsonl", ROWS[:3])
    write_rows(tmp_path / "b.jsonl", ROWS[3:5])
    base = fingerprint(spec("a.jsonl"), form, tokenizer)
    others = [
        fingerprint(spec("b.jsonl"), form, tokenizer),
        fingerprint(spec("a.jsonl", "b.jsonl"), form, tokenizer),
        fingerprint(spec("b.jsonl", "a.jsonl"), form, tokenizer),
        fingerprint(replace(spec("a.jsonl"), validation=spec("b.jsonl").sources), form, tokenizer),
        fingerprint(spec("a.jsonl", reading=Reading(columns=(("prompt", "response"),))), form, tokenizer),
        fingerprint(spec("a.jsonl", reading=Reading(group_by="prompt")), form, tokenizer),
        fingerprint(spec("a.jsonl"), read_prompt_format(folder, "raw"), tokenizer),
        fingerprint(spec("a.jsonl"), None, None),
    ]
    assert len({base, *others}) == len(others) + 1
    (tmp_path / "copy.jsonl").write_bytes((tmp_path / "a.jsonl").read_bytes())
    assert fingerprint(spec("copy.jsonl"), form, tokenizer) == base
    assert fingerprint(spec("a.jsonl", skips_faults=True), form, tokenizer) == base


def test_a_changed_file_is_prepared_anew(tmp_path: Path) -> None:
    before = prepared_rows(tmp_path, ROWS[:3])
    after = prepared_rows(tmp_path, ROWS[:4])
    assert (len(before), len(after)) == (3, 4) and before.folder != after.folder


def test_prepared_under_another_name_it_tells_the_name_of_now(tmp_path: Path) -> None:
    prepared_rows(tmp_path, ROWS[:3])
    (tmp_path / "rows.jsonl").rename(tmp_path / "moved.jsonl")
    found = prepare(DataSpec(find_sources([str(tmp_path / "moved.jsonl")])), *demo_format())
    assert found.labels == ("moved",) and found.place(2) == (str(tmp_path / "moved.jsonl"), 3)


def test_faults_stop_it_with_every_count_and_leave_nothing(tmp_path: Path, own_cache: Path) -> None:
    rows = [*ROWS[:30], *({"prompt": "no answer"} for _ in range(25))]
    with pytest.raises(DataError) as caught:
        prepared_rows(tmp_path, rows)
    assert "25 faulty records beside 30 good" in str(caught.value)
    assert "rows.jsonl line 31, field response" in str(caught.value) and "and 5 more" in str(caught.value)
    assert list(own_cache.iterdir()) == []


def test_skipped_faults_are_counted_and_still_matter_to_who_does_not_skip(tmp_path: Path) -> None:
    rows = [*ROWS[:3], {"prompt": "no answer"}, *ROWS[3:5]]
    data = prepared_rows(tmp_path, rows, skips_faults=True)
    assert (len(data), data.num_faults, data.place(3)[1]) == (5, 1, 5)
    with pytest.raises(DataError, match="1 faulty record beside 5 good"):
        prepared_rows(tmp_path, rows)


def test_progress_reaches_the_whole(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a.jsonl", ROWS)
    told: list[Progress] = []
    prepare(DataSpec(find_sources([str(path)])), *demo_format(), on_progress=told.append)
    assert told[-1].records == len(ROWS)
    assert told[-1].done_bytes == told[-1].total_bytes == path.stat().st_size


def test_a_packed_file_is_read_as_its_content(tmp_path: Path) -> None:
    plain = prepared_rows(tmp_path, ROWS[:9])
    packed = tmp_path / "packed.jsonl.gz"
    packed.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in ROWS[:9]).encode()))
    found = prepare(DataSpec(find_sources([str(packed)])), *demo_format())
    assert [found.ids(record) for record in range(9)] == [plain.ids(record) for record in range(9)]


def test_the_folder_is_a_datasets_directory(tmp_path: Path) -> None:
    data = prepared_rows(tmp_path, ROWS[:1200])
    loaded = datasets.load_from_disk(str(data.folder))
    assert loaded.num_rows == 1200
    assert loaded[1100]["input_ids"] == data.ids(1100)


def test_without_a_tokenizer_lengths_are_estimated_and_said_to_be(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a.jsonl", [{"prompt": "x" * 40, "response": "y" * 80}])
    data = prepare(DataSpec(find_sources([str(path)])), None, None)
    assert not data.is_exact and list(data.num_tokens) == [30] and data.answers(0) == [(10, 30)]


def test_a_damaged_file_is_prepared_anew(tmp_path: Path) -> None:
    first = prepared_rows(tmp_path, ROWS[:9])
    content = (first.folder / DATA).read_bytes()
    (first.folder / DATA).unlink()
    (first.folder / DATA).write_bytes(content[: len(content) // 2])
    assert prepared_rows(tmp_path, ROWS[:9]).ids(8) == first.ids(8)


def test_two_at_once_give_one_folder(tmp_path: Path, own_cache: Path) -> None:
    path = write_rows(tmp_path / "a.jsonl", ROWS)
    spec, form = DataSpec(find_sources([str(path)])), demo_format()
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(len(prepare(spec, *form)))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [len(ROWS)] * 3
    assert len(list(own_cache.iterdir())) == 1


def test_the_cache_forgets_what_was_used_longest_ago(tmp_path: Path, own_cache: Path) -> None:
    folders = [prepared_rows(tmp_path, ROWS[:count]).folder for count in (5, 6, 7)]
    for age, folder in enumerate(reversed(folders)):
        os.utime(folder, (1_000_000 - age, 1_000_000 - age))
    limit = cache.num_bytes(folders[2]) + cache.num_bytes(folders[1])
    cache.make_room(own_cache, keep=folders[2], limit=limit)
    assert not folders[0].exists() and folders[1].exists() and (folders[2] / ABOUT).exists()


def test_a_cache_that_cannot_be_written_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PHI_CACHE_DIR", str(tmp_path / "file" / "below"))
    with pytest.raises(DataError, match=r"prepared data cannot be kept in .*file/below"):
        prepared_rows(tmp_path, ROWS[:3])


def test_a_file_that_changes_while_it_is_read_is_refused_and_leaves_nothing(
    tmp_path: Path, own_cache: Path
) -> None:
    path = write_rows(tmp_path / "a.jsonl", ROWS)
    changed: list[bool] = []

    def change(_: Progress) -> None:
        if not changed:
            changed.append(True)
            write_rows(tmp_path / "new.jsonl", ROWS[:7]).replace(path)

    with pytest.raises(DataError, match=r"a\.jsonl changed while it was read"):
        prepare(DataSpec(find_sources([str(path)])), *demo_format(), on_progress=change)
    assert list(own_cache.iterdir()) == []
    assert len(prepare(DataSpec(find_sources([str(path)])), *demo_format())) == 7


def test_a_full_disk_is_told_with_the_place_and_leaves_nothing(tmp_path: Path, own_cache: Path) -> None:
    path = write_rows(tmp_path / "a.jsonl", ROWS)
    command = ["phi", "data", "prepare", "--model_name", "demo", "--dataset_path", str(path)]
    code = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
    code += f"from phi_core.cli.main import run; sys.exit(run({command[1:]!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith(f"phi: prepared data cannot be written to {own_cache}: File too large")
    assert "PHI_CACHE_DIR" in done.stderr and list(own_cache.iterdir()) == []


def test_what_a_killed_preparation_left_is_swept_and_what_lives_is_not(
    tmp_path: Path, own_cache: Path
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True
    )
    own_cache.mkdir(parents=True)
    mine = cache.new_prefix()
    gone = mine.replace(str(os.getpid()), ended.stdout.strip())
    for prefix, age in (
        (mine, 60),
        (gone, 60),
        (".new-elsewhere-1-", 60),
        (".new-elsewhere-2-", 2 * 24 * 3600),
    ):
        folder = own_cache / f"{prefix}x"
        folder.mkdir()
        (folder / DATA).write_text("half")
        for path in (folder / DATA, folder):
            os.utime(path, (time.time() - age, time.time() - age))
    prepared_rows(tmp_path, ROWS[:3])
    assert {path.name for path in own_cache.glob(".new-*")} == {f"{mine}x", ".new-elsewhere-1-x"}


def test_a_file_of_faults_alone_tells_its_progress_too(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a.jsonl", [{"prompt": "no answer " * 100}] * 3000)
    told: list[Progress] = []
    with pytest.raises(DataError, match="3000 faulty records"):
        prepare(DataSpec(find_sources([str(path)])), *demo_format(), on_progress=told.append)
    assert len(told) > 2 and told[-1].done_bytes == path.stat().st_size


def test_records_that_the_format_cannot_render_are_faults_like_others(tmp_path: Path) -> None:
    template = tmp_path / "own.jinja"
    template.write_text(
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system here') }}{% endif %}"
        "{{ m.content }}{{ eos_token }}{% endfor %}"
    )
    folder = locate("demo")
    assert folder is not None
    form, (_, tokenizer) = read_prompt_format(folder, template_file=template), demo_format()
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ahoy"}]
    rows = [
        {"messages": [{"role": "system", "content": "x"}] * (n in (700, 1500)) + turns} for n in range(2100)
    ]
    spec = DataSpec(find_sources([str(write_rows(tmp_path / "a.jsonl", rows))]))
    with pytest.raises(DataError) as caught:
        prepare(spec, form, tokenizer)
    said = str(caught.value)
    assert "2 faulty records beside 2098 good" in said
    assert "a.jsonl line 701: the chat template refuses these messages: no system here" in said
    assert "a.jsonl line 1501" in said
    data = prepare(replace(spec, skips_faults=True), form, tokenizer)
    assert len(data) == 2098
    lines = [data.place(record)[1] for record in range(2098)]
    assert lines == [line for line in range(1, 2101) if line not in (701, 1501)]
    assert data.ids(1999) == data.ids(0)


def test_sources_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        write_rows(tmp_path / folder / "a.jsonl", ROWS[:3])
    spec = DataSpec(
        find_sources([str(tmp_path / "x" / "a.jsonl")]), find_sources([str(tmp_path / "y" / "a.jsonl")])
    )
    assert spec.labels == ("a", "a-validation")
