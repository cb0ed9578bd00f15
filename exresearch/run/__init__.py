"""Papermill runs: planned and checked first, then executed side by side, then rendered with their provenance."""

from exresearch.run.cells import NotebookError, notebook_parameters
from exresearch.run.door import DisclosureError
from exresearch.run.execute import NotebookResult, execute_notebook
from exresearch.run.leaks import LeakError
from exresearch.run.plan import NotebookJob, Plan, available_notebooks, plan_run
from exresearch.run.runner import RunResult, run_plan
from exresearch.run.settings import setting_problems

__all__ = [
    "DisclosureError",
    "LeakError",
    "NotebookError",
    "NotebookJob",
    "NotebookResult",
    "Plan",
    "RunResult",
    "available_notebooks",
    "execute_notebook",
    "notebook_parameters",
    "plan_run",
    "run_plan",
    "setting_problems",
]
