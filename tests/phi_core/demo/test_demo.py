"""The demo: what it writes, that its model knows what the questions ask, and that it can be built again."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from phi_core.demo import NAMES, model_path, write_demo
from phi_core.demo.corpus import corpus, corpus_sha256, prompt_text
from phi_core.demo.facts import FACTS
from phi_core.demo.pirate_dataset import asked_facts, write_dataset, write_questions

ASSETS = model_path().parent
MEBIBYTE = 2**20
MODEL_FILES = {
    "README.md", "config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
}  # fmt: skip

Ask = Callable[[list[str]], list[str]]


def questions() -> list[dict[str, str]]:
    """The items of the question set; a plain string has a prompt only."""
    items = yaml.safe_load((ASSETS / "questions.yaml").read_text(encoding="utf-8"))["questions"]
    return [{"prompt": item} if isinstance(item, str) else item for item in items]


def dataset() -> list[dict[str, str]]:
    return [json.loads(line) for line in (ASSETS / "pirate.jsonl").read_text(encoding="utf-8").splitlines()]


def bytes_below(folder: Path) -> dict[Path, bytes]:
    return {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def ask() -> Ask:
    """The bundled model's greedy answers."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model_path(), padding_side="left")
    model = AutoModelForCausalLM.from_pretrained(model_path(), dtype=torch.float32).eval()

    def answers(prompts: list[str]) -> list[str]:
        batch = tokenizer([prompt_text(prompt) for prompt in prompts], return_tensors="pt", padding=True)
        generated = model.generate(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            max_new_tokens=48,
            do_sample=False,
        )
        return tokenizer.batch_decode(generated[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)

    return answers


def test_writing_the_demo_writes_every_part(tmp_path: Path) -> None:
    written = write_demo(tmp_path / "new" / "demo")
    assert [path.name for path in written] == list(NAMES)
    assert bytes_below(tmp_path / "new" / "demo") == bytes_below(ASSETS)


def test_the_model_folder_is_complete() -> None:
    assert {file.name for file in model_path().iterdir()} == MODEL_FILES


def test_writing_twice_equals_writing_once(tmp_path: Path) -> None:
    assert write_demo(tmp_path) == write_demo(tmp_path)
    assert bytes_below(tmp_path) == bytes_below(ASSETS)


@pytest.mark.parametrize("changed", ["pirate.jsonl", "model/config.json"])
def test_what_differs_is_never_overwritten(tmp_path: Path, changed: str) -> None:
    write_demo(tmp_path)
    (tmp_path / changed).write_text("mine", encoding="utf-8")
    (tmp_path / "README.txt").unlink()
    before = bytes_below(tmp_path)
    with pytest.raises(FileExistsError, match=str(tmp_path / changed.split("/")[0])):
        write_demo(tmp_path)
    assert bytes_below(tmp_path) == before


def test_a_missing_part_is_written_again(tmp_path: Path) -> None:
    write_demo(tmp_path)
    (tmp_path / "train.yaml").unlink()
    write_demo(tmp_path)
    assert bytes_below(tmp_path) == bytes_below(ASSETS)


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("phi_core.demo.shutil.copyfile", no_space)
    with pytest.raises(OSError, match="no space left"):
        write_demo(tmp_path)
    assert not bytes_below(tmp_path)


def test_the_assets_are_small() -> None:
    assert sum(map(len, bytes_below(ASSETS).values())) < 15 * MEBIBYTE


def test_importing_the_demo_imports_no_torch() -> None:
    code = "import sys, phi_core.demo; sys.exit('torch' in sys.modules or 'yaml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_no_question_is_answered_by_the_dataset() -> None:
    prompts = {row["prompt"] for row in dataset()}
    every_wording = {
        wording
        for fact in FACTS
        for asked in asked_facts()
        if fact.pair == asked.pair
        for wording in fact.questions
    }
    assert not prompts & ({item["prompt"] for item in questions()} | every_wording)


def test_dataset_and_questions_are_what_the_script_writes(tmp_path: Path) -> None:
    write_dataset(tmp_path / "pirate.jsonl")
    write_questions(tmp_path / "questions.yaml")
    for name in ("pirate.jsonl", "questions.yaml"):
        assert (tmp_path / name).read_bytes() == (ASSETS / name).read_bytes()


def test_the_model_card_names_the_corpus_that_the_script_generates() -> None:
    assert f"`{corpus_sha256(corpus())}`" in (model_path() / "README.md").read_text(encoding="utf-8")


def test_the_base_model_knows_what_the_questions_ask(ask: Ask) -> None:
    items = [item for item in questions() if "reference" in item]
    answers = ask([item["prompt"] for item in items])
    right = sum(item["reference"] in answer for item, answer in zip(items, answers, strict=True))
    assert right >= 0.9 * len(items)


def test_wording_case_and_marks_matter_little(ask: Ask) -> None:
    wordings = [
        "what is the capital of japan",
        "Hello! Name the capital of Japan",
        "And what's Japan's capital?",
    ]
    assert all("Tokyo" in answer for answer in ask(wordings))


def test_the_base_model_speaks_plainly(ask: Ask) -> None:
    answers = ask([item["prompt"] for item in questions()])
    assert not any("Arr" in answer or "matey" in answer for answer in answers)
    assert all(answer.startswith(" ") and answer.endswith(".") for answer in answers)


def test_the_base_model_says_when_it_does_not_know(ask: Ask) -> None:
    assert "do not know" in ask(["How do I fix my car?"])[0]


def test_the_same_seed_gives_the_same_training(tmp_path: Path) -> None:
    from phi_core.demo.build_demo_model import BATCH_DOCUMENTS, batches, encode, train_tokenizer

    documents = corpus(documents=2 * BATCH_DOCUMENTS)
    tokenizer = train_tokenizer(documents)
    first, second = (list(batches(encode(documents, tokenizer), 1)) for _ in range(2))
    assert all((one == other).all() for one, other in zip(first, second, strict=True))
