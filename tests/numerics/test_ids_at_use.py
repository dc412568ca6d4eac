"""An adapter is refused where its conversations would become other tokens than in training."""

import json
import shutil
from datetime import date
from functools import partial
from pathlib import Path

import pytest
import torch
from adapters import save_adapter
from tiny_models import TEMPLATE, save_tiny_model

from phi_core.chat.engine import Ask
from phi_core.chat.messages import Message
from phi_core.chat.prompt_format import FILE, read_prompt_format, tokenise
from phi_core.config.sampling import Sampling
from phi_core.errors import AdapterError, DataError
from phi_core.inference.local_engine import LocalEngine
from phi_core.models.adapter_record import format_record
from phi_core.models.base import load_base
from phi_core.models.device import Device

CPU = Device("cpu", torch.float32)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return save_tiny_model(tmp_path / "model", "phi", template=TEMPLATE)


@pytest.fixture
def adapter(model: Path, tmp_path: Path) -> Path:
    """An adapter with the record that training leaves."""
    path = save_adapter(model, tmp_path / "adapter", strength=0.5)
    base = load_base(str(model), CPU)
    record = format_record(base.form, base.tokenizer, base_fingerprint=base.fingerprint)
    (path / FILE).write_text(record)
    return path


def use(model: Path, adapter: Path) -> LocalEngine:
    return LocalEngine(load_base(str(model), CPU), {"pirate": adapter})


def test_an_adapter_is_used_with_the_tokenizer_of_its_training(model: Path, adapter: Path) -> None:
    assert use(model, adapter).info.prompt_format == "chat_template"


def test_another_tokenizer_is_refused_with_both_hashes(model: Path, adapter: Path) -> None:
    path = model / "tokenizer.json"
    path.write_text(path.read_text().replace('"add_prefix_space": false', '"add_prefix_space": true'))
    expected = json.loads((adapter / FILE).read_text())["probe_ids_hash"][:12]
    with pytest.raises(
        AdapterError, match=rf"another tokenizer or template.*expected {expected}, found \w{{12}}"
    ):
        use(model, adapter)


@pytest.mark.parametrize(("written", "instead"), [("|>\n", "|> "), ("\n{{ m.content", " {{ m.content")])
def test_a_changed_template_in_the_record_is_refused(
    model: Path, adapter: Path, written: str, instead: str
) -> None:
    record = json.loads((adapter / FILE).read_text())
    assert written in record["template"]
    record["template"] = record["template"].replace(written, instead)
    (adapter / FILE).write_text(json.dumps(record))
    with pytest.raises(
        AdapterError, match=r"another tokenizer or template.*found (\w{12}|nothing, for .*)\)"
    ):
        use(model, adapter)


def test_another_template_of_the_base_changes_nothing_for_the_adapter(model: Path, adapter: Path) -> None:
    (model / "chat_template.jinja").write_text(TEMPLATE.replace("\n", " "))
    engine = use(model, adapter)
    recorded = json.loads((adapter / FILE).read_text())["hash"]
    assert engine.info.prompt_format_hash == recorded != read_prompt_format(model).hash


def test_an_older_record_without_the_hash_is_accepted(model: Path, adapter: Path, tmp_path: Path) -> None:
    record = json.loads((adapter / FILE).read_text())
    del record["probe_ids_hash"]
    older = shutil.copytree(adapter, tmp_path / "older")
    (older / FILE).write_text(json.dumps(record))
    path = model / "tokenizer.json"
    path.write_text(path.read_text().replace('"add_prefix_space": false', '"add_prefix_space": true'))
    assert use(model, older).info.targets == ("base", "pirate")


def test_the_bases_own_format_is_used_where_the_recorded_one_is_not_wanted(
    model: Path, adapter: Path
) -> None:
    (model / "chat_template.jinja").write_text(TEMPLATE.replace("\n", " "))
    base = load_base(str(model), CPU)
    engine = LocalEngine(base, {"pirate": adapter}, use_recorded_format=False)
    assert engine.info.prompt_format_hash == base.form.hash


def dated(model: Path, tmp_path: Path, *days: str) -> dict[str, Path]:
    """Adapters trained on some days, with a template that writes the day."""
    (model / "chat_template.jinja").write_text("{{ strftime_now('%d %b %Y') }}" + TEMPLATE)
    found = {}
    for day in days:
        found[day] = save_adapter(model, tmp_path / day, strength=0.5)
        base = load_base(str(model), CPU, prompt_format=partial(read_prompt_format, date=day))
        record = format_record(base.form, base.tokenizer, base_fingerprint=base.fingerprint)
        (found[day] / FILE).write_text(record)
    return found


def test_on_another_day_an_adapter_is_told_the_day_of_its_training(model: Path, tmp_path: Path) -> None:
    adapters = dated(model, tmp_path, "2025-02-03")
    base = load_base(str(model), CPU)
    assert base.form.date == date.today().isoformat() != "2025-02-03"
    engine = LocalEngine(base, adapters)
    trained_with = read_prompt_format(model, date="2025-02-03")
    assert engine.info.prompt_format_hash == trained_with.hash != base.form.hash
    messages = (Message("user", "Hi"), Message("assistant", "Ahoy"))
    sample = tokenise(trained_with, messages, base.tokenizer)
    assert base.tokenizer.decode(sample.ids).startswith("03 Feb 2025")
    assert engine.sample_log_likelihood(sample, "base") == engine.log_likelihood(messages, "base")


def test_adapters_of_different_days_are_compared_on_the_day_of_the_first(model: Path, tmp_path: Path) -> None:
    adapters = dated(model, tmp_path, "2025-02-03", "2024-01-31")
    engine = LocalEngine(load_base(str(model), CPU), adapters)
    assert engine.info.prompt_format_hash == read_prompt_format(model, date="2025-02-03").hash


def test_adapters_of_different_formats_are_not_compared(model: Path, adapter: Path, tmp_path: Path) -> None:
    other = shutil.copytree(adapter, tmp_path / "other")
    base = load_base(str(model), CPU)
    record = format_record(read_prompt_format(model, "raw"), base.tokenizer, base_fingerprint="")
    (other / FILE).write_text(record)
    with pytest.raises(AdapterError, match="different prompt formats"):
        LocalEngine(base, {"one": adapter, "two": other})


def test_a_record_with_the_hash_of_an_older_version_is_that_format(model: Path, adapter: Path) -> None:
    record = json.loads((adapter / FILE).read_text())
    expected = record["hash"]
    del record["date"]
    (adapter / FILE).write_text(json.dumps({**record, "hash": "0" * 64}))
    assert use(model, adapter).info.prompt_format_hash == expected


def test_half_a_surrogate_pair_in_a_question_is_named_and_the_engine_lives_on(
    model: Path, adapter: Path
) -> None:
    engine = use(model, adapter)
    sampling = Sampling(max_new_tokens=2, temperature=0.0)
    with pytest.raises(DataError, match=r"half a surrogate pair.*Hi \\ud83d"):
        list(engine.stream(Ask((Message("user", "Hi \ud83d"),), "pirate", sampling)))
    assert list(engine.stream(Ask((Message("user", "Hi"),), "pirate", sampling)))


def test_a_sample_scores_as_the_messages_that_it_was_made_of(model: Path, adapter: Path) -> None:
    engine = use(model, adapter)
    messages = (Message("user", "Hi"), Message("assistant", "Ahoy"))
    base = load_base(str(model), CPU)
    sample = tokenise(base.form, messages, base.tokenizer)
    for target in engine.info.targets:
        assert engine.sample_log_likelihood(sample, target) == engine.log_likelihood(messages, target)
