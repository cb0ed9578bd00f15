"""What a report was made from: files, versions, settings and what became of each notebook."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from exresearch import __version__
from exresearch.run.execute import NotebookResult
from exresearch.run.followed import followed
from exresearch.run.origin import LOCK, package_versions, sha256, source_digest
from exresearch.run.plan import Plan
from exresearch.study import project_root

SCHEMA_VERSION = "1.1"


def provenance(
    plan: Plan, results: Sequence[NotebookResult], *, started: datetime, seconds: float
) -> dict[str, Any]:
    """Collect the provenance of a run.

    Parameters
    ----------
    plan : Plan
        What was run.
    results : sequence of NotebookResult
        What became of it.
    started : datetime.datetime
        When it began.
    seconds : float
        How long it took.

    Returns
    -------
    dict
        Ready for JSON. Holds file names, hashes, counts, versions, settings and times; no absolute path and no user's
        name.
    """
    study = plan.study
    by_name = {result.name: result for result in results}
    notebooks = []
    for job in plan.jobs:
        result = by_name[job.name]
        notebooks.append(
            {
                "name": job.name,
                "status": result.status,
                "failed_cell": result.failed_cell,
                "error": result.error,
                "seconds": round(result.seconds, 2),
                "warnings": result.warnings,
                # Executed in this run, or taken over from an earlier one of the same content.
                "reused": result.reused,
                "sha256": sha256(job.path),
                "hypotheses": list(job.hypotheses),
                "parameters": {
                    k: v for k, v in job.parameters.items() if k not in ("study_file", "output_dir")
                },
            }
        )
    codebook = study.files["codebook"][0]
    return {
        "schema_version": SCHEMA_VERSION,
        "client": study.settings.client,
        "title": study.settings.title.model_dump(mode="json"),
        "name": study.settings.name,
        "source": None if study.settings.source is None else study.settings.source.model_dump(mode="json"),
        "language": study.settings.language,
        "synthetic": study.settings.synthetic is not None,
        "started": started.astimezone(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 2),
        "exresearch": __version__,
        "source_sha256": source_digest(),
        "commit": _commit(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": package_versions(),
        "lock_sha256": sha256(project_root() / LOCK),
        "seed": study.settings.parameters.seed,
        "parameters": study.settings.parameters.model_dump(mode="json"),
        # Which of them the client set, in the study file or on the command line; the others are defaults.
        "parameters_set": sorted(study.settings.parameters.model_fields_set),
        "study_file": {"file": plan.study_file.name, "sha256": sha256(plan.study_file)},
        "weighting": study.settings.model_dump(mode="json")["weighting"],
        "quality": study.settings.quality.model_dump(mode="json"),
        "codebook": {"file": codebook.name, "sha256": sha256(codebook)},
        "inputs": [
            {
                "table": name,
                "file": path.name,
                "rows": len(frame),
                "sha256": sha256(path),
            }
            for name, frame in study.tables.items()
            for path in study.files[name]
        ],
        "logo": _logo(plan),
        "plan": followed(plan),
        "notebooks": notebooks,
    }


def _logo(plan: Plan) -> dict[str, str] | None:
    named = plan.study.settings.logo
    if not named:
        return None
    path = plan.study_file.parent / named
    return {"file": path.name, "sha256": sha256(path)}


def _commit() -> dict[str, Any] | None:
    root = project_root()
    try:
        head = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=True, timeout=10
        )
        status = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no"],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return {"id": head.stdout.strip(), "changed": bool(status.stdout.strip())}
