"""One notebook executed by papermill, its kernel a process of its own; a failure is a result, not an exception."""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_core.utils import ensure_event_loop

from exresearch.report.notebook import NotebookBody
from exresearch.run.kernels import environment_of
from exresearch.run.limits import Limits, Watch, kernels_welcome
from exresearch.run.plan import NotebookJob
from exresearch.run.warm import OwnKernelManager, SocketKernelManager, WarmKernelManager, begin_server
from exresearch.run.warned import warnings_in

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
    warnings : dict of str to int
        How often a kind of warning was given.
    reused : bool
        Whether it was taken over from an earlier run, because nothing it was made from has changed.
    body : NotebookBody, optional
        The inside of its page, where that was made while other notebooks ran.
    """

    name: str
    status: str
    seconds: float
    executed: Path | None
    failed_cell: str = ""
    error: str = ""
    warnings: dict[str, int] = field(default_factory=dict)
    reused: bool = False
    body: NotebookBody | None = None


@contextmanager
def kernel_environment(work: Path, *, notebooks: Sequence[Path] = ()) -> Iterator[None]:
    """Keep the clients of kernels quiet inside the block, and begin a server of warm kernels.

    Parameters
    ----------
    work : pathlib.Path
        Working folder.
    notebooks : sequence of pathlib.Path
        A server that has imported what they do is begun, for kernels to be forked from; none without any.
    """
    logger = logging.getLogger("papermill")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            # papermill and its clients warn about their own internals; nothing there is about the study.
            warnings.simplefilter("ignore")
            if notebooks:
                begin_server(notebooks, environment_of(work))
            yield
    finally:
        logger.setLevel(level)


def execute_notebook(
    job: NotebookJob, *, work: Path, cold: bool = False, limits: Limits | None = None
) -> NotebookResult:
    """Execute one notebook with its parameters.

    When to use it: inside :func:`kernel_environment`, from any thread; the work is done by the kernel.

    Parameters
    ----------
    job : NotebookJob
        Notebook and complete parameters.
    work : pathlib.Path
        Working folder: the kernel's directory, and where the executed notebook and any log go.
    cold : bool
        Start Python for the kernel, instead of forking it from a server that :func:`kernel_environment` began.
    limits : Limits, optional
        What its kernel may take; the usual time by default.

    Returns
    -------
    NotebookResult
        ``failed`` with the type of the error where the notebook did not run to its end. The full text of the error,
        and what cells wrote to standard error, goes to ``<name>.log`` in the working folder and nowhere else.
    """
    started = time.perf_counter()
    final, partial = work / f"{job.name}.ipynb", work / f".{job.name}.part.ipynb"
    log = work / f"{job.name}.log"
    log.unlink(missing_ok=True)
    final.unlink(missing_ok=True)
    watch = Watch(limits or Limits())
    try:
        _execute(job, partial, work=work, cold=cold, watch=watch)
        said = tidy(partial)
        if said:
            log.write_text(said, encoding="utf-8")
        partial.replace(final)
    except Exception as error:  # noqa: BLE001 - every failure of one notebook is contained here
        with suppress(OSError):
            # A disk that is full has no room for this either.
            log.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        seconds = time.perf_counter() - started
        kind = "TimeoutError" if watch.expired else str(getattr(error, "ename", "") or type(error).__name__)
        return NotebookResult(
            job.name, "failed", seconds, None, failed_cell=_failed_cell(partial), error=kind
        )
    finally:
        watch.end()
        # The client leaves the event loop of its thread open; every notebook has its own.
        ensure_event_loop().close()
    seconds = time.perf_counter() - started
    return NotebookResult(job.name, "ok", seconds, final, warnings=warnings_in(log))


def _execute(job: NotebookJob, partial: Path, *, work: Path, cold: bool, watch: Watch) -> None:
    """Execute, and once more with a kernel started plainly where one never answered."""
    # Imported here so that planning and checking stay quick.
    import papermill
    from nbclient.exceptions import DeadKernelError

    for last in (False, True):
        try:
            papermill.execute_notebook(
                str(job.path),
                str(partial),
                parameters=job.parameters,
                kernel_name="python3",
                progress_bar=False,
                request_save_on_cell_execute=False,
                start_timeout=_START_SECONDS,
                # What a kernel says about its transport is nothing for the user; asking it to leave can take seconds.
                extra_arguments=["--log-level=50"],
                shutdown_kernel="immediate",
                kernel_manager_class=_manager(work, cold=cold or last, watch=watch),
            )
        except RuntimeError as error:
            # A kernel that never answered; one that died over a cell would die again.
            if last or isinstance(error, DeadKernelError) or not kernels_welcome():
                raise
        else:
            return


def _manager(work: Path, *, cold: bool, watch: Watch) -> type[OwnKernelManager]:
    """Return what starts this kernel; Windows has no Unix sockets that ZeroMQ can use."""
    kind: type[OwnKernelManager] = SocketKernelManager if cold else WarmKernelManager
    if sys.platform == "win32":
        kind = OwnKernelManager
    # The client makes the manager itself, from a class and nothing else.
    told = {"environment": environment_of(work), "folder": work, "watch": watch}
    return type("KernelManager", (kind,), told)


def tidy(path: Path) -> str:
    """Take out of an executed notebook what tells where it was run.

    Parameters
    ----------
    path : pathlib.Path
        Changed in place: without papermill's record, which has absolute paths, and without standard error, whose
        warnings have them too.

    Returns
    -------
    str
        What stood in standard error, for the log.
    """
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["metadata"].pop("papermill", None)
    said = []
    for cell in notebook["cells"]:
        outputs = cell.get("outputs", [])
        said += ["".join(output["text"]) for output in outputs if output.get("name") == "stderr"]
        if outputs:
            cell["outputs"] = [output for output in outputs if output.get("name") != "stderr"]
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return "\n".join(said)


def _failed_cell(path: Path) -> str:
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return ""
    for cell in cells:
        if cell.get("metadata", {}).get("papermill", {}).get("exception"):
            return str(cell.get("id", ""))
    return ""
