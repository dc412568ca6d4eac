"""CompareActions: the keys of Compare that only look: questions, filters, views, columns. They read and start nothing."""

from textual.containers import Container

from phi_tui.widgets.answer_board import AnswerBoard


class CompareActions(Container):
    """Of a view that has a board."""

    @property
    def board(self) -> AnswerBoard:
        return self.query_one(AnswerBoard)

    def action_next_question(self) -> None:
        self.board.move(1)

    def action_previous_question(self) -> None:
        self.board.move(-1)

    def action_first_question(self) -> None:
        self.board.go_to_end(first=True)

    def action_last_question(self) -> None:
        self.board.go_to_end(first=False)

    def action_turn_view(self) -> None:
        self.board.turn_view()
        self.refresh_bindings()

    def action_turn_filter(self) -> None:
        self.board.turn_filter()

    def action_toggle_summary(self) -> None:
        self.board.toggle_summary()
        self.refresh_bindings()

    def action_zoom(self) -> None:
        self.board.zoom()
        self.take_focus()
        self.refresh_bindings()

    def take_focus(self) -> None:
        """The list, or the view itself while the list is hidden: keys reach who has the focus."""
        (self if self.board.is_zoomed else self.board.questions).focus()

    def action_other_answer(self, by: int) -> None:
        self.board.turn_model(by)

    def action_side(self, by: int) -> None:
        self.board.step(by)

    def action_next_change(self) -> None:
        self.board.changes.go_to_next_strong()

    def action_turn_measure(self) -> None:
        self.board.changes.turn_measure()

    def action_page_down(self) -> None:
        self.board.turn_page(1)

    def action_page_up(self) -> None:
        self.board.turn_page(-1)
