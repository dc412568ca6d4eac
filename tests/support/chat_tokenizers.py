"""Tokenizer folders with published chat templates, one token a byte or letter, and a look at what is trained.

Heavy: imports transformers.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from tiny_models import TEMPLATE, byte_tokenizer
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers
from transformers import PreTrainedTokenizerFast

from phi_core.chat.prompt_format import Tokenised
from phi_core.chat.tokenizer import TextTokenizer, read_tokenizer

CHATML = (
    "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}"
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
PHI35 = (
    "{% for message in messages %}{% if message['role'] == 'system' and message['content'] %}"
    "{{'<|system|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'user' %}"
    "{{'<|user|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'assistant' %}"
    "{{'<|assistant|>\n' + message['content'] + '<|end|>\n'}}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}"
)
LLAMA3 = """{%- if tools is not none %}TOOLS{% endif %}{{- bos_token }}
{%- set ns = namespace(first=true) %}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif %}
"""
MARKED = (
    "{% for m in messages %}{% if m.role == 'assistant' %}<a>{% generation %}{{ m.content }}{{ eos_token }}"
    "{% endgeneration %}{% else %}<u>{{ m.content | tojson }}{% endif %}{% if loop.last %}{% break %}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}<a>{% endif %}"
)
FORGETFUL = (
    "{% for m in messages %}{% if loop.last %}{{ m.content }}{% else %}…{% endif %}<|endoftext|>{% endfor %}"
)
"""Not prefix-stable: only the last message is written."""
TEMPLATES = {
    # name: (template, tokens at which generation ends, the first of them the end-of-sequence token)
    "tiny": (TEMPLATE, ("<|endoftext|>",)),
    "chatml": (CHATML, ("<|im_end|>", "<|endoftext|>")),
    "phi-3.5": (PHI35, ("<|endoftext|>", "<|assistant|>", "<|end|>")),
    "llama-3": (LLAMA3, ("<|eot_id|>",)),
    "marked": (MARKED, ("<|endoftext|>",)),
}
TURN_TOKENS = {"chatml": ["<|im_start|>"], "phi-3.5": ["<|user|>", "<|system|>"]}


def save_tokenizer(folder: Path, name: str) -> Path:
    """A tokenizer folder with one of the templates, as the hub has it. Padding is the end-of-sequence token."""
    template, stops = TEMPLATES[name]
    backend = byte_tokenizer()
    backend.add_special_tokens([*stops, *TURN_TOKENS.get(name, [])])
    return _save(folder, backend, template, stops)


def save_phi35_tokenizer(folder: Path) -> Path:
    """Phi-3.5's kind: a space before each text, bytes for what is unknown, tokens that swallow white space after them."""
    letters = ["<unk>", "<s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", *map(chr, range(33, 127))]
    backend = Tokenizer(
        models.BPE(
            {token: place for place, token in enumerate(letters)},
            [],
            unk_token="<unk>",
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    backend.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    backend.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    backend.add_tokens([AddedToken("</s>", rstrip=True, normalized=False)])
    greedy = ("<|assistant|>", "<|system|>", "<|end|>", "<|user|>")
    backend.add_special_tokens(
        [AddedToken("<|endoftext|>"), *(AddedToken(token, rstrip=True) for token in greedy)]
    )
    return _save(folder, backend, *TEMPLATES["phi-3.5"])


def tokenizer_of(folder: Path) -> TextTokenizer:
    found = read_tokenizer(folder)
    assert found is not None
    return found


def token_marks(sample: Tokenised, tokenizer: TextTokenizer) -> list[tuple[str, str]]:
    """(text, T or M) of every token: trained or masked."""
    return [
        (tokenizer.decode([token_id], skip_special_tokens=False), "T" if trained else "M")
        for token_id, trained in zip(sample.ids, sample.trained, strict=True)
    ]


def expected_marks(*parts: tuple[str, str], tokens: Sequence[str]) -> list[tuple[str, str]]:
    """What `token_marks` should find where every letter is a token, and so is each of `tokens`."""
    found = []
    for text, mark in parts:
        while text:
            token = next((token for token in tokens if text.startswith(token)), text[0])
            found.append((token, mark))
            text = text[len(token) :]
    return found


def _save(folder: Path, backend: Tokenizer, template: str, stops: Sequence[str]) -> Path:
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token="<|endoftext|>", eos_token=stops[0], pad_token=stops[0]
    )
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    ids = [backend.token_to_id(stop) for stop in stops]
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": ids}))
    return folder
