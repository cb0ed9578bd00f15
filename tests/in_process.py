"""Whole reports without kernels, for tests that look at pages; analyses run once for all languages."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import nbformat
import pytest

from exresearch.findings import analyses
from exresearch.run import NotebookJob, RunResult, plan_run, run_plan
from exresearch.run.execute import NotebookResult
from exresearch.run.staging import STAGED
from exresearch.study import load_study

new = nbformat.v4


class Reports:
    """Makes reports of one study that differ in nothing but the language.

    What a notebook computes is kept by the place of the call in its notebook, and given again in the next language; its
    frames, figures, tables and verdicts are made anew each time. Everything after the notebooks is that of a run.
    """

    def __init__(self, study_file: Path, *, overrides: dict[str, Any]) -> None:
        self.study_file, self.overrides = study_file, overrides
        self._study: Any = None
        self._computed: dict[tuple[str, int], Any] = {}
        self._notebook, self._calls = "", 0

    def make(
        self,
        output: Path,
        *,
        language: str,
        also: Sequence[Any] = ("single_file",),
        only: Sequence[str] = (),
        **options: Any,
    ) -> RunResult:
        """Make one report, with the single file."""
        plan = plan_run(
            self.study_file,
            output=output,
            overrides=self.overrides | {"language": language},
            only=only,
            also=also,
        )
        with self.instead_of_kernels():
            return run_plan(plan, jobs=1, **options)

    @contextmanager
    def instead_of_kernels(self) -> Iterator[None]:
        """Run the notebooks of every plan within the block in this process."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("exresearch.run.runner.kernel_environment", lambda *_, **__: nullcontext())
            patch.setattr("exresearch.run.course.execute_notebook", self._execute)
            for name in analyses.__all__:
                found = getattr(analyses, name)
                if callable(found) and not isinstance(found, type):
                    patch.setattr(analyses, name, self._once(found))
            yield

    def _once(self, compute: Callable[..., Any]) -> Callable[..., Any]:
        def kept(*args: Any, **kwargs: Any) -> Any:
            key = (self._notebook, self._calls)
            self._calls += 1
            if key not in self._computed:
                self._computed[key] = compute(*args, **kwargs)
            return self._computed[key]

        return kept

    def _execute(self, job: NotebookJob, *, work: Path, **_: Any) -> NotebookResult:
        self._notebook, self._calls = job.name, 0
        notebook = nbformat.read(job.path, as_version=4)
        shown: list[Any] = []
        space = {"display": shown.append, "__name__": "__main__"}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for cell in notebook.cells:
                if cell.cell_type != "code":
                    continue
                shown.clear()
                if "parameters" in cell.metadata.get("tags", []):
                    exec(cell.source, space)  # noqa: S102 - our own notebook
                    # A kernel's own folder is the working one.
                    space |= job.parameters | {"output_dir": str(work / STAGED)}
                else:
                    last = _run(cell.source, space)
                    if "load_study" in space:
                        space["load_study"] = self._load
                    shown += [last] if last is not None else []
                cell.outputs = list(_outputs(shown))
        injected = new.new_code_cell(
            "\n".join(f"{name} = {value!r}" for name, value in job.parameters.items()),
            metadata={"tags": ["injected-parameters"]},
        )
        notebook.cells.insert(1, injected)
        executed = work / f"{job.name}.ipynb"
        nbformat.write(notebook, executed)
        return NotebookResult(job.name, "ok", 1.0, executed)

    def _load(self, _: str) -> Any:
        if self._study is None:
            self._study = load_study(self.study_file, overrides=self.overrides)
        return self._study


def _run(source: str, space: dict[str, Any]) -> Any:
    """Run a cell and return what its last line gives."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), space)  # noqa: S102 - our own notebook
    if last is None:
        return None
    return eval(compile(ast.Expression(last.value), "cell", "eval"), space)  # noqa: S307


def _outputs(shown: list[Any]) -> Iterator[nbformat.NotebookNode]:
    for item in shown:
        html, metadata = item._repr_html_(), {"text/html": dict(item.metadata or {})}
        if isinstance(html, tuple):
            html, own = html
            metadata = {"text/html": own}
        yield new.new_output("display_data", data={"text/html": html}, metadata=metadata)
