"""The base column is the base: answers of a freshly loaded model, token for token, whatever the adapter does."""

from pathlib import Path

import pytest
import torch
from adapters import save_adapter
from safetensors.torch import load_file, save_file
from tiny_models import LAYOUTS, save_tiny_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from phi_core.chat.engine import BASE, Ask, complete
from phi_core.chat.messages import conversation
from phi_core.config.sampling import Sampling
from phi_core.errors import AdapterError
from phi_core.inference.generation import token_ids
from phi_core.inference.local_engine import LocalEngine
from phi_core.models.base import load_base
from phi_core.models.device import Device

CPU = Device("cpu", torch.float32)
QUESTIONS = ["What is the capital of France?", "Say hello", "a"]
SAMPLING = Sampling(temperature=0, max_new_tokens=24)


@pytest.fixture(params=LAYOUTS)
def model_folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return save_tiny_model(tmp_path / "model", request.param)


def engine(model_folder: Path, **adapters: Path) -> LocalEngine:
    return LocalEngine(load_base(str(model_folder), CPU), adapters)


def fresh_answer(model_folder: Path, question: str) -> str:
    """transformers' own generation on a model that has never seen an adapter."""
    model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    prompt = tokenizer(
        f"Instruct: {question}\nOutput:", return_tensors="pt", add_special_tokens=False
    ).input_ids
    output = model.generate(
        prompt, max_new_tokens=24, do_sample=False, attention_mask=torch.ones_like(prompt)
    )
    return tokenizer.decode(output[0, prompt.shape[1] :], skip_special_tokens=True).removeprefix(" ")


def test_base_answers_equal_a_fresh_base_with_a_strong_adapter_loaded(
    model_folder: Path, tmp_path: Path
) -> None:
    loaded = engine(model_folder, strong=save_adapter(model_folder, tmp_path / "adapter", strength=0.5))
    base = [complete(loaded, Ask(conversation(question), BASE, SAMPLING)).text for question in QUESTIONS]
    strong = [
        complete(loaded, Ask(conversation(question), "strong", SAMPLING)).text for question in QUESTIONS
    ]
    again = [complete(loaded, Ask(conversation(question), BASE, SAMPLING)).text for question in QUESTIONS]
    assert base == again == [fresh_answer(model_folder, question) for question in QUESTIONS]
    assert strong != base
    assert loaded.info.proof.holds
    assert loaded.info.proof.adapter_differences["strong"] > 0.01


def test_greedy_ids_are_those_of_transformers(model_folder: Path) -> None:
    base = load_base(str(model_folder), CPU)
    prompt = tuple(base.tokenizer.encode("Instruct: hi\nOutput:"))
    ours = list(token_ids(base.model, prompt, SAMPLING, stop_ids=frozenset({256}), device="cpu"))
    ids = torch.tensor([prompt])
    theirs = base.model.generate(ids, max_new_tokens=24, do_sample=False, attention_mask=torch.ones_like(ids))
    assert ours == theirs[0, len(prompt) :].tolist()


def test_there_is_one_copy_of_the_weights(model_folder: Path, tmp_path: Path) -> None:
    one = save_adapter(model_folder, tmp_path / "one", strength=0.5)
    two = save_adapter(model_folder, tmp_path / "two", strength=0.5, seed=2)
    alone = engine(model_folder).info.num_parameters
    each = sum(tensor.numel() for tensor in adapter_tensors(one))
    assert engine(model_folder, one=one, two=two).info.num_parameters == alone + 2 * each


def adapter_tensors(folder: Path) -> list[torch.Tensor]:
    return list(load_file(folder / "adapter_model.safetensors").values())


def test_a_zero_adapter_answers_like_the_base_and_is_named(model_folder: Path, tmp_path: Path) -> None:
    loaded = engine(model_folder, idle=save_adapter(model_folder, tmp_path / "adapter", strength=0))
    for question in QUESTIONS:
        base, idle = (
            complete(loaded, Ask(conversation(question), target, SAMPLING)).text for target in (BASE, "idle")
        )
        assert base == idle
    assert loaded.info.proof.idle_adapters == ["idle"]
    assert "changes nothing" in loaded.info.proof.sentence()


def test_an_adapter_of_another_architecture_is_refused_by_name(tmp_path: Path) -> None:
    phi, llama = (save_tiny_model(tmp_path / layout, layout) for layout in ("phi", "llama"))
    adapter = save_adapter(phi, tmp_path / "adapter", strength=0.5)
    with pytest.raises(AdapterError, match="belongs to another base model"):
        engine(llama, adapter=adapter)


def test_an_adapter_of_another_size_is_refused(tmp_path: Path) -> None:
    small = save_tiny_model(tmp_path / "small", "llama")
    large = save_tiny_model(tmp_path / "large", "llama", hidden_size=64)
    adapter = save_adapter(small, tmp_path / "adapter", strength=0.5)
    with pytest.raises(AdapterError, match="belongs to another base model"):
        engine(large, adapter=adapter)


def test_an_adapter_that_would_change_the_base_is_refused(tmp_path: Path) -> None:
    folder = save_tiny_model(tmp_path / "model")
    adapter = save_adapter(folder, tmp_path / "adapter", strength=0.5)
    weights = adapter / "adapter_model.safetensors"
    tensors = load_file(weights)
    tensors["base_model.model.model.embed_tokens.weight"] = torch.zeros(258, 32)
    save_file(tensors, weights)
    with pytest.raises(AdapterError, match="replaces parts of the base model"):
        engine(folder, adapter=adapter)


def test_a_label_may_hold_any_character_but_not_mean_the_base(tmp_path: Path) -> None:
    folder = save_tiny_model(tmp_path / "model")
    adapter = save_adapter(folder, tmp_path / "adapter", strength=0.5)
    loaded = LocalEngine(load_base(str(folder), CPU), {"Phi-3.5 v1.0 [x]": adapter})
    assert complete(loaded, Ask(conversation("a"), "Phi-3.5 v1.0 [x]", SAMPLING)).tokens > 0
    with pytest.raises(AdapterError, match="means the base model"):
        LocalEngine(load_base(str(folder), CPU), {BASE: adapter})


def test_draws_depend_on_the_seed_alone(tmp_path: Path) -> None:
    loaded = engine(save_tiny_model(tmp_path / "model"))
    hot = Sampling(temperature=1.0, top_p=0.9, top_k=50, max_new_tokens=16, seed=7)
    first = complete(loaded, Ask(conversation("a"), BASE, hot)).text
    complete(loaded, Ask(conversation("something else"), BASE, hot))
    assert complete(loaded, Ask(conversation("a"), BASE, hot)).text == first
    assert complete(loaded, Ask(conversation("a"), BASE, hot.model_copy(update={"seed": 8}))).text != first


def test_log_likelihood_is_that_of_the_answer_and_its_stop_token(tmp_path: Path) -> None:
    from phi_core.chat.messages import Message

    folder = save_tiny_model(tmp_path / "model")
    found = engine(folder).log_likelihood([Message("user", "hi"), Message("assistant", "yes")], BASE)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    prompt = tokenizer("Instruct: hi\nOutput:", add_special_tokens=False).input_ids
    answer = [*tokenizer(" yes", add_special_tokens=False).input_ids, tokenizer.eos_token_id]
    with torch.no_grad():
        log_probabilities = model(torch.tensor([prompt + answer])).logits[0].log_softmax(-1)
    expected = sum(
        float(log_probabilities[len(prompt) - 1 + place, token]) for place, token in enumerate(answer)
    )
    assert found.tokens == len(answer)
    assert found.log_likelihood == pytest.approx(expected, rel=1e-5)
