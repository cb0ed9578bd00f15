"""What kernels find around them, and the server they are forked from, begun before anything slow is imported."""

from __future__ import annotations

import os
from pathlib import Path

from exresearch.run.suite import available_notebooks
from exresearch.run.warm import begin_server
from exresearch.study.languages import FOLDER_VARIABLE

# What a user's own set-up says about Python and kernels is not for these.
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
    "VECLIB_MAXIMUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


def environment_of(work: Path) -> dict[str, str]:
    """Return the environment of kernels that work in a folder.

    Parameters
    ----------
    work : pathlib.Path
        Working folder, where IPython may keep what it keeps.

    Returns
    -------
    dict of str to str
    """
    environment = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    environment |= _KERNEL_ENVIRONMENT | {"IPYTHONDIR": str(work / "ipython")}
    if environment.get(FOLDER_VARIABLE):
        # A kernel starts in another folder.
        environment[FOLDER_VARIABLE] = str(Path(environment[FOLDER_VARIABLE]).absolute())
    return environment


def begin_kernels() -> None:
    """Begin the server of warm kernels for the whole suite, and do not wait for it."""
    begin_server(available_notebooks(), environment_of(Path.cwd()))
