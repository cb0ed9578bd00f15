"""Results of notebooks that ran to their end, kept in the working folder until what they were made from changes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from exresearch.report.key_figures import FOLDER as FIGURES
from exresearch.report.notebook import NotebookBody, body_from
from exresearch.run.durable import move_folder, remove
from exresearch.run.keys import Key
from exresearch.run.origin import sha256
from exresearch.run.plan import NotebookJob

RESULTS = "results"
_RECORD, _NOTEBOOK, _BODY = "result.json", "notebook.ipynb", "body.json"
_FINDINGS = "findings"


@dataclass(frozen=True, slots=True)
class Kept:
    """A result that is kept.

    Attributes
    ----------
    name : str
        The notebook.
    folder : pathlib.Path
        Where it lies.
    seconds : float
        How long it took.
    parts : dict of str to str
        Of its key.
    warnings : dict of str to int
        How often a kind of warning was given.
    """

    name: str
    folder: Path
    seconds: float
    parts: dict[str, str]
    warnings: dict[str, int]

    @property
    def executed(self) -> Path:
        """The executed notebook."""
        return self.folder / _NOTEBOOK

    @property
    def body(self) -> NotebookBody:
        """The inside of its page."""
        return body_from(json.loads((self.folder / _BODY).read_text(encoding="utf-8")))


class Results:
    """The results in a working folder.

    Parameters
    ----------
    work : pathlib.Path
        The working folder.
    """

    def __init__(self, work: Path) -> None:
        self._folder = work / RESULTS

    def keep(
        self,
        job: NotebookJob,
        key: Key,
        *,
        executed: Path,
        staging: Path,
        seconds: float,
        warnings: Mapping[str, int],
        body: NotebookBody,
    ) -> Kept:
        """Keep what a notebook made: the executed notebook, its findings and key figures.

        Parameters
        ----------
        job : NotebookJob
            The notebook.
        key : Key
            What it was made from.
        executed : pathlib.Path
            The executed notebook; moved.
        staging : pathlib.Path
            The report being built, with the findings and figures; copied.
        seconds : float
            How long it took.
        warnings : mapping of str to int
            How often a kind of warning was given.
        body : NotebookBody
            The inside of its page.

        Returns
        -------
        Kept

        Raises
        ------
        OSError
            If it cannot be written; then nothing is kept.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        place, made = self._folder / job.name, self._folder / f".{job.name}.part"
        remove([made])
        made.mkdir()
        try:
            shutil.copyfile(executed, made / _NOTEBOOK)
            (made / _BODY).write_text(json.dumps(asdict(body), ensure_ascii=False), encoding="utf-8")
            for relative in _made(job):
                if (staging / relative).is_file():
                    (made / relative).parent.mkdir(exist_ok=True)
                    shutil.copyfile(staging / relative, made / relative)
            record = {
                "name": job.name,
                "digest": key.digest,
                "parts": key.parts,
                "seconds": seconds,
                "warnings": dict(warnings),
                "files": {p.relative_to(made).as_posix(): sha256(p) for p in _files(made)},
            }
            (made / _RECORD).write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
            move_folder(made, place)
        except OSError:
            remove([made])
            raise
        executed.unlink()
        return Kept(job.name, place, seconds, key.parts, dict(warnings))

    def found(self, job: NotebookJob) -> Kept | None:
        """Return what is kept of a notebook, whatever it was made from; None where it is not whole."""
        folder = self._folder / job.name
        try:
            record: dict[str, Any] = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
            whole = all(sha256(folder / name) == digest for name, digest in record["files"].items())
            if (
                not whole
                or Key(record["parts"]).digest != record["digest"]
                or not {
                    _NOTEBOOK,
                    _BODY,
                }
                <= {*record["files"]}
            ):
                return None
            return Kept(job.name, folder, float(record["seconds"]), record["parts"], record["warnings"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def fresh(self, job: NotebookJob, key: Key) -> Kept | None:
        """Return what is kept of a notebook if it was made from the same; None otherwise."""
        kept = self.found(job)
        return kept if kept is not None and kept.parts == key.parts else None

    def restore(self, job: NotebookJob, kept: Kept, *, staging: Path) -> None:
        """Put the findings and key figures of a kept result into a report that is being built."""
        for relative in _made(job):
            if (kept.folder / relative).is_file():
                (staging / relative).parent.mkdir(exist_ok=True)
                shutil.copyfile(kept.folder / relative, staging / relative)

    def drop(self, job: NotebookJob) -> None:
        """Forget what is kept of a notebook."""
        remove([self._folder / job.name])


def _made(job: NotebookJob) -> list[str]:
    """Return what a notebook writes into the report, below its folder."""
    findings = [f"{_FINDINGS}/{name}.json" for name in job.hypotheses]
    return [*findings, *(f"{FIGURES}/{name}.png" for name in job.hypotheses)]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
