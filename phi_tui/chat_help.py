"""The Chat tab's own words in its help; the keys themselves are listed from `keys`."""

HELP = """
# Chat

Type and press **enter**. The first line says who answers: the base model, an adapter with its strength, or both.
**ctrl+t** goes to the next model, in the middle of a conversation too; **f8** lets base and adapter answer the same
question side by side. Base and adapters share one copy of the weights, and the second line says whether the base was
proved to be the bare base model.

**f9** lists the checkpoints of the run. That of a run which is still going on is offered as soon as it is written.
**alt+up** and **alt+down** make what the adapter adds stronger or weaker, from 0 to 2 times.

In the prompt: **ctrl+j** makes a new line; **up** when it is empty takes an earlier question to edit: **enter** then
asks it in the place of the old one, and what followed stays in the transcript. **pageup** and **pagedown** move the
conversation.

**esc** stops an answer and keeps what was said; a second **esc** ends the engine if it does not listen.
**ctrl+r** asks the last question again, also after a failure: a crashed engine is then started again.

Every chat is kept on disk as it goes; **ctrl+o** goes on with an earlier one, **ctrl+s** writes this one into the
folder in which phi was started.
"""
