"""One notebook executed by papermill in a process of its own; a failure is a result, not an exception."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from exresearch.run.plan import NotebookJob

# What a user's own Jupyter set-up says about kernels is not for these.
_FOREIGN = (
    "PYTHONPATH",
    "PYTHONHOME",
    "JUPYTER_PATH",
    "JUPYTER_CONFIG_PATH",
    "JUPYTER_CONFIG_DIR",
    "PYTHONSTARTUP",
)
# One thread per kernel: kernels run side by side, and the order of floating-point sums stays the same.
_KERNEL_ENVIRONMENT = {
    "MPLBACKEND": "Agg",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JUPYTER_PREFER_ENV_PATH": "1",
    "JUPYTER_PLATFORM_DIRS": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
_START_SECONDS = 120


@dataclass(frozen=True, slots=True)
class NotebookResult:
    """What became of one notebook.

    Attributes
    ----------
    name : str
        File stem.
    status : {"ok", "failed"}
        Whether it ran to its end.
    seconds : float
        Wall time.
    executed : pathlib.Path or None
        The executed notebook, in the working folder.
    failed_cell : str
        Id of the cell that stopped it; empty where that is not known.
    error : str
        Type of the error, without its text, which may quote data.
    """

    name: str
    status: str
    seconds: float
    executed: Path | None
    failed_cell: str = ""
    error: str = ""


def execute_notebook(job: NotebookJob, *, work: Path) -> NotebookResult:
    """Execute one notebook with its parameters; runs in a worker process.

    Parameters
    ----------
    job : NotebookJob
        Notebook and complete parameters.
    work : pathlib.Path
        Working folder: the kernel's directory, and where the executed notebook and any log go.

    Returns
    -------
    NotebookResult
        ``failed`` with the type of the error where the notebook did not run to its end. The full text of the error
        goes to ``<name>.log`` in the working folder and nowhere else.
    """
    for name in _FOREIGN:
        os.environ.pop(name, None)
    os.environ.update(_KERNEL_ENVIRONMENT, IPYTHONDIR=str(work / "ipython"))
    logging.getLogger("papermill").setLevel(logging.ERROR)
    started = time.perf_counter()
    final, partial = work / f"{job.name}.ipynb", work / f".{job.name}.part.ipynb"
    log = work / f"{job.name}.log"
    log.unlink(missing_ok=True)
    final.unlink(missing_ok=True)
    try:
        with warnings.catch_warnings(), _stderr_to(work / f"{job.name}.kernel.log"):
            # papermill and its clients warn about their own internals; nothing here is about the study.
            warnings.simplefilter("ignore")
            import papermill  # imported here so that planning and checking stay quick

            papermill.execute_notebook(
                str(job.path),
                str(partial),
                parameters=job.parameters,
                kernel_name="python3",
                cwd=str(work),
                progress_bar=False,
                request_save_on_cell_execute=False,
                start_timeout=_START_SECONDS,
            )
        partial.replace(final)
    except Exception as error:  # noqa: BLE001 - every failure of one notebook is contained here
        log.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        seconds = time.perf_counter() - started
        kind = str(getattr(error, "ename", "") or type(error).__name__)
        return NotebookResult(
            job.name, "failed", seconds, None, failed_cell=_failed_cell(partial), error=kind
        )
    return NotebookResult(job.name, "ok", time.perf_counter() - started, final)


@contextmanager
def _stderr_to(path: Path) -> Iterator[None]:
    """Send what this process and its kernel write to standard error into a file: kernels talk to themselves."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with path.open("w", encoding="utf-8") as stream:
            os.dup2(stream.fileno(), 2)
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _failed_cell(path: Path) -> str:
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return ""
    for cell in cells:
        if cell.get("metadata", {}).get("papermill", {}).get("exception"):
            return str(cell.get("id", ""))
    return ""
