"""A report is built beside its folder and put in place at the end, so that an earlier one survives until then."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from exresearch.findings import load_registry
from exresearch.report.key_figures import FOLDER
from exresearch.report.site import SUMMARIES
from exresearch.run.durable import sync, write_durably
from exresearch.study.parameters import Also

STAGED = "report"
_OWNER, _FIRST = "run.json", "index.html"
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


def publish(staging: Path, output: Path) -> None:
    """Put a finished report in place of an earlier one; files that are nobody's report are left alone.

    A report whose publishing is interrupted has no first page and is marked as unfinished in ``run.json``.

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
    sync(*(path for path in staging.rglob("*") if path.is_file()))
    # The owner's mark first: whatever happens next, the folder is known as this client's, and as unfinished.
    client = json.loads((staging / _OWNER).read_text(encoding="utf-8"))["client"]
    write_durably(output / _OWNER, json.dumps({"client": client, "unfinished": True}).encode() + b"\n")
    (output / _FIRST).unlink(missing_ok=True)
    for folder in ("notebooks", FOLDER, "moments"):
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
        *(output / "moments").glob("drivers.json"),
    ]
    for path in old:
        if path.relative_to(output) not in new:
            path.unlink(missing_ok=True)
    late = [Path(_OWNER), Path(_FIRST)]
    for name in [*sorted(new - {*late}), *(name for name in late if name in new)]:
        if name in late:
            # Everything else is in its place, whatever happens now.
            sync(output, *(path for path in output.iterdir() if path.is_dir()))
        (staging / name).replace(output / name)
    sync(output)
    for folder in ("notebooks", FOLDER, "moments"):
        if (output / folder).is_dir() and not any((output / folder).iterdir()):
            (output / folder).rmdir()
    shutil.rmtree(staging)
