"""A report is built beside its folder and put in place at the end, so that an earlier one survives until then."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

from exresearch.findings import load_registry
from exresearch.report.key_figures import FOLDER
from exresearch.report.site import SUMMARIES
from exresearch.study.parameters import Also

STAGED = "report"
_OWNER = "run.json"
_PAGES = tuple(f"{name}.html" for name in SUMMARIES)

# Files that are passed on, by the name under which they are asked for.
EXPORTS: dict[Also, str] = {
    "spreadsheet": "findings.xlsx",
    "slides": "slides.pptx",
    "pdf": "report.pdf",
    "single_file": "report.html",
}


def new_staging(work: Path) -> Path:
    """Return an empty folder inside the working folder, in which a report can be built."""
    staging = work / STAGED
    if staging.exists():
        shutil.rmtree(staging)
    (staging / "findings").mkdir(parents=True)
    return staging


def keep_earlier(output: Path, staging: Path, *, pages: Collection[str], findings: Collection[str]) -> None:
    """Take over what an earlier run made, except the named pages and findings, which this run makes anew.

    Parameters
    ----------
    output, staging : pathlib.Path
        The earlier report, and the one being built.
    pages : collection of str
        File stems of notebooks.
    findings : collection of str
        Ids of hypotheses.
    """
    for path in sorted(output.glob("[0-9][0-9]_*.html")):
        if path.stem not in pages:
            shutil.copyfile(path, staging / path.name)
    for path in sorted((output / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        if path.stem not in pages:
            (staging / "notebooks").mkdir(exist_ok=True)
            shutil.copyfile(path, staging / "notebooks" / path.name)
    for path in sorted((output / "findings").glob("*.json")):
        if path.stem not in findings:
            shutil.copyfile(path, staging / "findings" / path.name)
    for path in sorted((output / FOLDER).glob("*.png")):
        if path.stem in load_registry().ids and path.stem not in findings:
            (staging / FOLDER).mkdir(exist_ok=True)
            shutil.copyfile(path, staging / FOLDER / path.name)


def publish(staging: Path, output: Path) -> None:
    """Put a finished report in place of an earlier one; files that are nobody's report are left alone.

    Parameters
    ----------
    staging : pathlib.Path
        A complete report, on the same file system.
    output : pathlib.Path
        Its folder; made when absent.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    (output / "findings").mkdir(parents=True, exist_ok=True)
    # The owner's mark first: whatever happens next, the folder is known as this client's.
    (staging / _OWNER).replace(output / _OWNER)
    for folder in ("notebooks", FOLDER):
        if (staging / folder).is_dir():
            (output / folder).mkdir(exist_ok=True)
    new = {path.relative_to(staging) for path in staging.rglob("*") if path.is_file()}
    old = [
        *output.glob("[0-9][0-9]_*.html"),
        *(output / name for name in _PAGES),
        *(output / name for name in EXPORTS.values()),
        *(output / "findings").glob("*.json"),
        # A picture of another name is somebody's own.
        *(output / FOLDER / f"{name}.png" for name in load_registry().ids),
        *(output / "notebooks").glob("[0-9][0-9]_*.ipynb"),
    ]
    for path in old:
        if path.relative_to(output) not in new:
            path.unlink(missing_ok=True)
    for name in sorted(new):
        (staging / name).replace(output / name)
    for folder in ("notebooks", FOLDER):
        if (output / folder).is_dir() and not any((output / folder).iterdir()):
            (output / folder).rmdir()
    shutil.rmtree(staging)
