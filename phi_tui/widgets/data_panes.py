"""DataPanes: the five panes of the Data tab, one at a time; the options stand beside the others where there is room."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from phi_tui.data_request import DATA_SPECS
from phi_tui.data_text import lengths_text, mix_text
from phi_tui.data_tokens import NotPrepared, TokenReport
from phi_tui.draft import Draft, explained
from phi_tui.widgets.check_pane import CheckPane
from phi_tui.widgets.field import FieldFocused
from phi_tui.widgets.option_form import OptionForm
from phi_tui.widgets.plain import PlainStatic
from phi_tui.widgets.text_pane import TextPane
from phi_tui.widgets.token_pane import TokenPane

PANES = {"check": "Check", "tokens": "Tokens", "lengths": "Lengths", "mix": "Mix", "options": "Options"}
ERROR = "$text-error"


class DataPanes(Horizontal):
    """`current` is the pane that has the focus, or takes it with `focus_current`."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.current = self._beside_options = "check"
        self.check = CheckPane(id="pane-check", classes="pane")
        self.tokens = TokenPane(id="pane-tokens", classes="pane")
        self.lengths = TextPane(id="pane-lengths", classes="pane")
        self.mix = TextPane(id="pane-mix", classes="pane")
        self.form = OptionForm(DATA_SPECS, Draft(), id="data-form")
        self._explanation = PlainStatic(id="data-help")

    def compose(self) -> ComposeResult:
        yield from (self.check, self.tokens, self.lengths, self.mix)
        with Vertical(id="pane-options", classes="pane"):
            yield self.form
            yield self._explanation

    def on_mount(self) -> None:
        self.open(self.current)

    def open(self, pane: str) -> None:
        self.current = pane
        if pane == "options":
            self.form.show_only(DATA_SPECS)
        if pane != "options":
            self._beside_options = pane
        for name in PANES:
            shown = self.query_one(f"#pane-{name}")
            shown.set_class(name == pane, "-open")
            shown.set_class(name == self._beside_options, "-beside")

    def on_resize(self) -> None:
        """Where there is room the options stand beside the other panes."""
        self.call_after_refresh(self._fill_options)

    def _fill_options(self) -> None:
        if self.query_one("#pane-options").display:
            self.form.show_only(DATA_SPECS)

    def turned(self, by: int) -> str:
        """The pane so many further on."""
        names = list(PANES)
        return names[(names.index(self.current) + by) % len(names)]

    def focus_current(self) -> None:
        if self.current == "options":
            self.form.focus_last()
        else:
            self._focusable().focus()

    def keep_focus(self, *, is_seen: bool) -> None:
        """A list that has vanished cannot keep the focus, and one that has come should have it."""
        if is_seen and not (self.screen.focused and self.current == "options"):
            self.focus_current()

    def _focusable(self) -> Widget:
        if self.current == "check":
            return self.check.list if self.check.list.display else self.check
        if self.current == "tokens":
            return self.tokens.sheet if self.tokens.sheet.display else self.tokens
        return self.lengths if self.current == "lengths" else self.mix

    def show_tokens(self, tokens: TokenReport | NotPrepared) -> None:
        """Lengths and mix; the token pane only if there are no tokens to show."""
        if isinstance(tokens, NotPrepared):
            return self.say_of_tokens(tokens.text)
        self.lengths.show(f"{tokens.without_tokens}\n\n{lengths_text(tokens)}".strip())
        self.mix.show(mix_text(tokens))
        if tokens.without_tokens:
            self.tokens.show_trouble(tokens.without_tokens)

    def say_reading(self, *, is_checked: object, is_tokenised: object) -> None:
        """Where nothing is shown yet, that something will be."""
        if not is_checked:
            self.check.show_trouble("Reading the data …")
        if not is_tokenised:
            self.say_of_tokens("Tokenising the data …")

    def say_everywhere(self, text: str, style: str = "") -> None:
        """One thing to say instead of all content."""
        self.check.show_trouble(text, style)
        self.say_of_tokens(text, style)

    def say_of_tokens(self, text: str, style: str = "") -> None:
        """Why there are no tokens."""
        self.tokens.show_trouble(text, style)
        self.lengths.say(text, style)
        self.mix.say(text, style)

    def on_field_focused(self, event: FieldFocused) -> None:
        event.stop()
        self.form.on_field_focused()
        self._explanation.show(explained(DATA_SPECS[event.name]))
