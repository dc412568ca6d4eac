"""What a person names, found in files, folders and patterns."""

import gzip
import hashlib
import os
from pathlib import Path

import pytest

from phi_core.data.sources.find import find_sources
from phi_core.data.sources.fingerprint import fingerprint
from phi_core.data.sources.part import Part
from phi_core.errors import DataError

OBJECT = b'{"text": "ahoy"}\n'


def _file(path: Path, content: bytes = OBJECT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _names(parts: tuple[Part, ...]) -> list[str]:
    return [part.name for part in parts]


def _refusal(*named: object) -> str:
    with pytest.raises(DataError) as caught:
        find_sources([str(item) for item in named])
    return str(caught.value)


def test_a_file_is_a_source_of_one_part(tmp_path: Path) -> None:
    path = _file(tmp_path / "pirate.jsonl")
    (source,) = find_sources([str(path)])
    assert (source.label, source.validation) == ("pirate", ())
    assert source.parts == (Part("pirate.jsonl", str(path), "json_lines", "line", len(OBJECT)),)


def test_nothing_named_is_no_source() -> None:
    assert find_sources([]) == ()


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.jsonl", OBJECT, "json_lines"),
        ("a.ndjson", OBJECT, "json_lines"),
        ("a.json", OBJECT, "json_lines"),
        ("a.json", b" \n[" + OBJECT + b"]", "json_array"),
        ("a.csv", b"text\na", "csv"),
        ("a.TSV", b"text\na", "tsv"),
        ("a.txt", b"a\nb", "text_lines"),
        ("a.text", b"a\n\nb\nc", "text_paragraphs"),
        ("a.csv.gz", gzip.compress(b"text\na", mtime=0), "csv"),
        ("a.json.gz", gzip.compress(b"[]", mtime=0), "json_array"),
    ],
)
def test_suffix_and_beginning_tell_the_kind(tmp_path: Path, name: str, content: bytes, kind: str) -> None:
    (source,) = find_sources([str(_file(tmp_path / name, content))])
    assert (source.parts[0].kind, source.label) == (kind, "a")


@pytest.mark.parametrize(
    ("content", "unit"),
    [
        (b"a\nb\n", "line"),
        (b"a\n\nb\n", "line"),
        (b"a\nb\n\n\n", "line"),
        (b"\n\na\nb", "line"),
        (b"a\nb\n\nc", "paragraph"),
        (b"a\r\n \t\r\nb\r\nc", "paragraph"),
        (b"", "line"),
    ],
)
def test_text_is_paragraphs_if_there_are_several_and_one_has_more_than_a_line(
    tmp_path: Path, content: bytes, unit: str
) -> None:
    path = str(_file(tmp_path / "a.txt", content))
    assert find_sources([path])[0].parts[0].kind == f"text_{unit}s"
    assert find_sources([path], text_unit="line")[0].parts[0].kind == "text_lines"
    assert find_sources([path], text_unit="paragraph")[0].parts[0].kind == "text_paragraphs"


def test_labels_are_unique_and_files_of_one_name_are_called_by_their_paths(tmp_path: Path) -> None:
    paths = [str(_file(tmp_path / folder / "pirate.jsonl")) for folder in "abc"]
    sources = find_sources([*paths, paths[0]])
    assert [source.label for source in sources] == ["pirate", "pirate-2", "pirate-3", "pirate-4"]
    assert [source.parts[0].name for source in sources[:3]] == paths


def test_a_label_from_a_file_name_cannot_command_the_terminal(tmp_path: Path) -> None:
    (source,) = find_sources([str(_file(tmp_path / "a\x1b[2J\nb.jsonl"))])
    assert source.label == "a␛[2J b"


def test_a_pattern_is_one_source_of_its_files_in_order_of_names(tmp_path: Path) -> None:
    for name in ("part-10.jsonl", "part-02.jsonl", ".part-00.jsonl", "other.jsonl", "part-x.txt"):
        _file(tmp_path / name)
    (source,) = find_sources([f"{tmp_path}/part-*.jsonl"])
    assert (source.label, _names(source.parts)) == ("part", ["part-02.jsonl", "part-10.jsonl"])


def test_a_pattern_goes_into_folders_but_not_round_in_links(tmp_path: Path) -> None:
    _file(tmp_path / "pirates" / "a" / "x.jsonl")
    _file(tmp_path / "pirates" / "y.jsonl")
    for link in ("one", "two"):
        (tmp_path / "pirates" / link).symlink_to(tmp_path / "pirates")
    (source,) = find_sources([f"{tmp_path}/pirates/**/*.jsonl"])
    assert (source.label, _names(source.parts)) == ("pirates", ["x.jsonl", "y.jsonl"])


def test_a_pattern_without_a_match_names_the_nearest_file(tmp_path: Path) -> None:
    _file(tmp_path / "part-1.jsonl")
    refusal = _refusal(f"{tmp_path}/prat-*.jsonl")
    assert f"no file matches {tmp_path}/prat-*.jsonl" in refusal
    assert f"Did you mean {tmp_path}/part-1.jsonl?" in refusal


def test_a_pattern_takes_nothing_that_cannot_be_read(tmp_path: Path) -> None:
    _file(tmp_path / "a.jsonl")
    _file(tmp_path / "notes.md")
    assert "notes.md has the suffix .md" in _refusal(f"{tmp_path}/*")
    assert "is no pattern" in _refusal(f"{tmp_path}/**.jsonl")


def test_a_folder_gives_its_train_files_and_its_validation(tmp_path: Path) -> None:
    for name in (
        *(
            "train-00000-of-00002.jsonl",
            "train-00001-of-00002.jsonl",
            "valid.csv",
            "test.jsonl",
            "README.txt",
        ),
        *(".train.jsonl", "trainer_state.json", "training_args.json", "values.jsonl", "extra.jsonl"),
    ):
        _file(tmp_path / "pirates" / name)
    (source,) = find_sources([str(tmp_path / "pirates")])
    assert source.label == "pirates"
    assert _names(source.parts) == ["train-00000-of-00002.jsonl", "train-00001-of-00002.jsonl"]
    assert _names(source.validation) == ["valid.csv"]


@pytest.mark.parametrize("name", ["val", "valid", "validation", "dev", "Validation-00000-of-00001", "val_1"])
def test_validation_has_many_names(tmp_path: Path, name: str) -> None:
    _file(tmp_path / "Train.jsonl")
    _file(tmp_path / f"{name}.jsonl")
    assert _names(find_sources([str(tmp_path)])[0].validation) == [f"{name}.jsonl"]


def test_a_folder_with_train_files_of_several_kinds_is_refused(tmp_path: Path) -> None:
    _file(tmp_path / "train.jsonl")
    _file(tmp_path / "train.jsonl.gz", gzip.compress(OBJECT))
    assert "files of several kinds: train.jsonl, train.jsonl.gz" in _refusal(tmp_path)


def test_a_folder_without_a_train_file_lists_what_it_holds(tmp_path: Path) -> None:
    for name in ("b.csv", "a.jsonl"):
        _file(tmp_path / name)
    refusal = _refusal(tmp_path)
    assert "is a folder without a train file; it holds a.jsonl, b.csv" in refusal
    assert f"Name one of them, such as {tmp_path}/a.jsonl, or call it train.jsonl" in refusal


def test_a_folder_without_records_names_the_folder_below_that_has_them(tmp_path: Path) -> None:
    assert "is a folder without files of records. Name a file that ends in .jsonl" in _refusal(tmp_path)
    _file(tmp_path / "data" / "train.jsonl")
    assert f"Did you mean {tmp_path}/data?" in _refusal(tmp_path)


def test_a_missing_file_names_the_nearest_one(tmp_path: Path) -> None:
    _file(tmp_path / "pirate.jsonl")
    refusal = _refusal(tmp_path / "pirat.jsonl")
    assert f"dataset {tmp_path}/pirat.jsonl does not exist" in refusal
    assert f"Did you mean {tmp_path}/pirate.jsonl?" in refusal
    assert f"Did you mean {tmp_path}/pirate.jsonl?" in _refusal(tmp_path / "pirate")


def test_a_slip_in_a_relative_name_is_no_hub_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _file(tmp_path / "pirate.jsonl")
    monkeypatch.chdir(tmp_path)
    assert "Did you mean pirate.jsonl?" in _refusal("pirate")
    assert "Name a file that ends in .jsonl" in _refusal("quite-another.jsonl")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert f"no folder {tmp_path}/nowhere" in _refusal(tmp_path / "nowhere" / "pirate.jsonl")
    assert "Name a file that ends in .jsonl" in _refusal(tmp_path / "pirate.jsonl")


def test_a_slip_below_a_folder_that_is_here_is_no_hub_dataset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _file(tmp_path / "folder" / "pirate.jsonl")
    monkeypatch.chdir(tmp_path)
    assert "dataset folder/nope does not exist. Name a file" in _refusal("folder/nope")
    assert "Did you mean folder/pirate.jsonl?" in _refusal("folder/pirat")


@pytest.mark.parametrize(
    "item", ["", "  ", "a\0b", "../no-such-place/x", "/no/such/file", "a/b/c", "https://x.y/z"]
)
def test_what_is_neither_here_nor_a_hub_id_is_refused(item: str) -> None:
    assert "does not exist" in _refusal(item) or "is no path" in _refusal(item)


def test_a_name_too_long_for_a_path_is_refused() -> None:
    assert "cannot be read: File name too long" in _refusal("a" * 5000)


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _file(tmp_path / "pirate.jsonl")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_sources(["~/pirate.jsonl", "~/*.jsonl"])[1].parts[0].location == str(path)


def test_links_are_followed_and_one_to_itself_cannot_be_read(tmp_path: Path) -> None:
    _file(tmp_path / "far" / "train.jsonl")
    (tmp_path / "near").symlink_to(tmp_path / "far")
    (tmp_path / "a.jsonl").symlink_to(tmp_path / "far" / "train.jsonl")
    (tmp_path / "loop.jsonl").symlink_to(tmp_path / "loop.jsonl")
    (tmp_path / "gone.jsonl").symlink_to(tmp_path / "nothing")
    assert len(find_sources([str(tmp_path / "near"), str(tmp_path / "a.jsonl")])) == 2
    assert "loop.jsonl cannot be read: Too many levels" in _refusal(tmp_path / "loop.jsonl")
    assert "gone.jsonl does not exist" in _refusal(tmp_path / "gone.jsonl")


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet", "a"])
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    assert "no regular file" in _refusal(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("name", ["a.jsonl", "folder"])
def test_what_may_not_be_read_says_so(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.mkdir() if name == "folder" else path.write_bytes(OBJECT)
    path.chmod(0)
    refusal = _refusal(path)
    path.chmod(0o700)
    assert "cannot be read: Permission denied" in refusal


def test_names_from_the_folder_cannot_command_the_terminal(tmp_path: Path) -> None:
    _file(tmp_path / "pirate\x1b[2J.jsonl")
    assert "\x1b" not in _refusal(tmp_path / "pirate.jsonl")
    assert "\x1b" not in _refusal(tmp_path)
    assert "\x1b" not in _refusal(f"{tmp_path}/\x1b[2J*.jsonl")


def test_the_fingerprint_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    path = _file(tmp_path / "a.jsonl")
    (source,) = find_sources([str(path)])
    assert fingerprint(source.parts) == hashlib.sha256(OBJECT).hexdigest()


def test_the_fingerprint_changes_with_content_and_order_but_not_with_names(tmp_path: Path) -> None:
    a, b = (_file(tmp_path / f"{name}.jsonl", name.encode()) for name in "ab")
    first, second = (find_sources([str(path)])[0].parts[0] for path in (a, b))
    whole = fingerprint([first, second])
    assert len({whole, fingerprint([second, first]), fingerprint([first]), fingerprint([])}) == 4
    (renamed,) = find_sources([str(a.rename(tmp_path / "c.jsonl"))])
    assert fingerprint([*renamed.parts, second]) == whole
    _file(b, b"changed")
    assert fingerprint([*renamed.parts, second]) != whole


def test_a_fingerprint_of_a_file_that_has_gone_is_a_data_error(tmp_path: Path) -> None:
    path = _file(tmp_path / "a.jsonl")
    (source,) = find_sources([str(path)])
    path.unlink()
    with pytest.raises(DataError, match="does not exist"):
        fingerprint(source.parts)
