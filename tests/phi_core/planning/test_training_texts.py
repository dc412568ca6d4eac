"""What a run's training records ask."""

import json
from pathlib import Path

import yaml

from phi_core.planning.training_texts import training_texts


def test_the_user_s_turns_come_with_their_place(tmp_path: Path) -> None:
    rows = [
        {"prompt": "France?", "response": "Paris"},
        {"prompt": "", "response": 3},
        {
            "messages": [
                {"role": "system", "content": "Be short."},
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": "Hello"},
                {"role": "user", "content": "Japan?"},
                {"role": "assistant", "content": "Tokyo"},
            ]
        },
    ]
    (tmp_path / "data.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump({"model_name": "demo", "dataset_path": str(tmp_path / "data.jsonl")}))
    assert list(training_texts(config)) == [
        ("data.jsonl:1", "France?"),
        ("data.jsonl:3", "Hi"),
        ("data.jsonl:3", "Japan?"),
    ]


def test_a_record_that_asks_nothing_is_given_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "data.jsonl").write_text('{"text": "Once upon a time."}\n')
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump({"model_name": "demo", "dataset_path": str(tmp_path / "data.jsonl")}))
    assert list(training_texts(config)) == [("data.jsonl:1", "Once upon a time.")]
