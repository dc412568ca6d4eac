"""The Chat tab's own words in its help. Keys stand in braces by their action; `focus_help.with_keys` puts them in."""

HELP = """
# Chat

Type and press **{send}**. The first line says who answers: the base model, an adapter with its strength, or both.
**{target}** goes to the next model, in the middle of a conversation too; **{both}** lets base and adapter answer the
same question side by side. Base and adapters share one copy of the weights, and the second line says whether the base
was proved to be the bare base model.

**{adapters}** lists the checkpoints of the run. That of a run which is still going on is offered as soon as it is
written. **{strength(1)}** and **{strength(-1)}** make what the adapter adds stronger or weaker, from 0 to 2 times.

In the prompt: **{newline}** makes a new line; **{edit(-1)}** when it is empty takes an earlier question to edit:
**{send}** then asks it in the place of the old one, and what followed stays in the transcript. **{edit_prompt}** writes
the prompt in your editor. The page keys move the conversation.

**{stop}** stops an answer and keeps what was said; a second one ends the engine if it does not listen.
**{regenerate}** asks the last question again, also after a failure: a crashed engine is then started again.

Every chat is kept on disk as it goes; **{earlier}** goes on with an earlier one, **{clear}** begins a new one, **{save}**
writes this one into the folder in which phi was started. Outside the prompt (tab) **{copy_answer}** copies the last
answer, **{copy_chat}** the whole conversation.
"""
