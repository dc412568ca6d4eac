"""The curated base models: published figures, and no entry that the hub has no more."""

import pytest

from phi_core.errors import ModelError
from phi_core.model_files.base_models import (
    BASE_MODELS,
    WITHDRAWN,
    base_model,
    download_gib,
    require_offered,
)
from phi_core.model_files.folder import HUB_ID

PUBLISHED = {
    "EleutherAI/pythia-70m": 70_426_624,
    "EleutherAI/pythia-160m": 162_322_944,
    "EleutherAI/pythia-410m": 405_334_016,
    "EleutherAI/pythia-1b": 1_011_781_632,
    "EleutherAI/pythia-1.4b": 1_414_647_808,
    "EleutherAI/pythia-2.8b": 2_775_208_960,
    "EleutherAI/pythia-6.9b": 6_857_302_016,
    "EleutherAI/gpt-neo-125m": 125_198_592,
    "EleutherAI/gpt-neo-1.3B": 1_315_575_808,
    "EleutherAI/gpt-neo-2.7B": 2_651_307_520,
    "EleutherAI/gpt-j-6b": 6_050_882_784,
    "openai-community/gpt2": 124_439_808,
    "openai-community/gpt2-medium": 354_823_168,
    "openai-community/gpt2-large": 774_030_080,
    "openai-community/gpt2-xl": 1_557_611_200,
    "HuggingFaceTB/SmolLM2-135M-Instruct": 134_515_008,
    "HuggingFaceTB/SmolLM2-360M-Instruct": 361_821_120,
    "HuggingFaceTB/SmolLM2-1.7B-Instruct": 1_711_376_384,
    "TinyLlama/TinyLlama-1.1B-Chat-v1.0": 1_100_048_384,
    "meta-llama/Llama-3.2-1B-Instruct": 1_235_814_400,
    "meta-llama/Llama-3.2-3B-Instruct": 3_212_749_824,
    "Qwen/Qwen2.5-0.5B-Instruct": 494_032_768,
    "Qwen/Qwen2.5-1.5B-Instruct": 1_543_714_304,
    "Qwen/Qwen3-0.6B": 596_049_920,
    "Qwen/Qwen3-1.7B": 1_720_574_976,
    "Qwen/Qwen3-4B": 4_022_468_096,
    "microsoft/phi-1_5": 1_418_270_720,
    "microsoft/phi-2": 2_779_683_840,
    "microsoft/Phi-3.5-mini-instruct": 3_821_079_552,
    "microsoft/Phi-4-mini-instruct": 3_836_021_760,
}
"""Totals as the hub counts them."""


def test_every_curated_model_has_its_published_number_of_parameters() -> None:
    assert {base.hub_id: base.num_parameters for base in BASE_MODELS} == PUBLISHED


def test_the_list_is_in_order_of_size_and_names_each_once() -> None:
    sizes = [base.num_parameters for base in BASE_MODELS]
    assert sizes == sorted(sizes)
    assert len({base.hub_id.lower() for base in BASE_MODELS}) == len(BASE_MODELS)


def test_every_entry_is_a_hub_id_with_licence_and_context() -> None:
    for base in BASE_MODELS:
        assert HUB_ID.fullmatch(base.hub_id) and base.licence and base.context >= 1024


def test_only_the_llama_models_are_gated() -> None:
    assert {base.hub_id.split("/")[0] for base in BASE_MODELS if base.is_gated} == {"meta-llama"}


def test_no_entry_was_withdrawn_and_withdrawn_ones_are_refused_with_another_named() -> None:
    assert not [base for base in BASE_MODELS if base.hub_id.lower() in WITHDRAWN]
    with pytest.raises(ModelError, match=r"withdrawn.*pythia-410m"):
        require_offered("EleutherAI/gpt-neo-350M")
    for base in BASE_MODELS:
        require_offered(base.hub_id)


def test_an_id_is_found_however_its_letters_are_cased() -> None:
    found = base_model("Microsoft/PHI-2")
    assert found is not None and found.hub_id == "microsoft/phi-2"
    assert base_model("someone/else") is None


def test_a_download_is_two_bytes_a_parameter() -> None:
    assert download_gib(2**30) == 2
