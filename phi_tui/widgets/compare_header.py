"""Two lines over Compare: what the batch does and who answers, and what the self-check proved of the base."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from phi_core.config.sampling import Sampling
from phi_core.evaluation.batch_folder import BatchSnapshot
from phi_core.plain_text import one_line
from phi_tui.compare_choice import CompareChoice
from phi_tui.compare_text import proof_words, settings_words, state_words, who_words
from phi_tui.widgets.plain import PlainStatic, content

WIDTH = 300
SHORT = 20
"""A terminal of fewer rows gets one line of what else may take two."""


class CompareHeader(Vertical):
    """Told what to show."""

    DEFAULT_CSS = """
    CompareHeader {
        height: auto;
        padding: 0 1;
        & #compare-who { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
        & #compare-proof { height: auto; max-height: 2; color: $text-muted; }
        &.-short #compare-proof { max-height: 1; }
        & #compare-proof.-bad { color: $text-error; text-style: bold; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static(id="compare-who", markup=False)
        yield PlainStatic(id="compare-proof")

    def on_resize(self) -> None:
        self.set_class(self.app.size.height < SHORT, "-short")

    def show(
        self, choice: CompareChoice | None, snapshot: BatchSnapshot | None, sampling: Sampling | None
    ) -> None:
        info = snapshot.info if snapshot else None
        state, style = state_words(snapshot)
        who = content(one_line(who_words(choice, info), WIDTH), "bold")
        self.query_one("#compare-who", Static).update(
            Content("  ").join([content(one_line(state), style), who]), layout=False
        )
        proof, is_bad = proof_words(choice, info)
        settings = settings_words(sampling) if sampling else ""
        line = self.query_one("#compare-proof", PlainStatic)
        line.set_class(is_bad, "-bad")
        line.show(one_line(" · ".join(part for part in (proof, settings) if part), WIDTH))
