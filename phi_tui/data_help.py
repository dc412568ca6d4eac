"""What F1 says of the Data tab, after its keys. Keys stand in braces by their action; `focus_help` puts them in."""

DATA_HELP = """\
The tab reads what the Train form names, with the form's model and options. Options changed here are tried here only,
until **{use}** puts them into the Train form. Faults stop a run; notes do not.

Tokens, by colour and by the word in the margin: **masked** (dim) is read and not trained, **trained** (green) is what
the loss counts, **stop** (green, reversed) is trained and ends an answer, **cut** (red, struck through) lies beyond
max_length. ↵ is a line end, → a tab, ␛ and the like are control characters. Every second token is underlined.

**{look}** shows the record of a line, **{edit}** opens your editor there: set EDITOR for another than vi.
"""
