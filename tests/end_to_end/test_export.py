"""`phi export` on the bundled model with a real run: the folders are what they claim, for plain transformers and PEFT."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from command_line import PROJECT, Done, files_under, phi
from peft import PeftModel
from safetensors.torch import load_file, save_file
from stand_in_hub import stand_in_hub
from transformers import AutoModelForCausalLM, AutoTokenizer

from phi_core.runs.reader import read_run

TOKEN = "hf_a-secret-that-nobody-may-see"
Demo = tuple[Path, Path]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo's folder, and a run of a few steps in it."""
    folder = tmp_path_factory.mktemp("export") / "demo"
    assert phi("demo", folder).status == 0
    done = phi_in(folder, "train", "train.yaml", "--max_steps", 6, "--evaluate_every", 3, "--json")
    assert done.status == 0, done.err
    return folder, Path(json.loads(done.out)["path"])


def phi_in(folder: Path, *words: object, **environment: str) -> Done:
    done = subprocess.run(
        [sys.executable, "-m", "phi_core", *map(str, words)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "COLUMNS": "1000", **environment},
        timeout=300,
    )
    return Done(done.returncode, done.stdout, done.stderr)


@torch.no_grad()
def logits(model: torch.nn.Module, folder: Path) -> torch.Tensor:
    ids = AutoTokenizer.from_pretrained(folder)(
        "Instruct: What is gold?\nOutput:", return_tensors="pt"
    ).input_ids
    return model.eval()(input_ids=ids).logits


def plain(folder: Path) -> torch.nn.Module:
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


def test_a_merged_model_is_a_model_of_its_own(demo: Demo, tmp_path: Path) -> None:
    folder, run = demo
    done = phi_in(
        folder, "export", "--run", run.name, "--to", tmp_path / "pirate", "--what", "merged", "--json"
    )
    assert done.status == 0, done.err
    found = json.loads(done.out)
    assert found["equality"]["relative"] <= found["tolerance"] == 1e-4 and found["dtype"] == "float32"
    assert found["equality"]["probes"] == "validation records of the run" and found["equality"]["texts"] == 8
    adapted = PeftModel.from_pretrained(plain(folder / "model"), str(run / "final_adapter"))
    wanted, got = logits(adapted, folder / "model"), logits(plain(tmp_path / "pirate"), tmp_path / "pirate")
    torch.testing.assert_close(got, wanted, rtol=0, atol=1e-3)
    assert (wanted - logits(plain(folder / "model"), folder / "model")).abs().max() > 0.1
    chat = phi_in(tmp_path, "chat", "--model", tmp_path / "pirate", "--adapter", run / "final_adapter")
    assert chat.status == 2 and "trained on other weights" in chat.err, (
        "merged twice it would be another model"
    )


def test_the_card_has_the_measured_figures_and_no_others(demo: Demo, tmp_path: Path) -> None:
    folder, path = demo
    assert phi_in(folder, "export", "--to", tmp_path / "merged", "--what", "merged").status == 0
    card, run = (tmp_path / "merged" / "README.md").read_text(), read_run(path)
    validation = run.series("evaluation", "validation_loss")
    step, lowest = min(validation, key=lambda point: point[1])
    losses = run.series("step", "loss")
    assert f"| Lowest validation loss | {lowest:.4f} at step {step} |" in card
    assert f"| Training loss, first and last step | {losses[0][1]:.4f} → {losses[-1][1]:.4f} |" in card
    assert "| Largest difference of a logit |" in card and "within the tolerance of 0.0001" in card
    assert str(folder) not in card and "base_model:" not in card, (
        "a folder of this machine is no name for others"
    )


def test_an_exported_adapter_is_the_adapter(demo: Demo, tmp_path: Path) -> None:
    folder, run = demo
    done = phi_in(folder, "export", "--to", tmp_path / "adapter", "--json", LLAMA_CPP_DIR="/opt/llama cpp")
    assert done.status == 0, done.err
    names = {path.name for path in (tmp_path / "adapter").iterdir()}
    weights = "adapter_model.safetensors"
    assert names >= {weights, "adapter_config.json", "prompt_format.json", "tokenizer.json", "README.md"}
    assert (tmp_path / "adapter" / weights).read_bytes() == (run / "final_adapter" / weights).read_bytes()
    one, other = (
        PeftModel.from_pretrained(plain(folder / "model"), str(path))
        for path in (tmp_path / "adapter", run / "final_adapter")
    )
    assert torch.equal(logits(one, folder / "model"), logits(other, folder / "model"))
    (command,) = json.loads(done.out)["gguf"]
    assert command.startswith("python '/opt/llama cpp/convert_lora_to_gguf.py' ") and "--base" in command


def test_the_gguf_commands_quote_what_a_shell_would_split(demo: Demo, tmp_path: Path) -> None:
    folder, _ = demo
    done = phi_in(folder, "export", "--to", tmp_path / "a $(b) c", "--what", "merged")
    assert done.status == 0, done.err
    assert f"convert_hf_to_gguf.py '{tmp_path}/a $(b) c'" in done.out and "LLAMA_CPP_DIR" in done.out
    assert f"llama-quantize '{tmp_path}/a $(b) c-f16.gguf'" in done.out


def test_a_folder_that_holds_something_is_never_written_to(demo: Demo, tmp_path: Path) -> None:
    folder, _ = demo
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    before = files_under(tmp_path)
    for what in ("adapter", "merged"):
        done = phi_in(folder, "export", "--to", tmp_path / "full", "--what", what)
        assert done.status == 2 and "is not an empty folder" in done.err
    assert files_under(tmp_path) == before


def test_above_the_tolerance_nothing_is_left_unless_it_is_accepted(demo: Demo, tmp_path: Path) -> None:
    folder, _ = demo
    words = (
        "export",
        "--to",
        tmp_path / "half",
        "--what",
        "merged",
        "--dtype",
        "bfloat16",
        "--tolerance",
        "1e-6",
    )
    done = phi_in(folder, *words)
    assert (
        done.status == 1
        and "differs from base + adapter by" in done.err
        and "--accept_difference" in done.err
    )
    assert list(tmp_path.iterdir()) == []
    kept = phi_in(folder, *words, "--accept_difference")
    assert (
        kept.status == 0 and "ABOVE the tolerance of 1e-06" in (tmp_path / "half" / "README.md").read_text()
    )


def test_an_adapter_of_another_base_leaves_nothing(demo: Demo, tmp_path: Path, tiny_phi: Path) -> None:
    folder, run = demo
    adapter = run / "final_adapter"
    done = phi_in(
        folder,
        "export",
        "--adapter",
        adapter,
        "--model",
        tiny_phi,
        "--to",
        tmp_path / "m",
        "--what",
        "merged",
    )
    assert done.status == 2 and "trained on other weights" in done.err and list(tmp_path.iterdir()) == []


def test_an_adapter_that_alters_its_base_is_refused(demo: Demo, tmp_path: Path) -> None:
    folder, run = demo
    altered = tmp_path / "altered"
    altered.mkdir()
    settings = json.loads((run / "final_adapter" / "adapter_config.json").read_text())
    (altered / "adapter_config.json").write_text(json.dumps({**settings, "init_lora_weights": "pissa"}))
    save_file(
        load_file(run / "final_adapter" / "adapter_model.safetensors"), altered / "adapter_model.safetensors"
    )
    for what in ("adapter", "merged"):
        done = phi_in(folder, "export", "--adapter", altered, "--to", tmp_path / "out", "--what", what)
        assert done.status == 2 and "began as pissa and was not converted" in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--run", "nothing"), "there is no run"),
        (("--tolerance", "2"), "not from 0 to 1"),
        (("--public",), "Add --push OWNER/NAME"),
        (("--push", "no name"), "no repository of the hub"),
        (("--push", "me/pirate"), "HF_HUB_OFFLINE"),
        (("--run", "latest", "--adapter", "x"), "--run and --adapter are both given"),
    ],
)
def test_wrong_requests_are_refused_before_anything_is_done(
    demo: Demo, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    done = phi_in(demo[0], "export", "--to", tmp_path / "out", *words)
    assert done.status == 2 and message in done.err and not done.out and list(tmp_path.iterdir()) == []


def test_without_a_token_the_next_step_is_named(demo: Demo, tmp_path: Path) -> None:
    done = phi_in(demo[0], "export", "--to", tmp_path / "out", "--push", "me/pirate", HF_HUB_OFFLINE="0")
    assert done.status == 2 and "Set HF_TOKEN" in done.err and list(tmp_path.iterdir()) == []


def test_a_push_makes_a_private_repository_of_the_folder(demo: Demo, tmp_path: Path) -> None:
    with stand_in_hub() as hub:
        words = ("export", "--to", tmp_path / "out", "--push", "me/pirate", "--json")
        done = phi_in(demo[0], *words, HF_HUB_OFFLINE="0", HF_ENDPOINT=hub.address, HF_TOKEN=TOKEN)
        assert done.status == 0, done.err
        assert hub.private == {"me/pirate": True} and hub.tokens == {TOKEN}
        local = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
        assert hub.files["me/pirate"] == local and "README.md" in local
    everything = (
        done.out + done.err + "".join(content.decode("utf-8", "replace") for content in local.values())
    )
    assert TOKEN not in everything
    assert str(demo[0]) not in "".join(content.decode("utf-8", "replace") for content in local.values())


def test_a_public_repository_is_not_written_to_by_mistake(demo: Demo, tmp_path: Path) -> None:
    with stand_in_hub(private={"me/pirate": False}) as hub:
        online = {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": hub.address, "HF_TOKEN": TOKEN}
        done = phi_in(demo[0], "export", "--to", tmp_path / "one", "--push", "me/pirate", **online)
        assert done.status == 2 and "is there and is public" in done.err and hub.files == {}
        words = ("export", "--to", tmp_path / "two", "--push", "me/pirate", "--public")
        assert phi_in(demo[0], *words, **online).status == 0 and "README.md" in hub.files["me/pirate"]


@pytest.mark.parametrize(
    ("status", "message"), [(401, "Set HF_TOKEN"), (403, "Set HF_TOKEN"), (413, "upload it later")]
)
def test_a_refused_push_keeps_the_folder(demo: Demo, tmp_path: Path, status: int, message: str) -> None:
    with stand_in_hub(refuses=status) as hub:
        online = {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": hub.address, "HF_TOKEN": TOKEN}
        done = phi_in(demo[0], "export", "--to", tmp_path / "out", "--push", "me/pirate", **online)
    assert done.status == 1 and f"({status})" in done.err and message in done.err and TOKEN not in done.err
    assert (tmp_path / "out" / "adapter_config.json").exists()


def test_an_unreachable_hub_is_said_in_a_sentence(demo: Demo, tmp_path: Path) -> None:
    online = {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": "http://127.0.0.1:9", "HF_TOKEN": TOKEN}
    done = phi_in(demo[0], "export", "--to", tmp_path / "out", "--push", "me/pirate", **online)
    assert done.status == 1 and "the hub cannot be reached" in done.err and TOKEN not in done.err
