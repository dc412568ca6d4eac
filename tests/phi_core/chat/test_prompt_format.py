"""Prompt formats: the same text as transformers, the same ids in chat as in training, answers and stops trained."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from chat_tokenizers import CHATML, FORGETFUL, TEMPLATES, save_tokenizer, tokenizer_of
from tiny_models import byte_tokenizer
from transformers import PreTrainedTokenizerFast

from phi_core.chat.messages import Message
from phi_core.chat.prompt_format import (
    PromptFormat,
    Tokenised,
    prompt_format_from,
    read_prompt_format,
    segments,
    stop_ids,
    tokenise,
    tokenise_all,
)
from phi_core.chat.tokenizer import TextTokenizer, text_tokenizer
from phi_core.errors import DataError, ModelError

QUESTION = (Message("user", "  What is <|2 + 2|>? äöü \n"),)
ANSWERED = (Message("system", "Be brief."), *QUESTION, Message("assistant", "It is 4."))
THREE_TURNS = (
    *ANSWERED,
    Message("user", "And 3 + 3?"),
    Message("assistant", "6"),
    Message("user", "Thanks"),
    Message("assistant", "At your service."),
)


@pytest.fixture(scope="module", params=TEMPLATES)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tokenizer(tmp_path_factory.mktemp("tokenizer"), request.param)


@pytest.fixture
def form(folder: Path) -> PromptFormat:
    return read_prompt_format(folder)


@pytest.fixture
def tokenizer(folder: Path) -> TextTokenizer:
    return tokenizer_of(folder)


def text(form: PromptFormat, messages: tuple[Message, ...], *, generation: bool) -> str:
    return "".join(segment.text for segment in segments(form, messages, generation=generation))


def trained_texts(sample: Tokenised, tokenizer: TextTokenizer) -> list[str]:
    """The runs of trained tokens, decoded."""
    runs: list[list[int]] = [[]]
    for token_id, trained in zip(sample.ids, sample.trained, strict=True):
        if trained:
            runs[-1].append(token_id)
        elif runs[-1]:
            runs.append([])
    return [tokenizer.decode(run, skip_special_tokens=False) for run in runs if run]


@pytest.mark.parametrize(
    ("messages", "generation"),
    [(QUESTION, True), (ANSWERED, False), (THREE_TURNS, False), (THREE_TURNS[:4], True), (ANSWERED, True)],
)
def test_a_chat_template_renders_byte_for_byte_as_transformers_does(
    folder: Path, form: PromptFormat, messages: tuple[Message, ...], generation: bool
) -> None:
    theirs = PreTrainedTokenizerFast.from_pretrained(folder).apply_chat_template(
        [message.as_json() for message in messages], tokenize=False, add_generation_prompt=generation
    )
    assert text(form, messages, generation=generation) == theirs


def test_the_ids_of_a_prompt_in_chat_are_a_prefix_of_those_that_training_saw(
    form: PromptFormat, tokenizer: TextTokenizer
) -> None:
    trained = tokenise(form, THREE_TURNS, tokenizer)
    for position, message in enumerate(THREE_TURNS):
        if message.role == "assistant":
            prompt = tokenise(form, THREE_TURNS[:position], tokenizer, generation=True)
            assert trained.ids[: len(prompt.ids)] == prompt.ids
            assert trained.trained[len(prompt.ids)] and not trained.trained[len(prompt.ids) - 1]


def test_every_answer_is_trained_with_the_token_that_ends_it_and_nothing_else(
    form: PromptFormat, tokenizer: TextTokenizer
) -> None:
    answers = [message.content for message in THREE_TURNS if message.role == "assistant"]
    found = trained_texts(tokenise(form, THREE_TURNS, tokenizer), tokenizer)
    assert answers == [_without_stop(form, answer) for answer in found]


def test_the_trained_stop_is_one_at_which_generation_ends(
    form: PromptFormat, tokenizer: TextTokenizer
) -> None:
    sample = tokenise(form, ANSWERED, tokenizer)
    last = max(place for place, trained in enumerate(sample.trained) if trained)
    assert sample.ids[last] in stop_ids(form, tokenizer)


@pytest.mark.parametrize("name", ["instruct", "raw"])
def test_prompts_are_never_altered(tmp_path: Path, name: str) -> None:
    folder = save_tokenizer(tmp_path, "tiny")
    form, tokenizer = read_prompt_format(folder, name), tokenizer_of(folder)
    prompt = "  <|im_start|>\tline\r\n\n [INST] {{ 7 * 7 }} {% raw %} ünïcödé 🏴‍☠️  "
    ids = tokenise(form, (Message("user", prompt),), tokenizer, generation=True).ids
    assert prompt in tokenizer.decode(ids, skip_special_tokens=False)


def test_instruct_is_the_format_of_phi_2s_model_card(tmp_path: Path) -> None:
    form = read_prompt_format(save_tokenizer(tmp_path, "tiny"), "instruct")
    assert text(form, QUESTION, generation=True) == f"Instruct: {QUESTION[0].content}\nOutput:"
    whole = text(form, (Message("user", "Hi"), Message("assistant", "Ahoy")), generation=False)
    assert whole == "Instruct: Hi\nOutput: Ahoy<|endoftext|>"


def test_raw_is_the_messages_and_the_stop_token(tmp_path: Path) -> None:
    form = read_prompt_format(save_tokenizer(tmp_path, "tiny"), "raw")
    assert text(form, (Message("assistant", "Once upon"),), generation=False) == "Once upon<|endoftext|>"


@pytest.mark.parametrize("name", ["instruct", "raw", "chat_template"])
def test_the_stop_token_is_trained_though_padding_is_the_same_token(tmp_path: Path, name: str) -> None:
    folder = save_tokenizer(tmp_path, "tiny")
    form, tokenizer = read_prompt_format(folder, name), tokenizer_of(folder)
    sample = tokenise(form, (Message("user", "Hi"), Message("assistant", "Ahoy")), tokenizer)
    stop = tokenizer.token_id("<|endoftext|>")
    last = max(place for place, trained in enumerate(sample.trained) if trained)
    assert sample.ids[last] == stop


def test_a_template_without_a_stop_token_gets_one() -> None:
    form = PromptFormat(
        "chat_template", "</s>", ("</s>",), "{% for m in messages %}[{{ m.content }}]{% endfor %}"
    )
    parts = segments(form, (Message("user", "Hi"), Message("assistant", "Ahoy")), generation=False)
    assert [(part.text, part.trained) for part in parts] == [
        ("[Hi]", False),
        ("[Ahoy]", True),
        ("</s>", True),
    ]


def test_a_template_that_rewrites_what_was_said_is_refused() -> None:
    form = PromptFormat("chat_template", "<|endoftext|>", ("<|endoftext|>",), FORGETFUL)
    with pytest.raises(ModelError, match="not prefix-stable"):
        segments(form, THREE_TURNS, generation=False)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{% for m in messages %}", "broken"),
        ("{{ raise_exception('no system message') }}", "no system message"),
        ("{{ messages[0].content + 3 }}", "refuses"),
        ("{{ messages[99].content.x }}", "refuses"),
        ("{{ ''.__class__.__mro__ }}{{ ''.__class__.mro() }}", "refuses"),
        ("{% set ns = namespace(a=1) %}{% set ns.__class__ = 1 %}", "may not hold"),
    ],
)
def test_what_a_template_does_wrong_is_a_model_error(template: str, said: str) -> None:
    form = PromptFormat("chat_template", "</s>", ("</s>",), template)
    with pytest.raises(ModelError, match=said):
        segments(form, QUESTION, generation=True)


def test_auto_is_the_chat_template_where_there_is_one_else_instruct(tmp_path: Path) -> None:
    folder = save_tokenizer(tmp_path, "chatml")
    assert read_prompt_format(folder).name == "chat_template"
    (folder / "chat_template.jinja").unlink()
    assert read_prompt_format(folder).name == "instruct"
    with pytest.raises(ModelError, match=r"prompt_format chat_template.*no chat template"):
        read_prompt_format(folder, "chat_template")


def test_a_template_in_the_tokenizers_settings_counts_too(tmp_path: Path) -> None:
    named = [{"name": "tool_use", "template": "no"}, {"name": "default", "template": CHATML}]
    for template in (CHATML, named):
        settings = {"eos_token": {"content": "<|im_end|>"}, "chat_template": template}
        (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
        found = read_prompt_format(tmp_path)
        assert (found.template, found.stop) == (CHATML, "<|im_end|>")


def test_a_format_comes_back_from_its_record(form: PromptFormat) -> None:
    again = prompt_format_from(json.loads(json.dumps(form.as_json())))
    assert again == form
    assert again.hash == form.hash


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"name": "raw"},
        {"name": "vicuna", "stop": "x", "stops": ["x"]},
        {"name": "raw", "stop": "x", "stops": None},
    ],
)
def test_a_record_that_is_no_format_is_refused(record: dict[str, object]) -> None:
    with pytest.raises(ModelError, match=r"prompt_format\.json"):
        prompt_format_from(record)


def test_the_hash_tells_apart_what_gives_other_ids_and_nothing_else(form: PromptFormat) -> None:
    others = [
        replace(form, template=form.template + " "),
        replace(form, stops=(*form.stops, "x")),
        replace(form, date="2026-01-31"),
    ]
    assert len({form.hash, *(other.hash for other in others)}) == 4
    more = replace(form, stops=(*form.stops, "x", "y"))
    assert replace(form, stops=("y", "x", *form.stops)).hash == more.hash
    assert form.equals_but_for_date(others[2]) and not form.equals_but_for_date(others[1])


def test_a_record_with_an_older_hash_is_read_and_gets_the_hash_of_now(form: PromptFormat) -> None:
    record = {**form.as_json(), "hash": "0" * 64}
    del record["date"]
    assert prompt_format_from(record).hash == form.hash


class TestDate:
    DATED = "{{ strftime_now('%d %b %Y') }} " + CHATML

    def folder(self, tmp_path: Path) -> Path:
        folder = save_tokenizer(tmp_path, "chatml")
        (folder / "chat_template.jinja").write_text(self.DATED)
        return folder

    def test_a_template_that_asks_for_today_is_told_the_day_of_the_format_always(
        self, tmp_path: Path
    ) -> None:
        found = read_prompt_format(self.folder(tmp_path), date="2025-02-03")
        assert found.date == "2025-02-03"
        recorded = prompt_format_from(json.loads(json.dumps(found.as_json())))
        assert recorded == found
        for one in (found, recorded):
            assert text(one, QUESTION, generation=True).startswith("03 Feb 2025 <|im_start|>")

    def test_without_a_day_it_is_that_of_reading(self, tmp_path: Path) -> None:
        before, found, after = (
            date.today(),
            read_prompt_format(self.folder(tmp_path)).date,
            date.today(),
        )
        assert found in (before.isoformat(), after.isoformat())

    def test_a_template_file_is_told_it_too(self, tmp_path: Path) -> None:
        file = tmp_path / "mine.jinja"
        file.write_text(self.DATED)
        folder = save_tokenizer(tmp_path / "model", "chatml")
        assert read_prompt_format(folder, template_file=file, date="2025-02-03").date == "2025-02-03"

    @pytest.mark.parametrize("wanted", ["auto", "instruct", "raw"])
    def test_formats_that_ask_for_no_date_have_none(self, tmp_path: Path, wanted: str) -> None:
        folder = save_tokenizer(tmp_path, "tiny")
        assert read_prompt_format(folder, wanted, date="2025-02-03") == read_prompt_format(folder, wanted)

    def test_a_record_with_a_date_that_is_none_is_refused(self, form: PromptFormat) -> None:
        for wrong in ("yesterday", 7):
            with pytest.raises(ModelError, match=r"prompt_format\.json is not a prompt format"):
                prompt_format_from({**form.as_json(), "date": wrong})


def test_half_a_surrogate_pair_in_chat_or_in_a_recorded_stop_token_is_named(
    form: PromptFormat, tokenizer: TextTokenizer
) -> None:
    for content in ("here \ud83d", "<|endoftext|>\ud83d<|im_end|>"):
        with pytest.raises(DataError, match=r"half a surrogate pair.*\\ud83d"):
            tokenise(form, (Message("user", content),), tokenizer, generation=True)
        with pytest.raises(DataError, match="half a surrogate pair"):
            tokenise_all(form, [QUESTION, (Message("user", content),)], tokenizer)
    with pytest.raises(ModelError, match="no token"):
        stop_ids(PromptFormat("raw", "\ud83d", ("\ud83d",)), tokenizer)


def test_a_tokenizer_without_an_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="names no eos_token"):
        read_prompt_format(tmp_path)
    form = PromptFormat("raw", "<|nowhere|>", ("<|nowhere|>",))
    with pytest.raises(ModelError, match=r"no token '<\|nowhere\|>'"):
        stop_ids(form, text_tokenizer(byte_tokenizer()))


def _without_stop(form: PromptFormat, answer: str) -> str:
    return next(answer.removesuffix(stop) for stop in form.stops if answer.endswith(stop))
