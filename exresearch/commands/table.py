"""How many clients stand, as one table that is kept up to date."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.live import Live
from rich.markup import escape
from rich.table import Table

from exresearch.commands.console import err, out

if TYPE_CHECKING:
    from exresearch.run.many import ClientState

_STYLES = {"done": "green", "failed": "red", "refused": "red", "unsafe": "red", "stopped": "yellow"}
# What a client that ended like this gives the command as its exit code.
_CODES = {"done": 0, "failed": 1, "stopped": 1, "refused": 2, "unsafe": 3}


class Standing:
    """The live table of a run of many clients; where nobody watches, a line when a client ends."""

    def __init__(self) -> None:
        self._states: Sequence[ClientState] = ()
        self._told: set[int] = set()
        self._live = Live(
            get_renderable=self._table,
            console=err,
            refresh_per_second=4,
            transient=True,
            redirect_stdout=False,
        )

    def __enter__(self) -> Self:
        if err.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if err.is_terminal:
            self._live.stop()

    def show(self, states: Sequence[ClientState]) -> None:
        """Take up how all clients stand."""
        self._states = states
        for number, state in enumerate(states):
            if state.status in _CODES and number not in self._told and not err.is_terminal:
                self._told.add(number)
                err.print(f"{escape(state.name)}: {state.status} after {state.seconds:.0f} s")

    def end(self, states: Sequence[ClientState]) -> int:
        """Print what every client came to, and return the exit code."""
        self._states = states
        self.last()
        for state in states:
            if state.message and state.status != "done":
                err.print(f"{escape(state.name)}: {escape(state.message)}", style=_STYLES[state.status])
            elif state.message and state.message != "nothing has changed":
                err.print(f"{escape(state.name)}: {escape(state.message)}", style="yellow")
        for state in states:
            if state.index is not None:
                sys.stdout.write(f"{state.index}\n")
        return max((_CODES[state.status] for state in states), default=0)

    def last(self) -> None:
        """Print the table as it is now."""
        out.print(self._table())

    def _table(self) -> Table:
        table = Table(
            "client", "status", "notebooks", "now", "time", box=None, pad_edge=False, header_style="bold"
        )
        for column in (2, 4):
            table.columns[column].justify = "right"
        for state in self._states:
            style = _STYLES.get(state.status, "")
            count = f"{state.finished} of {state.total}" if state.total else ""
            if state.reused:
                count += f" ({state.reused} unchanged)"
            status = f"[{style}]{state.status}[/{style}]" if style else state.status
            seconds = f"{state.seconds:.0f} s" if state.began else ""
            now = state.step if state.status == "running" else ""
            table.add_row(escape(state.name), status, count, now, seconds)
        return table
