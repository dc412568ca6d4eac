"""`phi data preview`, `prepare` and `mix`: what is said is what is trained, and what is prepared is used."""

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import phi

from phi_core.samples.cache import prepared_folder
from phi_core.samples.prepared import DATA


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PHI_CACHE_DIR", str(tmp_path / "cache"))
    path = tmp_path / "data.jsonl"
    rows = [{"prompt": f"What is {n}?", "response": f"It is {n}."} for n in range(12)]
    rows += [
        {"prompt": "Tell me", "response": "a long answer " * 12},
        {"prompt": "[red]\x1b[2J", "response": "x"},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def preview(data: Path, *more: object) -> Any:
    return phi("data", "preview", "--model_name", "demo", "--dataset_path", data, *more)


def test_preview_tells_figures_and_shows_records_token_by_token(data: Path) -> None:
    done = preview(data)
    assert done.status == 0, done.err
    for words in ("records      13 to train, 1 to validate", "typical: ", "longest: ", "data.jsonl line 13"):
        assert words in done.out
    assert "  masked │ Instruct: " in done.out and "    stop │ <|endoftext|>" in done.out
    assert "\x1b" not in done.out


def test_preview_shows_what_is_cut_and_what_the_gate_finds(data: Path) -> None:
    done = preview(data, "--max_length", 30, "--validation_fraction", 0)
    assert "refused      cut_answers: 1 of 14 records (7.1%) lose the end of their answer" in done.out
    assert "     cut │ " in done.out and "answer cut: " in done.out
    accepted = preview(data, "--max_length", 30, "--validation_fraction", 0, "--accept", "cut_answers")
    assert "accepted     cut_answers" in accepted.out


def test_one_record_with_its_ids(data: Path) -> None:
    done = preview(data, "--record", 2, "--ids")
    assert "record 2: " in done.out and "data.jsonl line 2" in done.out and "typical" not in done.out
    table = [line for line in done.out.splitlines() if line.endswith("'<|endoftext|>'")]
    assert len(table) == 1 and " stop " in table[0]
    assert preview(data, "--record", 99).err.startswith(
        "phi: there is no record 99. The data has records 1 to 14"
    )


def test_colour_is_ours_and_never_the_data_s(data: Path) -> None:
    done = preview(data, "--record", 14, "--colour", "always")
    assert "\x1b[32m" in done.out and "\x1b[2J" not in done.out and "[red]" in done.out


def test_json_holds_every_token_with_its_fate(data: Path) -> None:
    found = json.loads(preview(data, "--record", 1, "--json").out)
    tokens = found["records"]["record 1"]["tokens"]
    assert tokens[-1]["fate"] == "stop" and "".join(token["text"] for token in tokens).endswith(
        "It is 0.<|endoftext|>"
    )
    assert found["train"]["records"] == 13 and found["gate"] == []


def test_a_model_that_is_not_here_has_no_tokens_to_show(data: Path) -> None:
    done = phi("data", "preview", "--model_name", "someone/else", "--dataset_path", data)
    assert (
        done.status == 2
        and "model someone/else is not on this machine and the hub cannot be reached" in done.err
    )


def test_prepare_is_done_once_and_used_by_plan_and_eval(data: Path, tiny_phi: Path) -> None:
    options = ("--model_name", tiny_phi, "--dataset_path", data)
    first = json.loads(phi("data", "prepare", *options, "--json").out)
    again = json.loads(phi("data", "prepare", *options, "--json").out)
    assert (first["was_there"], again["was_there"]) == (False, True)
    assert first["fingerprint"] == again["fingerprint"] and first["records"] == 14
    written = (Path(first["folder"]) / DATA).stat().st_mtime_ns
    assert phi("plan", *options).status == 0
    done = phi("eval", "--model", tiny_phi, "--data", data, "--json", "--device", "cpu")
    assert json.loads(done.out)["models"]["base"]["records"] == 14, done.err
    assert [item.name for item in prepared_folder().iterdir()] == [Path(first["folder"]).name]
    assert (Path(first["folder"]) / DATA).stat().st_mtime_ns == written


def test_mix_tells_shares_and_repetitions_and_writes_the_records(data: Path, tmp_path: Path) -> None:
    small = tmp_path / "small.jsonl"
    small.write_text("".join(data.read_text().splitlines(keepends=True)[:4]))
    sources = f"{data},{small}"
    words = ("data", "mix", "--model_name", "demo", "--dataset_path", sources, "--validation_fraction", 0)
    done = phi(*words, "--mixture", "golden", "--max_tokens", 3000, "--output", tmp_path / "mixed.jsonl")
    assert done.status == 0, done.err
    assert "61.8%" in done.out and "38.2%" in done.out and "deviation    " in done.out
    found = json.loads(phi(*words, "--mixture", "golden", "--max_tokens", 3000, "--json").out)
    assert found["tokens"] == sum(source["tokens_drawn"] for source in found["sources"])
    assert len((tmp_path / "mixed.jsonl").read_text().splitlines()) == int(
        done.out.rpartition(": ")[2].split()[0].replace(",", "")
    )


def test_padding_is_shown_where_batches_are_padded(data: Path) -> None:
    assert "padded │" not in preview(data, "--record", 1).out
    shown = [preview(data, "--no_padding_free", "--record", number).out for number in (1, 2, 3)]
    assert all("padded: fills the batch up" in text for text in shown)
    assert any("  padded │ " in text and " × pad" in text for text in shown)
