"""Papermill runs: planned and checked first, then executed side by side, then rendered with their provenance."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exresearch.run.cells import NotebookError, notebook_parameters
    from exresearch.run.door import DisclosureError
    from exresearch.run.execute import NotebookResult, execute_notebook
    from exresearch.run.finish import RunResult
    from exresearch.run.leaks import LeakError
    from exresearch.run.limits import Limits
    from exresearch.run.orders import Order
    from exresearch.run.plan import NotebookJob, Plan, plan_run
    from exresearch.run.runner import run_plan
    from exresearch.run.settings import setting_problems
    from exresearch.run.suite import available_notebooks

# Where each is; imported when first asked for, so that a command that only compares hashes answers at once.
_PLACES = {
    "DisclosureError": "door",
    "LeakError": "leaks",
    "Limits": "limits",
    "NotebookError": "cells",
    "NotebookJob": "plan",
    "NotebookResult": "execute",
    "Order": "orders",
    "Plan": "plan",
    "RunResult": "finish",
    "available_notebooks": "suite",
    "execute_notebook": "execute",
    "notebook_parameters": "cells",
    "plan_run": "plan",
    "run_plan": "runner",
    "setting_problems": "settings",
}

__all__ = [
    "DisclosureError",
    "LeakError",
    "Limits",
    "NotebookError",
    "NotebookJob",
    "NotebookResult",
    "Order",
    "Plan",
    "RunResult",
    "available_notebooks",
    "execute_notebook",
    "notebook_parameters",
    "plan_run",
    "run_plan",
    "setting_problems",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
