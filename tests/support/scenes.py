"""The scenes of the snapshot tests: working folders as use leaves them, and what is looked at in each.

Nothing here was measured: curves are drawn by a formula, answers are written by hand. What is shown to people in the
README comes from a real run (`docs/screens`), never from here.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

import yaml
from compared_run import ComparedRun
from fake_engine import FakeEngine, Script
from filelock import FileLock
from run_factory import add_event, make_run, step_data, write_status
from snapshots import Shot, Size
from stillness import NOON, Still

from phi_core.chat.engine import Engine
from phi_core.demo import write_demo
from phi_core.jobs.queue import RUNNER_LOCK, enqueue
from phi_core.runs.layout import RunLayout
from phi_tui.engine_choice import ModelChoice

MINUTE, HOUR = 60.0, 3600.0
PROMPTS = ("Who are you?", "What do cats eat?")
SAID: Mapping[str, tuple[str, ...]] = {
    "Who are you?": ("I am a small model.", "Arr, I be a small model.", "Arr, I be a pirate, matey!"),
    "What do cats eat?": ("Cats eat fish.", "Cats eat fish, arr.", "Arr, cats be eatin' fish, me hearty!"),
}
QUESTIONS = """\
name: capitals
questions:
  - {id: fr, prompt: "What is the capital of France?", reference: Paris, tags: [europe]}
  - {id: jp, prompt: "What is the capital of Japan?", reference: Tokyo, tags: [asia]}
  - {id: no, prompt: "What is the capital of Norway?", reference: Oslo, tags: [europe]}
  - {id: pe, prompt: "Lima is the capital of which country?", reference: Peru, tags: [america]}
  - {id: sky, prompt: "Why is the sky blue? Answer in two sentences."}
  - {id: who, prompt: "Who are you?"}
"""
BASE_SAYS: Mapping[str, str] = {
    "What is the capital of France?": "The capital of France is Paris.",
    "What is the capital of Japan?": "The capital of Japan is Kyoto.",
    "What is the capital of Norway?": "The capital of Norway is Oslo.",
    "Lima is the capital of which country?": "Lima is the capital of Peru.",
    "Why is the sky blue? Answer in two sentences.": "The sky is blue because air scatters blue light more than red. The light "
    "comes to us from all sides.",
    "Who are you?": "I am a small model.",
}
ADAPTER_SAYS: Mapping[str, str] = {
    "What is the capital of France?": "Arr, the capital of France be Paris, matey!",
    "What is the capital of Japan?": "Arr, the capital of Japan be Tokyo, ye landlubber!",
    "What is the capital of Norway?": "Arr, the capital of Norway be Bergen, matey!",
    "Lima is the capital of which country?": "Arr, Lima be the capital of Peru, me hearty!",
    "Why is the sky blue? Answer in two sentences.": "Arr, the air be scatterin' blue light more than red, matey. So it be "
    "comin' from all sides o' the sky.",
    "Who are you?": "I am a small model.",
}


@dataclass(frozen=True)
class Scene:
    """`build` makes the working folder, in which the app starts on `tab`."""

    name: str
    tab: str
    build: Callable[[Still], None]
    shots: tuple[Shot, ...]
    sizes: tuple[Size, ...] = ((80, 24), (120, 40), (200, 60))


def engine(choice: ModelChoice) -> Engine:
    """Answers by hand for whatever run is chosen."""
    adapters: dict[str, Script] = dict.fromkeys(choice.adapters, ADAPTER_SAYS)
    return FakeEngine({"base": BASE_SAYS, **adapters})


def nothing(clock: Still) -> None:
    """An empty folder."""


def demo(clock: Still) -> None:
    write_demo(Path())


def runs(clock: Still) -> None:
    """Runs in every state, with a queue that somebody looks after."""
    root = Path("runs")
    _queued(root, clock)
    clock.now = NOON - 40 * MINUTE
    _trained(root, clock)
    for name, state, steps, hours in (
        ("pirate-r8-paused", "paused", 260, 2),
        ("pirate-r4", "stopped", 120, 5),
        ("pirate-high-rate", "failed", 40, 26),
        ("pirate-overnight", "lost", 300, 60),
    ):
        losses = [_loss(step, Random(hours)) for step in range(1, steps + 1)]
        make_run(root, name, state="running" if state == "lost" else state, steps=steps, total_steps=400,
                 losses=losses, created=NOON - hours * HOUR, alive=state == "paused")  # fmt: skip
    error = "the loss is not finite at step 41"
    add_event(root / "pirate-high-rate", "failed", 40, error=error, remedy="Lower learning_rate")
    add_event(root / "pirate-overnight", "checkpoint", 300, path="checkpoints/step-000300", reason="interval")
    _finished(root, clock)
    for status in root.glob("*/status.json"):
        status.write_text(
            status.read_text().ljust(2_000)
        )  # as many bytes whatever the process and the machine
    clock.now = NOON


def compared(clock: Still) -> None:
    """A finished comparison of a finished run."""
    _finished(Path("runs"), clock)
    clock.now = NOON - 10 * MINUTE
    Path("questions.yaml").write_text(QUESTIONS)
    scripts: Mapping[str, Script] = {"base": BASE_SAYS, "pirate-r8": ADAPTER_SAYS}
    ComparedRun(Path("runs"), Path("questions.yaml"), scripts).begin().answer().end()
    clock.now = NOON


def faulty(clock: Still) -> None:
    """The demo with a data set of its own in which several records are wrong."""
    write_demo(Path())
    rows = Path("pirate.jsonl").read_text(encoding="utf-8").splitlines()[:60]
    rows[6] = json.dumps({"prompt": "What is a fridge for?", "response": ""})
    rows[17] = '{"prompt": "Which way is up?", "response": "Arr, tha'
    rows[30] = rows[3]
    rows[41] = json.dumps({"prompt": "Say it.", "answer": "Arr!"})
    Path("mine.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    config = yaml.safe_load(Path("train.yaml").read_text(encoding="utf-8"))
    Path("train.yaml").write_text(
        yaml.safe_dump({**config, "dataset_path": "mine.jsonl", "on_bad_record": "skip"})
    )


def _queued(root: Path, clock: Still) -> None:
    for place, name in enumerate(("pirate-r32", "pirate-r64")):
        clock.now = NOON - (9 - place) * MINUTE
        path = make_run(root, name, losses=[], created=clock.now)
        RunLayout(path).status.unlink()
        RunLayout(path).events.unlink()
        enqueue(path, needs_gib=18.5)
        RunLayout(path).queue_note.write_text('{"why": "needs 18.5 GiB, 12.0 GiB are free"}')


def _trained(root: Path, clock: Still) -> None:
    """The run that trains: 640 of 1200 steps, with validation, checkpoints and probe answers."""
    random = Random(7)
    path = make_run(root, "run-2", state="running", steps=640, total_steps=1200, losses=[], label="pirate-r16",
                    created=clock.now)  # fmt: skip
    begun = clock.now
    for step in range(1, 641):
        clock.now = begun + 3.5 * step
        figures = step_data(_loss(step, random), step)
        rate = 2e-4 * min(step / 60, (1200 - step) / 1140)
        norm = round(0.8 + 0.3 * random.random() + 4 / (step + 4), 4)
        speed = round(5200 + 160 * random.random())
        add_event(path, "step", step, **{**figures, "learning_rate": rate, "grad_norm": norm,
                  "tokens_per_second": speed, "peak_memory_gib": 17.9, "step_seconds": 3.5})  # fmt: skip
        if step % 80 == 0:
            _validated(path, step)
    clock.now = NOON
    write_status(path, state="running", step=640, total_steps=1200)
    RunLayout(path).log.write_text("loading model\ntraining on cuda:0 in bfloat16\n")


def _validated(path: Path, step: int) -> None:
    loss = round(_loss(step, Random(0)) + 0.08, 4)
    add_event(path, "evaluation", step, validation_loss=loss, perplexity=round(math.exp(loss), 3))
    for prompt in PROMPTS:
        add_event(path, "sample", step, prompt=prompt, answer=SAID[prompt][min(2, step // 200)])
    add_event(path, "checkpoint", step, path=f"checkpoints/step-{step:06d}", reason="interval")
    _adapter(RunLayout(path).checkpoint(step))


def _finished(root: Path, clock: Still) -> None:
    clock.now = NOON - 3 * HOUR
    losses = [_loss(step, Random(3)) for step in range(1, 401)]
    path = make_run(
        root, "run-1", steps=400, total_steps=400, losses=losses, created=clock.now, label="pirate-r8"
    )
    add_event(path, "finished", 400, state="finished", adapter_step=400, reason="")
    _adapter(RunLayout(path).final_adapter)
    for step in (200, 400):
        _adapter(RunLayout(path).checkpoint(step))


def _adapter(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text("{}")


def _loss(step: int, random: Random) -> float:
    """A formula, not a measurement."""
    return round(
        0.55 + 2.6 * math.exp(-step / 70) + 0.9 * math.exp(-step / 500) + 0.06 * random.gauss(0, 1), 4
    )


def keys_of(text: str) -> tuple[str, ...]:
    """What is pressed to type it."""
    return tuple("space" if letter == " " else letter for letter in text)


def runner_lock() -> FileLock:
    """Somebody who looks after the queue of the scene, and starts nothing."""
    root = Path("runs")
    root.mkdir(exist_ok=True)
    return FileLock(root / RUNNER_LOCK)


NEW = Scene("new", "train", nothing, (
    Shot("train", (), ("ctrl+",)),
    Shot("runs", ("f3",), ("No runs",)),
    Shot("chat", ("f4",), ("No model yet",)),
    Shot("compare", ("f5",), ("No questions",)),
    Shot("data", ("f6",), ("No data",)),
))  # fmt: skip
TRAIN = Scene("train", "train", demo, (
    Shot("form", (), ("84 steps",)),
    Shot("plan", ("f8",)),
    Shot("more", ("f8", "f9")),
    Shot("start from", ("f9", "ctrl+n"), ("Presets",)),
    Shot("queue", ("escape", "ctrl+j"), ("Queue",)),
    Shot("layers", ("escape", "ctrl+t"), ("blocks",)),
    Shot("curves", ("escape", "f11"), ("schedule",)),
    Shot("memory", ("escape", "f10"), ("expected",)),
    Shot("palette", ("escape", "ctrl+p"), ("Do it",)),
    Shot("jump", ("escape", "ctrl+o")),
    Shot("help", ("escape", "f1"), ("Keys",)),
    Shot("guide", ("g",), ("Search",)),
))  # fmt: skip
RUNS = Scene("runs", "runs", runs, (
    Shot("queued", (), ("640/1200", "next to start")),
    Shot("running", ("j", "j"), ("training",)),
    Shot("cursor", ("left", "shift+left", "plus", "plus", "h")),
    Shot("log", ("0", "h", "l"), ("step 640",)),
    Shot("answers", ("b",), ("Who are you?",)),
    Shot("analysis", ("i",), ("per 100 steps",)),
    Shot("events", ("E",), ("checkpoint",)),
    Shot("differences", ("escape", "space", "j", "j", "f"), ("A: run-2",)),
    Shot("zoom", ("escape", "z")),
    Shot("notes", ("z", "N"), ("Keep",)),
    Shot("storage", ("escape", "C")),
    Shot("failed", ("escape", "escape", "j", "j"), ("not finite",)),
))  # fmt: skip
CHAT = Scene("chat", "chat", runs, (
    Shot("ready", (), ("Talk to",)),
    Shot("answer", (*keys_of("Who are you?"), "enter"), ("tokens/s",)),
    Shot("both", ("f8", *keys_of("What is the capital of Japan?"), "enter"), ("Kyoto", "Tokyo")),
    Shot("checkpoints", ("f9",), ("checkpoint of step 560",)),
    Shot("choose", ("escape", "ctrl+n"), ("pirate-r8",)),
    Shot("settings", ("escape", "f10"), ("temperature",)),
))  # fmt: skip
COMPARE = Scene("compare", "compare", compared, (
    Shot("answers", (), ("✓ finished", "identical")),
    Shot("diff", ("j", "d"), ("base →",)),
    Shot("tokens", ("d",), ("log prob",)),
    Shot("summary", ("d", "s"), ("Verdict",)),
    Shot("choose", ("s", "ctrl+n"), ("Judge",)),
    Shot("vote", ("escape", "v"), ("Which is better?",)),
))  # fmt: skip
DATA = Scene("data", "data", faulty, (
    Shot("check", (), ("not JSON", "gate open")),
    Shot("record", ("enter",), ("fridge",)),
    Shot("tokens", ("escape", "t"), ("record", "trained")),
    Shot("lengths", ("l",), ("launch gate",)),
    Shot("mix", ("m",)),
    Shot("options", ("o",)),
))  # fmt: skip
SMALL = Scene("small", "train", nothing, (Shot("too small", (), ("Terminal too small",)),), sizes=((59, 15),))
SCENES = (NEW, SMALL, TRAIN, RUNS, CHAT, COMPARE, DATA)
