"""What transformers and PEFT alone say, on models loaded for one answer: the reference for engines. Heavy."""

from pathlib import Path

import torch
from peft import PeftModel
from peft.tuners.lora import LoraLayer
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel


def fresh_model(
    folder: Path, adapter: Path | None = None, *, strength: float = 1.0
) -> PreTrainedModel | PeftModel:
    """A model of its own, float32, with an adapter of its own, whose scale is multiplied by `strength`."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    if adapter is not None:
        model = PeftModel.from_pretrained(model, str(adapter))
    for layer in model.modules():
        if isinstance(layer, LoraLayer):
            layer.set_scale("default", strength)
    return model.eval()


def fresh_answer(model: PreTrainedModel | PeftModel, folder: Path, question: str, *, length: int) -> str:
    """The greedy answer by transformers' own generation, in the instruct format."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    prompt = tokenizer(f"Instruct: {question}\nOutput:", return_tensors="pt", add_special_tokens=False)
    output = model.generate(
        input_ids=prompt.input_ids,
        max_new_tokens=length,
        do_sample=False,
        attention_mask=torch.ones_like(prompt.input_ids),
    )
    said = output[0, prompt.input_ids.shape[1] :]
    return str(tokenizer.decode(said, skip_special_tokens=True)).removeprefix(" ")
