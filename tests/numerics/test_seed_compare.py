"""The script that phi grew out of compared an adapter with itself; its way, done again here, fails phi's self-check.

It loaded the base, gave it to PeftModel.from_pretrained, which wraps the layers of that very object, and then asked "the
base" by the first variable: with the adapter on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from adapters import save_adapter
from fresh_answers import fresh_answer, fresh_model
from peft import PeftModel
from tiny_models import save_tiny_model
from transformers import PreTrainedModel

from phi_core.chat.engine import BASE, Ask, BaseProof, complete
from phi_core.chat.messages import conversation
from phi_core.config.sampling import Sampling
from phi_core.errors import AdapterError
from phi_core.inference.loaded_models import LoadedModels, Model
from phi_core.inference.local_engine import LocalEngine
from phi_core.inference.proof import largest_difference, probe_logits, prove
from phi_core.models.base import BaseModel, load_base
from phi_core.models.device import choose_device

QUESTION = "What is the capital of France?"
LENGTH = 16


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("seed")
    model = save_tiny_model(folder / "model")
    return model, save_adapter(model, folder / "adapter", strength=0.5)


def as_the_seed_did(model: Path, adapter: Path) -> tuple[PreTrainedModel, PeftModel, BaseProof]:
    """(its "base", its adapter, what our self-check says of the two columns)."""
    base = fresh_model(model)
    bare = probe_logits(base)
    adapted = PeftModel.from_pretrained(base, str(adapter)).eval()
    columns = [largest_difference(probe_logits(column), bare) for column in (base, adapted)]
    return base, adapted, BaseProof(columns[0], {"adapter": columns[1]})


def test_the_seeds_base_column_is_the_adapter_and_fails_the_self_check(folders: tuple[Path, Path]) -> None:
    model, adapter = folders
    base, adapted, proof = as_the_seed_did(model, adapter)
    answers = [fresh_answer(column, model, QUESTION, length=LENGTH) for column in (base, adapted)]
    assert answers[0] == answers[1] != fresh_answer(fresh_model(model), model, QUESTION, length=LENGTH)
    assert not proof.holds and "NOT proved" in proof.sentence()
    assert proof.base_difference == proof.adapter_differences["adapter"] != 0


class SeedsModels(LoadedModels):
    """The base is asked as the seed asked it: with the adapter on."""

    @contextmanager
    def switched(self, target: str) -> Iterator[Model]:
        with super().switched("adapter") as model:
            yield model


def proof_of(kind: type[LoadedModels], model: Path, adapter: Path) -> BaseProof:
    """What the self-check at load says of models that are switched in this way."""
    base = load_base(str(model), choose_device("cpu"))
    bare, models = probe_logits(base.model), kind(base)
    models.attach("adapter", adapter)
    return prove(models, bare)


def test_the_check_at_load_finds_a_base_that_answers_with_the_adapter_on(folders: tuple[Path, Path]) -> None:
    seeds, ours = (proof_of(kind, *folders) for kind in (SeedsModels, LoadedModels))
    assert ours.holds and not ours.idle_adapters
    assert not seeds.holds and "NOT proved" in seeds.sentence()
    assert seeds.base_difference == seeds.adapter_differences["adapter"] != 0


def test_ours_passes_and_its_base_column_is_the_base(folders: tuple[Path, Path]) -> None:
    model, adapter = folders
    engine = LocalEngine(load_base(str(model), choose_device("cpu")), {"adapter": adapter})
    sampling = Sampling(temperature=0, max_new_tokens=LENGTH)
    base, adapted = (
        complete(engine, Ask(conversation(QUESTION), target, sampling)).text for target in (BASE, "adapter")
    )
    assert base == fresh_answer(fresh_model(model), model, QUESTION, length=LENGTH) != adapted
    assert engine.info.proof.holds


def test_the_seeds_base_is_refused_as_a_base(folders: tuple[Path, Path]) -> None:
    model, adapter = folders
    wrapped, _, _ = as_the_seed_did(model, adapter)
    loaded = load_base(str(model), choose_device("cpu"))
    seeds = BaseModel(loaded.name, loaded.folder, wrapped, loaded.tokenizer, loaded.form, loaded.device)
    with pytest.raises(AdapterError, match="would not be the base"):
        LocalEngine(seeds, {})
