"""The frame of an HTML report: one file, no script, no network, readable on a phone, in light and in dark.

`shown` is the one way of outside text into the page. Knows nothing about comparisons.
"""

from collections.abc import Iterator
from html import escape

from phi_core.evaluation.comparison_tables import Table
from phi_core.plain_text import plain

_STYLE = """
:root {
  color-scheme: light dark;
  --page: #fbfbfa; --card: #ffffff; --ink: #1c1c1a; --soft: #5c5c57; --line: #dcdcd6;
  --base: #2f6fbf; --adapter: #b8690a; --good: #1f6fb5; --bad: #b4540a; --added: #2f6fbf2e; --removed: #c266002e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #161614; --card: #1f1f1c; --ink: #eceae4; --soft: #a5a39b; --line: #3a3a36;
    --base: #74aef0; --adapter: #e8a24c; --good: #74aef0; --bad: #f0a050; --added: #4c92e24d; --removed: #e088334d;
  }
}
* { box-sizing: border-box; }
body { background: var(--page); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 80rem;
  padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .5rem 0 1rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; } h3 { font-size: 1rem; margin: 0; }
p { margin: .35rem 0; }
dl { display: grid; grid-template-columns: minmax(6rem, 10rem) 1fr; gap: .25rem 1rem; font-size: .9rem; margin: .5rem 0; }
dt { color: var(--soft); } dd { margin: 0; }
.verdict, .warning { background: var(--card); border: 1px solid var(--line); border-left: .3rem solid var(--soft);
  border-radius: .3rem; padding: .5rem .75rem; margin: .5rem 0; }
.verdict strong, .verdict span { display: block; }
.better { border-left-color: var(--good); } .worse, .warning { border-left-color: var(--bad); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .75rem .3rem 0; text-align: right; white-space: nowrap; }
th { color: var(--soft); font-weight: 500; }
td.word, th.word { text-align: left; white-space: normal; min-width: 5rem; }
section { border-top: 1px solid var(--line); margin-top: 2rem; }
.answers { display: grid; grid-template-columns: minmax(0, 1fr); gap: .75rem; margin-top: .75rem; }
article { background: var(--card); border: 1px solid var(--line); border-top: .25rem solid var(--adapter); border-radius: .3rem;
  padding: .6rem .9rem; min-width: 0; }
article.base { border-top-color: var(--base); }
pre { font: inherit; white-space: pre-wrap; margin: .5rem 0; }
.prompt { font-weight: 600; } .facts { color: var(--soft); font-size: .85rem; }
details { margin-top: .5rem; } summary { color: var(--soft); cursor: pointer; font-size: .85rem; padding: .2rem 0; }
ins { background: var(--added); text-decoration: underline; } del { background: var(--removed); text-decoration: line-through; }
del + ins { margin-left: .2em; }
.tokens span, .legend span { border-radius: .15rem; padding: .05rem 0; }
.legend span { padding: .05rem .3rem; white-space: nowrap; } .legend { font-size: .85rem; line-height: 2; }
.s2 { background: #2f6fbf8c; } .s1 { background: #2f6fbf40; } .m1 { background: #d9730d40; } .m2 { background: #d9730d99; }
.k1 { border-bottom: 1px dotted; } .k2 { border-bottom: 1px solid; } .k3 { border-bottom: 2px solid; } .k4 { border-bottom: 3px double; }
@media (min-width: 44rem) { .answers { grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr)); } }
@media (max-width: 40rem) {
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .35rem; }
  table, tbody, tr { display: block; } tr.head { display: none; }
  tr { border-bottom: 1px solid var(--line); display: grid; grid-template-columns: repeat(auto-fill, minmax(4.8rem, 1fr)); padding: .4rem 0; }
  td, td.word { border: 0; min-width: 0; padding: .1rem .5rem .1rem 0; text-align: left; white-space: normal; }
  td.word { grid-column: span 2; } td:first-child { font-weight: 600; grid-column: 1 / -1; }
  td:not(:first-child)::before { color: var(--soft); content: attr(data-name); display: block; font-size: .75rem; font-weight: 400; }
}
"""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def shown(text: str) -> str:
    """Outside text: no markup, no attribute end, no control character."""
    return escape(plain(text), quote=True)


def head(title: str) -> Iterator[str]:
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{shown(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>"
    yield f"<h1>{shown(title)}</h1>"


def table_of(table: Table) -> Iterator[str]:
    """With its title; a wide one scrolls for itself."""
    yield f"<h2>{shown(table.title)}</h2>"
    if table.note:
        yield f'<p class="facts">{shown(table.note)}</p>'
    cells = "".join(f"<th{_kind(place, table)}>{shown(name)}</th>" for place, name in enumerate(table.head))
    yield f'<div class="scroll">\n<table>\n<tr class="head">{cells}</tr>'
    yield from (_row(row, table) for row in table.rows)
    yield "</table>\n</div>"


def _row(row: tuple[str, ...], table: Table) -> str:
    """Each cell knows its column's name: on a narrow screen a row becomes a block with the names in it."""
    names = [f'{_kind(place, table)} data-name="{shown(name)}"' for place, name in enumerate(table.head)]
    cells = "".join(f"<td{name}>{shown(cell)}</td>" for name, cell in zip(names, row, strict=True))
    return f"<tr>{cells}</tr>"


def _kind(place: int, table: Table) -> str:
    return ' class="word"' if place < table.words else ""
