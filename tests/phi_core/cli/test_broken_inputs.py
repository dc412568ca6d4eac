"""Broken requests: exit status 2, a paragraph that names the file, line or option, no traceback, nothing written."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from command_line import Done, files_under, phi, phi_process
from run_factory import make_run


class Place:
    """A folder with everything that a request may name, good and broken."""

    def __init__(self, root: Path, model: Path, other_model: Path, adapter: Path) -> None:
        self.root, self.model, self.other_model, self.adapter = root, model, other_model, adapter
        self.runs = root / "runs"
        self._write_data()
        self._write_configurations()
        self._write_models()
        self._write_questions()
        for name in ("20250101-one", "20250101-two"):
            make_run(self.runs, name)
        make_run(self.runs, "live", state="running")
        make_run(self.runs, "failed", state="failed")

    def __truediv__(self, name: str) -> Path:
        return self.root / name

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def train(self, *words: object, config: str = "good.yaml") -> tuple[object, ...]:
        return ("train", self / config, "--runs_dir", self.runs, *words)

    def compare(self, *words: object) -> tuple[object, ...]:
        return ("compare", "--model", self.model, *words)

    def _write_data(self) -> None:
        rows = [json.dumps({"prompt": f"What is {count}?", "response": str(count)}) for count in range(12)]
        self.write("data.jsonl", "\n".join(rows))
        self.write("line-7.jsonl", "\n".join([*rows[:6], '{"prompt": "broken', *rows[7:]]))
        self.write(
            "no-answers.jsonl", "\n".join(json.dumps({"prompt": "a", "response": " "}) for _ in range(3))
        )
        self.write("one.jsonl", rows[0])
        self.write("empty.jsonl", "")
        self.write("data.parquet", b"PAR1")
        self.write("utf-16.jsonl", rows[0].encode("utf-16"))
        self.write("typo.jsonl", "\n".join(row.replace("response", "respons") for row in rows))

    def _write_configurations(self) -> None:
        good = f"model_name: {self.model}\ndataset_path: {self / 'data.jsonl'}\n"
        self.write("good.yaml", good)
        self.write("near-miss.yaml", good + "lora_rank: 3\nlearning_rat: 1\n")
        self.write("wrong-type.yaml", good + "epochs: [3]\nlora_r: true\n")
        self.write("out-of-bounds.yaml", good + "lora_r: 0\nwarmup_ratio: 1.0\n")
        self.write("twice.yaml", good + "lora_r: 3\nlora_r: 4\n")
        self.write("syntax.yaml", good + "lora_targets: [q_proj\n")
        self.write("list.yaml", "- lora_r: 3\n")
        self.write("nul.yaml", f'model_name: {self.model}\ndataset_path: "a\\0b"\n')
        self.write("latin-1.yaml", b"model_name: caf\xe9\n")

    def _write_models(self) -> None:
        (self / "no-model").mkdir()
        self.write("broken-config/config.json", "{")
        self.write("broken-tokenizer/config.json", '{"model_type": "phi"}')
        self.write("broken-tokenizer/tokenizer_config.json", '{"eos_token": "<|endoftext|>"}')
        self.write("broken-tokenizer/tokenizer.json", "{")
        shutil.copytree(self.model, self / "broken-template")
        self.write("broken-template/chat_template.jinja", "{% for m in messages %}")
        self.write("broken-adapter/adapter_config.json", "{")

    def _write_questions(self) -> None:
        self.write("questions.yaml", "questions:\n  - Hello?\n")
        self.write("bad-item.yaml", "questions:\n  - Hello?\n  - prmpt: Hello?\n")
        self.write("bad-setting.yaml", "generation: {temprature: 1}\nquestions: [Hello]\n")
        self.write("no-questions.yaml", "questions: []\n")
        self.write("empty.yaml", "")
        self.write("not.yaml", "questions: [\n")


Request = Callable[[Place], Sequence[object]]

TRAINING: dict[str, tuple[Request, list[str]]] = {
    "configuration missing": (lambda p: p.train(config="missing.yaml"), ["missing.yaml does not exist"]),
    "configuration is a folder": (lambda p: p.train(config="no-model"), ["no-model cannot be read"]),
    "configuration with a syntax error": (lambda p: p.train(config="syntax.yaml"), ["syntax.yaml, line 4"]),
    "configuration is a list": (lambda p: p.train(config="list.yaml"), ["list.yaml holds a list"]),
    "configuration not UTF-8": (lambda p: p.train(config="latin-1.yaml"), ["latin-1.yaml cannot be read"]),
    "option given twice in a file": (
        lambda p: p.train(config="twice.yaml"),
        ["twice.yaml, line 4", "lora_r"],
    ),
    "near misses in a file": (
        lambda p: p.train(config="near-miss.yaml"),
        ["near-miss.yaml has 2 problems", "lora_rank", "Did you mean lora_r?", "Did you mean learning_rate?"],
    ),
    "wrong types": (
        lambda p: p.train(config="wrong-type.yaml"),
        ["epochs: must be a finite number", "lora_r: must be a whole number", "got 'true'"],
    ),
    "out of bounds": (
        lambda p: p.train(config="out-of-bounds.yaml"),
        ["lora_r: must be a whole number ≥ 1", "got 0", "warmup_ratio", "< 1"],
    ),
    "a path with NUL": (lambda p: p.train(config="nul.yaml"), ["'a\\x00b' is no path"]),
    "near miss in a flag": (
        lambda p: p.train("--leaning-rate", 1),
        ["--leaning_rate", "Did you mean --learning_rate?"],
    ),
    "flag without its value": (lambda p: p.train("--epochs"), ["--epochs", "requires an argument"]),
    "flag out of bounds": (lambda p: p.train("--lora_r", 0), ["with the given options", "lora_r", "got '0'"]),
    "flag of the wrong type": (lambda p: p.train("--epochs", "many"), ["epochs", "'many'"]),
    "value after a switch": (
        lambda p: p.train("--gradient_checkpointing", "no"),
        ["no: not expected", "--no_NAME"],
    ),
    "second configuration": (lambda p: p.train("other.yaml"), ["other.yaml: not expected here"]),
    "no dataset": (lambda p: ("train", "--runs_dir", p.runs), ["dataset_path: no dataset given"]),
    "dataset missing": (
        lambda p: p.train("--dataset_path", p / "dta.jsonl"),
        ["dta.jsonl does not exist", "Did you mean", "data.jsonl?"],
    ),
    "bad JSON on line 7": (
        lambda p: p.train("--dataset_path", p / "line-7.jsonl"),
        ["line-7.jsonl line 7", "JSON"],
    ),
    "empty answers": (
        lambda p: p.train("--dataset_path", p / "no-answers.jsonl"),
        ["no-answers.jsonl", "3 faulty records", "line 3, field response: empty"],
    ),
    "misspelt field": (
        lambda p: p.train("--dataset_path", p / "typo.jsonl"),
        ["typo.jsonl line 1", "Did you mean response instead of respons?"],
    ),
    "one record": (
        lambda p: p.train("--dataset_path", p / "one.jsonl"),
        ["at least 2", "validation_fraction"],
    ),
    "no record": (lambda p: p.train("--dataset_path", p / "empty.jsonl"), ["empty.jsonl has 0 good records"]),
    "unknown kind of dataset": (
        lambda p: p.train("--dataset_path", p / "data.parquet"),
        ["data.parquet", "no intact Parquet file"],
    ),
    "dataset in UTF-16": (
        lambda p: p.train("--dataset_path", p / "utf-16.jsonl"),
        ["utf-16.jsonl is UTF-16"],
    ),
    "dataset is a folder": (lambda p: p.train("--dataset_path", p.root), ["is a folder"]),
    "validation file missing": (
        lambda p: p.train("--validation_path", p / "v.jsonl"),
        ["v.jsonl does not exist"],
    ),
    "model folder missing": (lambda p: p.train("--model_name", "./nowhere"), ["./nowhere does not exist"]),
    "folder without config.json": (
        lambda p: p.train("--model_name", p / "no-model"),
        ["no-model", "config.json is missing"],
    ),
    "model is a file": (lambda p: p.train("--model_name", p / "data.jsonl"), ["data.jsonl is a file"]),
    "adapter given as model": (
        lambda p: p.train("--model_name", p.adapter),
        ["holds an adapter", "--adapter"],
    ),
    "no hub id": (
        lambda p: p.train("--model_name", "some model!"),
        ["'some model!' is neither a folder nor a hub id"],
    ),
    "config.json broken": (
        lambda p: p.train("--model_name", p / "broken-config"),
        ["broken-config/config.json cannot be read"],
    ),
    "tokenizer.json broken": (
        lambda p: p.train("--model_name", p / "broken-tokenizer"),
        ["broken-tokenizer/tokenizer.json"],
    ),
    "chat template broken": (
        lambda p: p.train("--model_name", p / "broken-template"),
        ["the chat template is broken"],
    ),
    "chat template asked for, none there": (
        lambda p: p.train("--prompt_format", "chat_template"),
        ["prompt_format", "no chat template"],
    ),
    "target that matches nothing": (
        lambda p: p.train("--lora_targets", "q_proj,gate_up"),
        ["lora_targets: gate_up", "q_proj, k_proj, v_proj"],
    ),
    "records longer than the longest": (lambda p: p.train("--max_length", 2), ["max_length 2"]),
    "package of an extra missing": (
        lambda p: p.train("--report_to", "trackio"),
        ["report_to", "phi-trainer[trackio]"],
    ),
    "half precision on the CPU": (
        lambda p: p.train("--dtype", "float16", "--device", "cpu"),
        ["dtype", "float32"],
    ),
    "output_dir taken": (
        lambda p: p.train("--output_dir", p.model),
        ["output_dir", "exists and is not empty"],
    ),
    "output_dir is a file": (
        lambda p: p.train("--output_dir", p / "data.jsonl"),
        ["output_dir", "data.jsonl"],
    ),
    "output_dir under a file": (
        lambda p: p.train("--output_dir", p / "data.jsonl/x"),
        ["data.jsonl", "--output_dir"],
    ),
    "output_dir not to be written": (
        lambda p: p.train("--output_dir", "/proc/x/y"),
        ["/proc/x", "--output_dir"],
    ),
    "runs_dir is a file": (
        lambda p: ("train", p / "good.yaml", "--runs_dir", p / "data.jsonl"),
        ["data.jsonl", "--runs_dir"],
    ),
    "home of nobody": (
        lambda p: ("train", p / "good.yaml", "--runs_dir", "~nobody-here/runs"),
        ["~nobody-here/runs", "home folder"],
    ),
    "a name that is too long": (
        lambda p: p.train("--output_dir", "x" * 5000),
        ["xxx… is no path: it is too long"],
    ),
}
OTHERS: dict[str, tuple[Request, list[str]]] = {
    "unknown command": (lambda p: ("tran",), ["tran", 'Did you mean "train"?']),
    "unknown command of runs": (lambda p: ("runs", "stpo"), ["stpo", "stop"]),
    "plan of a broken file": (lambda p: ("plan", p / "syntax.yaml", "--json"), ["syntax.yaml, line 4"]),
    "nothing named": (lambda p: ("chat",), ["no model is named", "--model"]),
    "run and adapter together": (
        lambda p: ("chat", "--run", "latest", "--adapter", p.adapter, "--runs_dir", p.runs),
        ["--run and --adapter are both given"],
    ),
    "adapter folder missing": (lambda p: ("chat", "--adapter", p / "nowhere"), ["nowhere holds no adapter"]),
    "adapter folder broken": (
        lambda p: ("chat", "--adapter", p / "broken-adapter"),
        ["broken-adapter", "adapter_config.json is missing or broken"],
    ),
    "model given as adapter": (lambda p: ("chat", "--adapter", p.model), ["holds no adapter"]),
    "chat with a model that is not there": (
        lambda p: ("chat", "--model", "./nowhere"),
        ["./nowhere does not exist"],
    ),
    "bad sampling": (
        lambda p: ("chat", "--model", p.model, "--temperature", "hot", "--seed", "-1"),
        ["--temperature", "'hot'", "--seed", "'-1'"],
    ),
    "bad choice": (lambda p: ("chat", "--model", p.model, "--device", "tpu"), ["tpu", "--device", "cuda"]),
    "run unknown": (
        lambda p: ("chat", "--run", "nothing", "--runs_dir", p.runs),
        ["no run 'nothing'", "runs list"],
    ),
    "run ambiguous": (
        lambda p: ("chat", "--run", "2025", "--runs_dir", p.runs),
        ["'2025' fits 2 runs", "20250101-one, 20250101-two"],
    ),
    "run without an adapter": (
        lambda p: ("compare", "--run", "20250101-one", "--runs_dir", p.runs),
        ["20250101-one has no adapter yet"],
    ),
    "no run at all": (
        lambda p: ("chat", "--run", "latest", "--runs_dir", p / "no-model"),
        ["there is no run in"],
    ),
    "question file missing": (lambda p: p.compare("--questions", p / "q.yaml"), ["q.yaml does not exist"]),
    "question file with a bad item": (
        lambda p: p.compare("--questions", p / "bad-item.yaml"),
        ["bad-item.yaml", "line 3, question 2", "Did you mean prompt?"],
    ),
    "question file with a bad setting": (
        lambda p: p.compare("--questions", p / "bad-setting.yaml"),
        ["bad-setting.yaml", "line 1", "temprature", "Did you mean temperature?"],
    ),
    "question file not YAML": (
        lambda p: p.compare("--questions", p / "not.yaml"),
        ["not.yaml, line 2 is not YAML"],
    ),
    "question file empty": (lambda p: p.compare("--questions", p / "empty.yaml"), ["empty.yaml is empty"]),
    "question file without questions": (
        lambda p: p.compare("--questions", p / "no-questions.yaml"),
        ["is empty"],
    ),
    "question file is a folder": (lambda p: p.compare("--questions", p.model), ["cannot be read"]),
    "out not to be written": (
        lambda p: p.compare("--questions", p / "questions.yaml", "--out", p / "data.jsonl"),
        ["--out", "data.jsonl cannot be written"],
    ),
    "evaluation data broken": (
        lambda p: ("eval", "--model", p.model, "--data", p / "line-7.jsonl"),
        ["line-7.jsonl line 7"],
    ),
    "evaluation without data": (lambda p: ("eval", "--model", p.model), ["--data"]),
    "data with faults": (lambda p: ("data", "check", p / "line-7.jsonl"), ["line-7.jsonl line 7"]),
    "data missing": (lambda p: ("data", "check", p / "missing.jsonl"), ["missing.jsonl does not exist"]),
    "stop a finished run": (
        lambda p: ("runs", "stop", "20250101-one", "--runs_dir", p.runs),
        ["20250101-one is finished"],
    ),
    "resume a finished run": (
        lambda p: ("runs", "resume", "20250101-one", "--runs_dir", p.runs),
        ["20250101-one is finished", "phi train"],
    ),
    "resume a live run": (lambda p: ("runs", "resume", "live", "--runs_dir", p.runs), ["live is running"]),
    "pause a failed run": (lambda p: ("runs", "pause", "failed", "--runs_dir", p.runs), ["failed is failed"]),
    "delete a live run": (
        lambda p: ("runs", "delete", "live", "--yes", "--runs_dir", p.runs),
        ["live is running", "phi runs stop live"],
    ),
    "label nothing": (lambda p: ("runs", "label", "--runs_dir", p.runs), ["RUN requires an argument"]),
    "demo over a file": (lambda p: ("demo", p / "data.jsonl"), ["data.jsonl is a file"]),
    "demo over other files": (lambda p: ("demo", p / "demo-taken"), ["train.yaml", "another folder"]),
}


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory, model_folder: Callable[..., Path], tiny_adapter: Path
) -> Place:
    root = tmp_path_factory.mktemp("place")
    found = Place(root, model_folder("phi"), model_folder("llama"), tiny_adapter)
    found.write("demo-taken/train.yaml", "mine: true\n")
    return found


def refused(done: Done, named: Sequence[str]) -> None:
    assert done.status == 2, done
    for words in named:
        assert words in done.err
    assert "Traceback" not in done.err and "fault of phi" not in done.err and "Error:" not in done.err
    assert done.err.startswith("phi: ")


@pytest.mark.parametrize("request_name", [*TRAINING, *OTHERS])
def test_a_broken_request_is_refused_with_its_reason_and_leaves_nothing(
    request_name: str, place: Place
) -> None:
    request, named = {**TRAINING, **OTHERS}[request_name]
    before = files_under(place.root)
    done = phi(*request(place))
    refused(done, named)
    assert files_under(place.root) == before
    if request_name != "data with faults":
        assert done.out == ""


def test_an_adapter_of_another_base_is_refused_before_it_answers(place: Place) -> None:
    before = files_under(place.root)
    wanted = ("compare", "--model", place.other_model, "--adapter", place.adapter)
    refused(
        phi(*wanted, "--questions", place / "questions.yaml", "--device", "cpu"),
        [str(place.adapter), "belongs to another base model", "Name the base"],
    )
    assert files_under(place.root) == before


def test_the_app_needs_a_terminal(tmp_path: Path) -> None:
    done = phi_process("tui", folder=tmp_path)
    assert done.status == 2
    assert "terminal" in done.err and "Traceback" not in done.err
    assert files_under(tmp_path) == []


def test_deleting_without_anybody_to_answer_deletes_nothing(tmp_path: Path) -> None:
    make_run(tmp_path / "runs", "one")
    done = phi_process("runs", "delete", "one", folder=tmp_path)
    refused(done, ["--yes"])
    assert (tmp_path / "runs" / "one").is_dir()


def test_a_broken_request_in_another_process_is_refused_as_well(tmp_path: Path) -> None:
    done = phi_process("train", "missing.yaml", folder=tmp_path)
    refused(done, ["missing.yaml does not exist"])
    assert files_under(tmp_path) == []


def test_terminal_sequences_in_a_name_are_shown_not_obeyed(tmp_path: Path) -> None:
    done = phi("train", tmp_path / "\x1b[2Jwiped\r.yaml")
    assert done.status == 2
    assert "\x1b" not in done.err and "\r" not in done.err and "␛[2Jwiped␍.yaml" in done.err


def test_debug_shows_where_and_only_then(tmp_path: Path) -> None:
    missing = tmp_path / "missing.yaml"
    assert "Traceback" not in phi_process("train", missing).err
    assert "Traceback" in phi_process("train", missing, "--debug").err


@pytest.mark.parametrize(
    "words",
    [
        ("layers", "microsoft/phi-2", "--lora_r", "1.5"),
        ("queue", "move", "some-run", "1.5"),
        ("queue", "run", "--at_once", "1.5"),
        ("search", "train.yaml", "--space", "lora_r=8,16", "--trials", "1.5"),
        ("data", "split", "data.jsonl", "--output", "out", "--seed", "1.5"),
        ("data", "transform", "in.csv", "out.csv", "--window", "1.5"),
    ],
    ids=lambda words: words[-2],
)
def test_a_fraction_is_refused_where_a_whole_number_belongs(words: tuple[str, ...]) -> None:
    """Cyclopts alone would round it."""
    refused(phi(*words), ["'1.5' is no whole number"])
