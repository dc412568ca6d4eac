"""Token truth: every token of a record is shown once, with what becomes of it."""

import pytest
from prepared_data import demo_format, prepared_rows

from phi_core.chat.prompt_format import stop_ids
from phi_core.cli.token_text import in_colour, in_margin, token_table
from phi_core.samples.cut import CutRule
from phi_core.samples.prepared import Prepared
from phi_core.samples.samples import samples_of
from phi_core.samples.token_view import TokenView, token_view

ANSWER = "Arr! A map 🏴‍☠️ of “gold”, naïve."


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    rows = [{"prompt": "What is it?\nSay it.", "response": ANSWER}, {"prompt": "x", "response": "\x1b[2Jred"}]
    return prepared_rows(tmp_path_factory.mktemp("rows"), rows)


def view(data: Prepared, rule: CutRule, record: int = 0) -> TokenView:
    form, tokenizer = demo_format()
    samples = samples_of(data, [record], rule)
    return token_view(samples, record, tokenizer, stop_ids=stop_ids(form, tokenizer))


def test_the_pieces_are_the_whole_text_and_all_ids(data: Prepared) -> None:
    _, tokenizer = demo_format()
    found = view(data, CutRule(1000))
    assert "".join(piece.text for piece in found.pieces) == tokenizer.decode(
        data.ids(0), skip_special_tokens=False
    )
    assert [token for piece in found.pieces for token in piece.ids] == data.ids(0)
    assert "\ufffd" not in "".join(piece.text for piece in found.pieces)


def test_fates_are_those_of_the_sample(data: Prepared) -> None:
    rule = CutRule(1000)
    sample, found = samples_of(data, [0], rule)[0], view(data, rule)
    assert found.count("trained", "stop") == sample.num_trained
    assert found.count("stop") == 1 and found.pieces[-1].fate == "stop"
    assert found.count("cut") == 0 and found.line == 1


@pytest.mark.parametrize("truncation", ["cut_end", "cut_start", "drop"])
def test_what_is_cut_is_shown_as_cut(data: Prepared, truncation: str) -> None:
    rule = CutRule(20, truncation)  # type: ignore[arg-type]
    found = view(data, rule)
    kept = {"cut_end": 20, "cut_start": 20, "drop": 0}[truncation]
    assert found.count("cut") == len(data.ids(0)) - kept
    assert {"cut_end": "cut", "cut_start": "cut", "drop": "cut"}[truncation] == (
        found.pieces[0] if truncation == "cut_start" else found.pieces[-1]
    ).fate


def test_the_margin_says_it_without_colour(data: Prepared) -> None:
    lines = list(in_margin(view(data, CutRule(1000))))
    assert lines[0].startswith("  masked │ ") and "What is it?" in lines[0]
    assert any(line.startswith(" trained │ ") and "“gold”, naïve." in line for line in lines)
    assert lines[-1].startswith("    stop │ ")
    assert not any("\x1b" in line for line in lines)


def test_no_escape_code_of_the_data_reaches_the_screen(data: Prepared) -> None:
    found = view(data, CutRule(1000), record=1)
    coloured = in_colour(found)
    assert "\x1b[2J" not in coloured and "red" in coloured and "\x1b[32m" in coloured
    assert "\x1b" not in "\n".join([*in_margin(found), *token_table(found)])


def test_the_table_has_every_place_once(data: Prepared) -> None:
    places = [int(line.split()[0]) for line in token_table(view(data, CutRule(1000)))]
    assert places == sorted(set(places)) and places[0] == 0
