"""The keys of dialogs: help, guide, clean-up, votes. A part of the table of keys; a keymap names those of the votes."""

from phi_tui.keys import Key

HELP: tuple[Key, ...] = (
    Key("g", "guide", "Guide", "The chapter of the guide that fits this place"),
    Key("j,down", "scroll(1)", "Down", "Scroll down", shown=False),
    Key("k,up", "scroll(-1)", "Up", "Scroll up", shown=False),
    Key("space,pagedown", "page(1)", "Page down", "A page down", shown=False),
    Key("pageup", "page(-1)", "Page up", "A page up", shown=False),
    Key("escape,f1,question_mark,q", "close", "Back", "Close the help"),
)
GUIDE: tuple[Key, ...] = (
    Key("j,down", "scroll(1)", "Down", "Scroll down; in the list the next chapter"),
    Key("k,up", "scroll(-1)", "Up", "Scroll up; in the list the chapter before"),
    Key("space,pagedown", "page(1)", "Page down", "A page down"),
    Key("b,pageup", "page(-1)", "Page up", "A page up"),
    Key("g,home", "end('top')", "Top", "To the beginning of the chapter"),
    Key("G,end", "end('bottom')", "End", "To its end"),
    Key("l,right,right_square_bracket", "turn(1)", "Next chapter", "The next chapter"),
    Key("h,left,left_square_bracket", "turn(-1)", "Chapter before", "The chapter before"),
    Key("c,tab", "contents", "List", "The list of chapters, and back to the text"),
    Key("slash,ctrl+f", "search", "Search", "Look for words in the chapter"),
    Key("n", "found(1)", "Next", "To the next line that has them"),
    Key("N", "found(-1)", "Before", "To the line before that has them"),
    *(Key(str(digit), f"chapter({digit})", "Chapter", "The chapter with this digit") for digit in range(10)),
    Key("escape,q,f1", "back", "Back", "Leave the search, then the guide"),
)
CLEAN_UP: tuple[Key, ...] = (
    Key("c", "choose('other_keep')", "Checkpoints", "How many checkpoints of each run stay"),
    Key("f", "choose('other_failed')", "Failed", "Failed and lost runs without an adapter go, or stay"),
    Key("p", "choose('other_prepared')", "Prepared", "Prepared data goes, or stays"),
    Key("o", "choose('other_days')", "Older", "Only what is older than 7 or 30 days"),
    Key(
        "a", "choose('other_adapters')", "Adapters", "Best checkpoints, and failed runs with an adapter, too"
    ),
    Key("enter", "free", "Free it", "Ask once more, then free what is listed"),
    Key("escape,q", "leave", "Back", "Leave everything as it is"),
)
VOTES: tuple[Key, ...] = (
    Key("h", "vote('left')", "Left", "The left answer is better"),
    Key("l", "vote('right')", "Right", "The right answer is better"),
    Key("t", "vote('tie')", "Tie", "Both are as good"),
    Key("b", "vote('both_bad')", "Both bad", "Neither is any good"),
    Key("n", "note", "Note", "Write a note, kept with the vote"),
    Key("u", "undo", "Undo", "Withdraw the last vote"),
    Key("r", "rater", "Rater", "Another person votes: on all pairs"),
    Key("e", "export", "Export", "Write preference pairs"),
    Key("j,down,pagedown,space", "scroll(1)", "Down", "Scroll down", shown=False),
    Key("k,up,pageup", "scroll(-1)", "Up", "Scroll up", shown=False),
    Key("escape,q", "leave", "Back", "Leave; the votes are kept"),
)
