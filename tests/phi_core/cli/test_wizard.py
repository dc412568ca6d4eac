"""The wizard: the same project by questions, by a pipe and by --auto; nothing before the confirmation; faults in time."""

import inspect
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from command_line import PROJECT, Done, files_under, phi
from odd_texts import FORBIDDEN, TERMINAL_SEQUENCES
from prepared_data import write_rows

from phi_core.cli.wizard import wizard
from phi_core.cli.wizard_dialogue import Cancelled, Headings, walk
from phi_core.cli.wizard_draft import Draft, free_name, project_name, run_config
from phi_core.cli.wizard_project import evaluation_data, train_yaml
from phi_core.cli.wizard_settings import FIXED
from phi_core.cli.wizard_steps import QUESTIONS, STEPS
from phi_core.config.problems import SPECS, checked
from phi_core.config.training import TrainingConfig
from phi_core.config.yaml_file import parse_values, read_values
from phi_core.errors import ConfigError, DataError, PhiError, RequestError
from phi_core.planning.machine import Machine
from phi_core.planning.run_plan import make_plan

MACHINE = Machine(cores=2, free_gib=20.0, total_gib=24.0, gpus=())
ROWS = [{"prompt": f"What is {count} and {count}?", "response": f"It is {2 * count}."} for count in range(40)]


class Scripted(Headings):
    """Answers by name, one after the other, then the defaults; remembers what was asked, told and wrong."""

    def __init__(self, answers: Mapping[str, Sequence[str]]) -> None:
        super().__init__(STEPS)
        self._answers = {name: list(texts) for name, texts in answers.items()}
        self.asked: list[tuple[str, str]] = []
        self.told: list[str] = []
        self.errors: list[PhiError] = []

    def offer(self, step: str, menu: Callable[[], Sequence[str]]) -> None:
        self.told += menu()

    def tell(self, step: str, lines: Sequence[str]) -> None:
        self.told += lines

    def ask(self, name: str, text: str, default: str) -> str:
        self.asked.append((name, default))
        left = self._answers.get(name)
        return left.pop(0) if left else ""

    def wrong(self, error: PhiError) -> None:
        self.errors.append(error)
        if len(self.errors) > 5:
            raise error


def walked(
    folder: Path, flags: Mapping[str, Any] | None = None, **answers: Sequence[str]
) -> tuple[Draft, Scripted]:
    """The draft that these answers, and defaults for the rest, make; and the dialogue."""
    flags, dialogue = flags or {}, Scripted(answers)
    values = {name: value for name, value in flags.items() if name in SPECS}
    return walk(Draft(MACHINE, folder, values), QUESTIONS, flags, dialogue), dialogue


def demo_with(data: Path, **more: Any) -> dict[str, Any]:
    return {"model_name": "demo", "dataset_path": str(data), **more}


def words_of(flags: Mapping[str, object]) -> list[object]:
    return [word for name, value in flags.items() for word in (f"--{name}", value)]


def process(*words: object, folder: Path, answers: str | None = None) -> Done:
    """The wizard as its own process, answers coming from a pipe; None: nothing on standard input."""
    done = subprocess.run(
        [sys.executable, "-m", "phi_core", "wizard", *map(str, words)],
        capture_output=True,
        text=True,
        input=answers,
        stdin=subprocess.DEVNULL if answers is None else None,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        timeout=120,
    )
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_rows(tmp_path / "sums.jsonl", ROWS)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """An empty folder for projects."""
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


# ── defaults, flags and questions agree


def test_answers_by_default_and_auto_make_the_same_files(tmp_path: Path) -> None:
    made = []
    for name, words, answers in (
        ("asked", (), "0\n" + "\n" * 20),
        ("auto", ("--auto", "--model_name", "demo"), None),
    ):
        (tmp_path / name).mkdir()
        done = process(*words, folder=tmp_path / name, answers=answers)
        assert done.status == 0, done.err
        made.append(contents(tmp_path / name))
    asked, auto = made
    assert asked == auto
    assert {"demo/train.yaml", "demo/suggested.json", "demo/datasets/raw/train.jsonl"} <= set(auto)


def contents(folder: Path) -> dict[str, str]:
    """Every file; the folder's own path is told apart from nothing else."""
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8").replace(str(folder), "FOLDER")
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_every_question_is_a_flag_and_flags_answer_it(here: Path, data: Path) -> None:
    flags = inspect.signature(wizard).parameters
    assert [question.name for question in QUESTIONS if question.name and question.name not in flags] == []
    assert set(SPECS) <= set(flags)
    given = demo_with(data, project="p", validation_fraction="0.2", write_split=False, prepare=True, max_length="80",
                      train=False, yes=True)  # fmt: skip
    draft, dialogue = walked(here, given)
    assert [name for name, _ in dialogue.asked] == [""]  # changes of settings are flags of their own
    assert draft.created == here / "p"


def test_without_answers_every_option_is_suggested_or_the_training_default(here: Path, data: Path) -> None:
    draft, _ = walked(here, demo_with(data))
    config, suggested = (
        run_config(draft),
        json.loads((here / "demo" / "suggested.json").read_text())["values"],
    )
    defaults = TrainingConfig(model_name="demo", dataset_path=(str(data),))
    for name in SPECS:
        value = getattr(config, name)
        assert value == (
            tuple(suggested[name]["value"])
            if isinstance(value, tuple) and name in suggested
            else suggested[name]["value"]
            if name in suggested
            else getattr(defaults, name)
        )


def test_a_flag_wins_over_a_suggestion_and_is_told_apart_from_it(here: Path, data: Path) -> None:
    flags = demo_with(data, weight_decay="0.1", schedule="cosine", lora_targets="q_proj,v_proj", seed="7", epochs="1",
                      learning_rate="1e-3", warmup_ratio="0.0618")  # fmt: skip
    walked(here, flags)
    config = checked(read_values(here / "demo" / "train.yaml"))
    assert (config.weight_decay, config.schedule, config.lora_targets) == (
        0.1,
        "cosine",
        ("q_proj", "v_proj"),
    )
    assert (config.seed, config.epochs, config.learning_rate, config.warmup_ratio) == (7, 1, 1e-3, 0.0618)
    values = json.loads((here / "demo" / "suggested.json").read_text())["values"]
    assert values["weight_decay"]["from"] == "given" and "0.01" in values["weight_decay"]["why"]
    assert values["lora_r"] == {"value": 16, "from": "memory", "why": values["lora_r"]["why"]}


def test_settings_are_changed_by_name_and_what_hangs_on_them_follows(here: Path, data: Path) -> None:
    draft, _ = walked(here, demo_with(data), **{"": ["lora_r=4 --weight-decay=0.1", "max_steps=3"]})
    config = run_config(draft)
    assert (config.lora_r, config.lora_alpha, config.weight_decay, config.max_steps) == (4, 8, 0.1, 3)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("lora_r=none", "lora_r: must be a whole number"),
        ("lorar=3", "Did you mean lora_r"),
        ("lora_r", "not name=value"),
        ("dataset_path=x", "Go back with b"),
    ],
)
def test_a_wrong_change_of_a_setting_is_refused_with_what_would_be_right(
    here: Path, data: Path, typed: str, said: str
) -> None:
    draft, dialogue = walked(here, demo_with(data), **{"": [typed]})
    assert said in str(dialogue.errors[0])
    assert run_config(draft).lora_r == 16


def test_what_the_data_was_read_with_is_not_changed_among_the_settings() -> None:
    assert {
        "model_name",
        "dataset_path",
        "columns",
        "validation_fraction",
        "max_length",
        "prompt_format",
    } <= FIXED
    assert not FIXED & {"epochs", "lora_r", "truncation", "accept", "device"}


# ── going back, cancelling, confirming


def test_b_goes_back_and_what_follows_is_asked_anew(here: Path, data: Path) -> None:
    draft, dialogue = walked(
        here, demo_with(data), project=["first", "second"], validation_fraction=["b", "golden"]
    )
    names = [name for name, _ in dialogue.asked]
    assert names[:4] == ["project", "validation_fraction", "project", "validation_fraction"]
    assert dialogue.asked[2] == ("project", "first")  # what was typed is offered again
    assert draft.created == here / "second"
    assert run_config(draft).validation_fraction == "golden"


def test_b_at_the_first_question_stays_there(here: Path, data: Path) -> None:
    draft, dialogue = walked(here, demo_with(data), project=["b", "b", "p"])
    assert [name for name, _ in dialogue.asked[:3]] == ["project"] * 3
    assert draft.created == here / "p"


def test_a_default_accepted_by_enter_is_made_anew_after_going_back(here: Path, data: Path) -> None:
    flags = {"dataset_path": str(data)}
    draft, dialogue = walked(here, flags, model_name=["1", "0"], project=["b"])
    assert [pair for pair in dialogue.asked if pair[0] == "project"] == [
        ("project", "pythia-70m"),
        ("project", "demo"),
    ]
    assert draft.created == here / "demo"


@pytest.mark.parametrize("name", [question.name for question in QUESTIONS if question.name not in
                                  ("columns", "on_bad_record", "evaluate")])  # fmt: skip
def test_q_cancels_at_every_question_and_nothing_is_created(here: Path, name: str) -> None:
    with pytest.raises(Cancelled):
        walked(here, **{"model_name": ["0"], name: ["q"]})
    assert files_under(here) == []


def test_no_at_the_end_creates_nothing(here: Path, data: Path) -> None:
    with pytest.raises(Cancelled):
        walked(here, demo_with(data), yes=["no"])
    assert files_under(here) == []


def test_nothing_is_there_until_the_confirmation(here: Path, data: Path) -> None:
    seen: list[Sequence[str]] = []

    class Watching(Scripted):
        def ask(self, name: str, text: str, default: str) -> str:
            seen.append(files_under(here))
            return super().ask(name, text, default)

    flags = demo_with(data)
    walk(Draft(MACHINE, here, flags), QUESTIONS, flags, Watching({}))
    assert len(seen) > 5 and not any(seen)
    assert files_under(here)


def test_an_unclear_yes_is_asked_again(here: Path, data: Path) -> None:
    draft, dialogue = walked(here, demo_with(data), yes=["perhaps", "Y"])
    assert "neither yes nor no" in str(dialogue.errors[0])
    assert draft.created


# ── the files of a project


def test_the_written_configuration_is_complete_and_plans_the_run(here: Path, data: Path) -> None:
    draft, _ = walked(here, demo_with(data))
    text = (here / "demo" / "train.yaml").read_text(encoding="utf-8")
    assert set(parse_values(text, source="")) == set(SPECS)
    config = checked(parse_values(text, source=""))
    plan = make_plan(config)
    assert draft.plan is not None and plan.steps.hash == draft.plan.steps.hash
    assert (plan.num_train_records, plan.num_validation_records) == (36, 4)
    assert "# the rule for memory" in text


def test_the_written_split_shares_no_record_and_holds_all(here: Path, data: Path) -> None:
    draft, _ = walked(here, demo_with(data))
    raw = here / "demo" / "datasets" / "raw"
    sides = [(raw / f"{side}.jsonl").read_text().splitlines() for side in ("train", "validation")]
    assert sorted(sides[0] + sides[1]) == sorted(data.read_text().splitlines())
    assert evaluation_data(draft, here / "demo") == [str(raw / "validation.jsonl")]


def test_data_that_is_not_written_is_named_by_its_path_from_the_root(here: Path, data: Path) -> None:
    walked(here, demo_with(data, write_split=False))
    config = checked(read_values(here / "demo" / "train.yaml"))
    assert config.dataset_path == (str(data),) and not config.validation_path
    assert not (here / "demo" / "datasets").exists()


def test_a_folder_with_validation_files_is_used_as_it_is(here: Path, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    write_rows(tmp_path / "set" / "train.jsonl", ROWS[:30])
    write_rows(tmp_path / "set" / "valid.jsonl", ROWS[30:])
    draft, dialogue = walked(here, demo_with(tmp_path / "set"), train=["y"], evaluate=["y"])
    names = {name for name, _ in dialogue.asked}
    assert not names & {"validation_fraction", "write_split"} and "evaluate" in names
    assert evaluation_data(draft, here / "demo") == [str(tmp_path / "set")]
    assert draft.plan is not None and draft.plan.num_validation_records == 10


def test_comments_never_leave_their_line() -> None:
    config = TrainingConfig(model_name="demo", dataset_path=("a\nb: c",))
    text = train_yaml(config, {"seed": "one\ntwo: 2\x1b[2J"})
    assert checked(parse_values(text, source="")) == config
    assert not FORBIDDEN & set(text)


def test_a_model_that_is_not_here_is_told_with_its_size_and_lengths_are_estimated(
    here: Path, data: Path
) -> None:
    draft, dialogue = walked(here, {"dataset_path": str(data)})
    told = "\n".join(dialogue.told)
    assert "microsoft/phi-2: 2,779,683,840 parameters, context 2,048" in told
    assert "not on this machine yet" in told and "5.2 GiB by formula (parameters × 2 bytes)" in told
    assert "estimated as characters / 4" in told
    assert "prepare" not in {name for name, _ in dialogue.asked}
    assert draft.plan is not None and not draft.plan.is_exact


def test_a_gated_model_says_what_to_do(here: Path, data: Path) -> None:
    _, dialogue = walked(here, {"dataset_path": str(data), "model_name": "meta-llama/Llama-3.2-1B-Instruct"})
    assert any("gated" in line and "hf auth login" in line for line in dialogue.told)


# ── project names


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("My Run", "My-Run"),
        ("../../etc/passwd", "etc-passwd"),
        ("a/b\\c", "a-b-c"),
        ("..hidden", "hidden"),
        ("--flag", "flag"),
        ("nul\x00\x1b[2J", "nul-2J"),
        ("zwölf", "zwölf"),
        ("x" * 300, "x" * 64),
        ("\U00020000" * 64, "\U00020000" * 50),
    ],
)
def test_a_project_name_is_one_safe_folder(typed: str, name: str) -> None:
    assert project_name(typed) == name


@pytest.mark.parametrize("typed", ["", "..", "///", "\x1b", "- -"])
def test_a_name_of_which_nothing_is_left_is_refused(typed: str) -> None:
    with pytest.raises(RequestError, match="no project name"):
        project_name(typed)


def test_a_folder_that_is_taken_is_refused_and_not_the_default(here: Path, data: Path) -> None:
    (here / "demo").mkdir()
    (here / "demo" / "mine.txt").write_text("x")
    (here / "empty").mkdir()
    assert free_name(here, "demo") == "demo-2"
    _, dialogue = walked(here, demo_with(data), project=["demo", "empty"])
    assert dialogue.asked[0] == ("project", "demo-2")
    assert "exists and is not empty" in str(dialogue.errors[0])
    assert (here / "empty" / "train.yaml").exists()
    assert files_under(here / "demo") == ["mine.txt 1"]


# ── data that is not right is told before training


def test_faulty_records_are_named_with_their_rows_and_can_be_skipped(here: Path, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "bad.jsonl", [*ROWS[:20], {"prompt": "no answer"}])
    with pytest.raises(DataError, match=r"bad\.jsonl line 21"):
        walked(here, demo_with(path, on_bad_record="error"))
    draft, dialogue = walked(here, demo_with(path), on_bad_record=["", "skip"])
    assert any("line 21" in line for line in dialogue.told)
    assert "line 21" in str(dialogue.errors[0])
    assert draft.plan is not None and draft.plan.num_train_records == 18


def test_columns_are_asked_for_where_no_record_is_good(here: Path, tmp_path: Path) -> None:
    rows = [{"q": row["prompt"], "a": row["response"]} for row in ROWS]
    path = write_rows(tmp_path / "columns.jsonl", rows)
    draft, dialogue = walked(here, demo_with(path), columns=["", "prompt=q,response=a"])
    assert "no good record" in str(dialogue.errors[0])
    assert draft.plan is not None and draft.plan.num_train_records == 36
    assert make_plan(checked(read_values(here / "demo" / "train.yaml"))).num_train_records == 36


def test_data_that_is_not_right_is_refused_before_anything_is_made(here: Path, tmp_path: Path) -> None:
    empty, one = write_rows(tmp_path / "empty.jsonl", []), write_rows(tmp_path / "one.jsonl", ROWS[:1])
    same = write_rows(tmp_path / "same.jsonl", ROWS[:1] * 5)
    leaking = demo_with(write_rows(tmp_path / "all.jsonl", ROWS))
    leaking["validation_path"] = str(write_rows(tmp_path / "part.jsonl", ROWS[5:8]))
    for flags, said in (
        (demo_with(empty), "no good record"),
        (demo_with(one), "cannot be split"),
        (demo_with(same), "cannot be split"),
        (demo_with(tmp_path / "missing.jsonl"), "does not exist"),
        (leaking, "3 of 3 validation records are also trained on"),
    ):
        done = phi("wizard", "--auto", "--projects_dir", here, *words_of(flags))
        assert done.status == 2 and said in done.err, done.err
        assert "Traceback" not in done.err
    assert files_under(here) == []


def test_a_leak_that_is_accepted_by_name_is_no_hindrance(here: Path, tmp_path: Path) -> None:
    flags = demo_with(write_rows(tmp_path / "all.jsonl", ROWS), accept="overlap")
    flags["validation_path"] = str(write_rows(tmp_path / "part.jsonl", ROWS[5:8]))
    draft, dialogue = walked(here, flags)
    assert draft.created and any("3 validation records are trained on" in line for line in dialogue.told)


def test_one_record_can_be_trained_on_without_validation(here: Path, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "one.jsonl", ROWS[:1])
    draft, dialogue = walked(here, demo_with(path), validation_fraction=["", "0"])
    assert "Set validation_fraction to 0" in str(dialogue.errors[0])
    assert any("one record" in line for line in dialogue.told)
    assert draft.plan is not None and draft.plan.num_train_records == 1


def test_duplicates_are_told(here: Path, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "twice.jsonl", [*ROWS, *ROWS[:3]])
    _, dialogue = walked(here, demo_with(path))
    assert any("same content as an earlier record: 3 records" in line for line in dialogue.told)


def test_a_length_beyond_the_context_is_refused(here: Path, data: Path) -> None:
    draft, dialogue = walked(here, demo_with(data), max_length=["513", "512"])
    assert "beyond the model's context of 512" in str(dialogue.errors[0])
    assert run_config(draft).max_length == 512


def test_a_run_that_the_launch_gate_refuses_makes_no_project_and_can_be_set_right(
    here: Path, data: Path
) -> None:
    done = phi("wizard", "--auto", *words_of(demo_with(data, max_length="17", projects_dir=here)))
    assert done.status == 2 and "--accept cut_answers" in done.err
    assert files_under(here) == []
    draft, dialogue = walked(
        here,
        demo_with(data),
        max_length=["17"],
        yes=["yes", "b"],
        train=["", "b"],
        **{"": ["", "accept=cut_answers"]},
    )
    assert "--accept cut_answers" in str(dialogue.errors[0])
    assert draft.created and run_config(draft).accept == ("cut_answers",)


@pytest.mark.parametrize("text", TERMINAL_SEQUENCES)
def test_text_from_data_reaches_no_terminal(here: Path, tmp_path: Path, text: str) -> None:
    path = write_rows(tmp_path / "odd.jsonl", [*ROWS, {text: text}, {"prompt": text, "response": 3}])
    done = phi("wizard", "--auto", "--model_name", "demo", "--dataset_path", path, "--projects_dir", here)
    assert done.status == 2
    assert not FORBIDDEN & set(done.out + done.err)


# ── flags that cannot be


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--auto"], "no dataset is given"),
        (["--auto", "--model_name", "EleutherAI/gpt-neo-350M"], "withdrawn"),
        (["--auto", "--model_name", "./nowhere"], "does not exist"),
        (["--auto", "--model_name", "demo", "--epochs", "many"], "epochs"),
        (["--auto", "--model_name", "demo", "--evaluate"], "--train"),
        (["--auto", "--model_name", "demo", "--project", ".."], "no project name"),
        (["--auto", "--model_name", "demo", "--output_dir", "x"], "PROJECT/runs"),
        (["--auto", "--model_name", "99"], "no model 99"),
        (["--auto", "--model_name", "demo", "--projects_dir", "nowhere"], "no folder"),
    ],
)
def test_a_flag_that_cannot_be_is_a_clear_error(
    here: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(here)
    done = phi("wizard", *words)
    assert done.status == 2 and said in done.err
    assert files_under(here) == []


def test_without_a_terminal_and_without_auto_there_is_a_clear_error(here: Path) -> None:
    done = process(folder=here)
    assert done.status == 2 and "this is no terminal" in done.err and "--auto" in done.err
    ended = process(folder=here, answers="0\nname\n")
    assert ended.status == 2 and "no answer to --dataset_path" in ended.err
    assert files_under(here) == []


def test_a_wrong_setting_among_the_flags_is_told_as_one(here: Path, data: Path) -> None:
    with pytest.raises(ConfigError, match="mixture_weights"):
        walked(here, demo_with(data, mixture="weighted", mixture_weights="1,2"))


# ── a real terminal


def _hears_ctrl_c() -> None:
    """Tests that were started in the background hand an ignored SIGINT down."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Session:
    """The wizard on a terminal of its own."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.seen = ""
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "phi_core", "wizard", *words],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            start_new_session=True,
            preexec_fn=_hears_ctrl_c,
        )
        os.close(theirs)

    def answer(self, prompt: str, text: str) -> None:
        """Wait for a prompt that was not answered yet, then type a line."""
        self.wait_for(rf"{prompt}[^\n]*\]: $")
        self.type(f"{text}\n")

    def type(self, text: str) -> None:
        self.seen = ""
        os.write(self._ours, text.encode())

    def wait_for(self, pattern: str) -> None:
        end = time.monotonic() + 60
        while not re.search(pattern, self.seen):
            assert time.monotonic() < end, f"waited for {pattern!r}; seen: {self.seen}"
            self._read(0.5)

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def end(self) -> int:
        """The exit status, with everything read."""
        while self._read(30):
            pass
        return self._process.wait(60)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    def _read(self, seconds: float) -> bool:
        """Read what is there; False at the end, which a terminal tells by an error."""
        if not select.select([self._ours], [], [], seconds)[0]:
            return True
        try:
            part = os.read(self._ours, 65536)
        except OSError:
            return False
        self.seen += part.decode(errors="replace").replace("\r\n", "\n")
        return bool(part)


@contextmanager
def session(folder: Path, *words: str) -> Iterator[Session]:
    opened = Session(folder, *words)
    try:
        yield opened
    finally:
        opened.close()


def test_a_session_on_a_real_terminal_with_back_and_confirmation(here: Path) -> None:
    with session(here) as wizard_session:
        wizard_session.answer("Base model", "0")
        wizard_session.answer("Name of the project", "first")
        wizard_session.answer("Training records", "b")
        wizard_session.answer(r"Name of the project.*\[first", "pirates")
        wizard_session.answer("Training records", "")
        wizard_session.answer("Share held out", "golden")
        wizard_session.answer("Write the split", "")
        wizard_session.answer("Tokenise", "")
        wizard_session.answer("Longest sample", "")
        wizard_session.answer("Change name=value", "lora_r=13")
        wizard_session.answer("Change name=value", "")
        wizard_session.answer("Train now", "")
        wizard_session.wait_for("Make the project")
        assert files_under(here) == []
        wizard_session.answer("Make the project", "y")
        assert wizard_session.end() == 0
        assert "created" in wizard_session.seen
    config = checked(read_values(here / "pirates" / "train.yaml"))
    assert (config.lora_r, config.lora_alpha, config.validation_fraction) == (13, 26, "golden")


@pytest.mark.parametrize("how", ["q\n", "\x04", "interrupt"])
def test_a_session_is_cancelled_by_q_ctrl_d_and_ctrl_c(here: Path, how: str) -> None:
    with session(here, "--model_name", "demo") as wizard_session:
        wizard_session.answer("Name of the project", "")
        wizard_session.wait_for("Training records")
        wizard_session.interrupt() if how == "interrupt" else wizard_session.type(how)
        assert wizard_session.end() == 130
        assert "cancelled: nothing was created" in wizard_session.seen
        assert "Traceback" not in wizard_session.seen
    assert files_under(here) == []


# ── the whole way


def test_auto_trains_and_evaluates_the_demo(here: Path) -> None:
    done = process("--auto", "--model_name", "demo", "--train", "--evaluate", "--max_steps", "2", folder=here)
    assert done.status == 0, done.out + done.err
    assert "finished 2 steps" in done.out
    assert re.search(r"^base +\d", done.out, re.MULTILINE)
    runs = list((here / "demo" / "runs").iterdir())
    assert len(runs) == 1 and (runs[0] / "final_adapter" / "adapter_config.json").exists()
