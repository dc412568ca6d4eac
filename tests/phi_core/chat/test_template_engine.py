"""Templates of strangers: they end, need little memory, and what they do wrong is a ModelError."""

import pytest
from chat_tokenizers import CHATML, TEMPLATES
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from phi_core.chat.template_engine import asks_for_date, render_template
from phi_core.errors import ModelError

MESSAGES = [{"role": "user", "content": "Hi\n there"}, {"role": "assistant", "content": "Ahoy"}]
LISTS = "{% set ns = namespace(l=['aaaaaaaaaaaaaaaa']) %}"
RUNAWAYS = {
    "a text times a number": "{{ 'a' * 10**12 }}",
    "a number times a text": "{{ 10**12 * 'a' }}",
    "a list times a number": "{{ ([0] * 10**10) | length }}",
    "a power": "{{ 10**10**10 }}",
    "powers of powers": "{% set ns = namespace(n=9) %}{% for i in range(40) %}{% set ns.n = ns.n ** 9 %}{% endfor %}",
    "squares": "{% set ns = namespace(n=9) %}{% for i in range(60) %}{% set ns.n = ns.n * ns.n %}{% endfor %}",
    "a range": "{% for i in range(10**9) %}x{% endfor %}",
    "a huge range": "{% for i in range(10**30) %}x{% endfor %}",
    "loops in loops": "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "loops over text": "{% for i in 'aaaaaaaa' * 9999 %}{% for j in 'aaaaaaaa' * 9999 %}{% endfor %}{% endfor %}",
    "text in loops": "{% for i in range(99999) %}" + "x" * 9999 + "{% endfor %}",
    "text in a macro": "{% macro m() %}{% for i in range(99999) %}{{ 'x' * 999 }}{% endfor %}{% endmacro %}{{ m() }}",
    "text in a block": "{% set s %}{% for i in range(99999) %}{{ 'x' * 999 }}{% endfor %}{% endset %}",
    "a macro that calls itself": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "a macro that calls itself twice": (
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}"
    ),
    "a loop that calls itself": "{% for m in messages recursive %}{{ loop(messages) }}{% endfor %}",
    "doubling by ~": "{% set ns = namespace(s='a') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
    "doubling by +": "{% set ns = namespace(s='a') %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
    "doubling by join": LISTS + "{% for i in range(60) %}{% set ns.l = [ns.l | join('')] * 2 %}{% endfor %}",
    "doubling lists": LISTS + "{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
    "doubling lists as JSON": LISTS
    + "{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{% set s = ns.l | tojson %}",
    "the method join": "{{ ('a' * 99999).join(['b'] * 99999) }}",
    "center": "{{ 'a' | center(10**12) }}",
    "the method center": "{{ 'a'.center(10**12) }}",
    "zeros": "{{ 'a'.zfill(10**12) }}",
    "tabs": "{{ 'a\t'.expandtabs(10**9) }}",
    "indent": "{{ 'a\nb' | indent(10**12) }}",
    "bytes": "{{ (1).to_bytes(10**12, 'big') }}",
    "a batch": "{{ [1] | batch(10**10, 'x') | list }}",
    "slices": "{{ [1] | slice(10**10) | list }}",
    "replacing": "{{ ('a' * 99999) | replace('a', 'b' * 99999) }}",
    "the method replace": "{{ ('a' * 99999).replace('a', 'b' * 99999) }}",
    "JSON": "{{ messages | tojson(indent=10**12) }}",
    "a width": "{{ '%1000000000000d' % 1 }}",
    "a width of the filter": "{{ '%1000000000000d' | format(1) }}",
    "a width in an argument": "{{ '%*d' % (10**10, 1) }}",
    "a width of the method": "{{ '{:1000000000000}'.format(1) }}",
    "a width within a width": "{{ '{:{}}'.format(1, 10**12) }}",
    "many of one text": "{{ ('%(a)s' * 9999) % {'a': 'x' * 99999} }}",
    "many of one text by the method": "{{ ('{0}' * 9999).format('x' * 99999) }}",
    "random words": "{{ lipsum(n=10**9) }}",
}


@pytest.mark.parametrize("name", RUNAWAYS)
def test_a_template_that_runs_away_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match="the chat template"):
        render_template(RUNAWAYS[name], MESSAGES, special_tokens={}, generation=True)


@pytest.mark.parametrize(
    "template",
    [
        *(template for template, _ in TEMPLATES.values()),
        "{% for m in messages %}{{ loop.index ~ ': ' ~ m.content ~ 1.5 ~ none }}{% else %}none{% endfor %}",
        "{% macro say(m) %}<{{ m.role | upper }}>{{ m.content | trim }}{% endmacro %}"
        "{% for m in messages if m.role == 'user' %}{{ say(m) }}{% endfor %}{{ say(messages[1]) }}",
        "{% macro twice() %}{{ caller() }}{{ caller() }}{% endmacro %}{% call twice() %}x{% endcall %}",
        "{{ '-' * 20 }}{{ 2**10 }}{{ 7 % 4 }}{{ '%s is %5d' % ('a', 3) }}{{ '{:>4}|{}'.format('a', 'b') }}",
        "{{ messages | map(attribute='content') | join(', ') | indent(4) | center(60) }}{{ 1700000000 | string }}",
        "{{ messages | tojson(indent=2) }}{{ messages[0].content.split('\\n') | join('|') | replace('i', 'o') }}",
        "{% set s %}a{{ 1 }}b{% endset %}{{ s }}{% for c in 'abc' %}{{ c }}{% break %}{% endfor %}",
        "{% for m in messages recursive %}{{ m.role }}{% if loop.depth < 3 %}{{ loop(messages) }}{% endif %}{% endfor %}",
        "{{ [3, 1, 2] | sort | batch(2, 'x') | list }}{{ {'b': 1, 'a': 2} | dictsort }}{{ 'a b'.title() }}",
        "{{ ([1] + [2, 3]) | sum }}{{ 'x' + 'y' }}{{ 'é' | urlencode }}{{ 'a' in 'abc' }}{{ nothing }}",
    ],
)
def test_the_limits_change_nothing_in_a_template_that_keeps_within_them(template: str) -> None:
    theirs = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    if "tojson" in template:
        theirs.filters["tojson"] = lambda value, **options: __import__("json").dumps(value, **options)
    if "generation %}" in template:
        theirs.from_string("")
        template = template.replace("{% generation %}", "").replace("{% endgeneration %}", "")
    special = {"eos_token": "</s>", "bos_token": "<s>"}
    values = {"tools": None, "messages": MESSAGES, "add_generation_prompt": True, **special}
    expected = theirs.from_string(template).render(**values)
    assert render_template(template, MESSAGES, special_tokens=special, generation=True) == expected


def test_long_conversations_have_room() -> None:
    long = [{"role": "user", "content": "word\n" * 400_000}] * 2
    many = [{"role": "user", "content": f"number {number}"} for number in range(5000)]
    built = "{% set ns = namespace(s='') %}{% for m in messages %}{% set ns.s = ns.s ~ m.content %}{% endfor %}{{ ns.s }}"
    for messages in (long, many):
        contents = "".join(message["content"] for message in messages)
        assert contents == render_template(built, messages, special_tokens={}, generation=False)
        whole = render_template(CHATML, messages, special_tokens={}, generation=False)
        assert len(whole) > len(contents)


def test_one_rendering_leaves_the_next_its_own_limit() -> None:
    for _ in range(3):
        for template in ("{{ 'a' * 3_000_000 }}", "{{ 'a' * 10**12 }}"):
            try:
                assert (
                    len(render_template(template, MESSAGES, special_tokens={}, generation=True)) == 3_000_000
                )
            except ModelError:
                assert "10**12" in template


def test_a_day_is_told_in_the_form_that_is_asked_for() -> None:
    template = "{{ strftime_now('%Y-%m-%d %H:%M') }} {% macro day() %}{{ strftime_now('%j') }}{% endmacro %}{{ day() }}"
    assert asks_for_date(template) and not asks_for_date(CHATML)
    told = render_template(template, MESSAGES, special_tokens={}, generation=True, date="2026-02-03")
    assert told == "2026-02-03 00:00 034"
