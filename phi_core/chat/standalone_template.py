"""A prompt format as a Jinja template for other programs: what a merged model's tokenizer carries.

Programs that serve a model know its chat template and nothing else of how it was trained. A template writes the opening
token itself, since they add none of their own. Whether it gives the ids of training is for the exporter to check.
"""

import json

from phi_core.chat.prompt_form import PromptFormat
from phi_core.chat.rendering import ALPACA

_LOOP = "{% for message in messages %}{BODY}{% endfor %}{END}"
_INSTRUCT = (
    "{% if message['role'] == 'assistant' %}{{ ' ' + message['content'] + STOP }}"
    "{% elif message['role'] == 'user' %}{{ 'Instruct: ' + message['content'] + '\\nOutput:' }}"
    "{% else %}{{ message['content'] + '\\n' }}{% endif %}"
)
_RAW = "{{ message['content'] }}{% if message['role'] == 'assistant' %}{{ STOP }}{% endif %}"
_PHI3 = (
    "{% if message['content'] or message['role'] != 'system' %}"
    "{{ '<|' + message['role'] + '|>\\n' + message['content'] + STOP + '\\n' }}{% endif %}"
)
_CHATML = "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + STOP + '\\n' }}"
_ALPACA = (
    "{% if message['role'] == 'assistant' %}{{ message['content'] + STOP }}"
    "{% elif message['role'] == 'user' %}{% if loop.first %}{{ OPENING }}{% endif %}"
    "{{ '\\n\\n### Instruction:\\n' + message['content'] + '\\n\\n### Response:' }}"
    "{% elif message['content'] %}{% if not loop.first %}{{ '\\n\\n' }}{% endif %}{{ message['content'] }}{% endif %}"
)
_BODIES = {"instruct": _INSTRUCT, "raw": _RAW, "phi3": _PHI3, "chatml": _CHATML, "alpaca": _ALPACA}
_ENDS = {
    "phi3": "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ END_OF_TEXT }}{% endif %}",
    "chatml": "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
}


def standalone_template(form: PromptFormat, *, opening: str = "") -> str:
    """The format's template. `opening`: the text of the token that the tokenizer puts before a text, if it does."""
    if form.is_template:
        return form.template
    text = _LOOP.replace("{BODY}", _BODIES[form.name]).replace("{END}", _ENDS.get(form.name, ""))
    values = {"STOP": form.stop, "END_OF_TEXT": form.end_of_text, "OPENING": ALPACA}
    for name, value in values.items():
        text = text.replace(name, _literal(value))
    return text if form.writes_opening or not opening else f"{{{{ {_literal(opening)} }}}}{text}"


def _literal(text: str) -> str:
    """A Jinja string."""
    return json.dumps(text, ensure_ascii=False)
