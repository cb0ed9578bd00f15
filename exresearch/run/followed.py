"""Whether a run followed the plan that was frozen for it, and every departure as a sentence in any language."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from exresearch.findings import load_registry
from exresearch.findings.note import Note, NoteValue
from exresearch.report.text import mark
from exresearch.run.frozen import fixed
from exresearch.run.origin import sha256
from exresearch.run.plan import Plan
from exresearch.run.plan_file import plan_digest, read_plan
from exresearch.study import StudyFile

_SETTING = mark("The setting {name} was {planned} in the plan and {used} in the run.")
_IN_NOTEBOOK = mark(
    "In the notebook {notebook} the setting {name} was {planned} in the plan and {used} in the run."
)
_PARTS = {
    "quality": mark(
        "The rules for careless sheets are others than in the plan: {name} was {planned} and is {used}."
    ),
    "weighting": mark("The weights are others than in the plan: {name} was {planned} and is {used}."),
}
_WAVES = mark("The waves are listed otherwise than in the plan.")
_LEFT_OUT = mark("The plan has the hypothesis “{title}”, which this report does not decide.")
_ADDED = mark("This report decides the hypothesis “{title}”, which is not in the plan.")
_SMALLEST = mark("For “{title}” too small to matter was {planned} in the plan and is {used} in the run.")
_RULE = mark("The rule that decides “{title}” is another than in the plan ({name}).")
_CODEBOOK = mark("The codebook is not the one of the plan.")
_CLIENT = mark("The plan is that of another study ({name}).")
_PACKAGE = mark("exresearch was version {planned} in the plan and is version {used} in the run.")
_SOURCE = mark(
    "The code of exresearch was changed after the plan was frozen, though its version is the same."
)
_LOCK = mark("The list of packages with which numbers are computed was changed after the plan was frozen.")
_NOTEBOOK = mark("The notebook {name} was changed after the plan was frozen.")
# Of an estimand, what decides; its words depend on the language.
_DECIDING = ("name", "components", "unit", "null", "direction")


def followed(plan: Plan) -> dict[str, Any] | None:
    """Compare a run with the plan that its study file names.

    Parameters
    ----------
    plan : Plan
        Of the run; its notebooks are those of the report.

    Returns
    -------
    dict or None
        Ready for JSON: ``file``, ``sha256``, ``digest``, ``fits`` (whether the digest does), ``frozen`` (ISO) and
        ``deviations``, each a note with message and values. None where the study names no plan.

    Raises
    ------
    StudyError
        If the plan cannot be read.
    """
    study = plan.study
    if not study.settings.plan:
        return None
    decided = {name for job in plan.jobs for name in job.hypotheses}
    file, codebook = plan.study_file.parent / study.settings.plan, study.files["codebook"][0]
    return set_beside(file, study.settings, codebook=codebook, decided=decided)


def set_beside(
    file: Path, settings: StudyFile, *, codebook: Path, decided: Collection[str] | None = None
) -> dict[str, Any]:
    """Compare settings and codebook with a frozen plan.

    Parameters
    ----------
    file : pathlib.Path
        The plan.
    settings : StudyFile
        The study's settings.
    codebook : pathlib.Path
        The file of the codebook.
    decided : collection of str, optional
        Hypotheses that are decided; what was asked for and not run, with ``--only``, is not in a report.

    Returns
    -------
    dict
        As :func:`followed`.

    Raises
    ------
    StudyError
        If the plan cannot be read.
    """
    frozen = read_plan(file)
    now = fixed(settings, codebook=codebook)
    now["client"] = settings.client
    if decided is not None:
        now["hypotheses"] = {name: what for name, what in now["hypotheses"].items() if name in decided}
    return {
        "file": file.name,
        "sha256": sha256(file),
        "digest": str(frozen.get("digest", "")),
        "fits": plan_digest(frozen) == frozen.get("digest"),
        "frozen": str(frozen["frozen"]),
        "deviations": [note.model_dump(mode="json") for note in deviations(frozen, now)],
    }


def deviations(frozen: Mapping[str, Any], now: Mapping[str, Any]) -> list[Note]:
    """Return every departure of a run from a plan.

    Parameters
    ----------
    frozen, now : mapping
        Of :func:`exresearch.run.frozen.read_plan` and :func:`exresearch.run.frozen.fixed`, with the client.

    Returns
    -------
    list of Note
    """
    return [*_hypotheses(frozen, now), *_settings(frozen, now), *_surroundings(frozen, now)]


def _hypotheses(frozen: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Note]:
    planned, used = frozen["hypotheses"], now["hypotheses"]
    for name in planned:
        if name not in used:
            yield Note(message=_LEFT_OUT, values={"title": _title(name, planned)})
    for name in used:
        if name not in planned:
            yield Note(message=_ADDED, values={"title": _title(name, used)})
    for name in planned:
        if name in used:
            yield from _decides(name, planned[name], used[name])


def _decides(name: str, planned: Mapping[str, Any], used: Mapping[str, Any]) -> Iterator[Note]:
    title = _title(name, {name: used})
    for key in ("family", "correction"):
        if planned.get(key) != used.get(key):
            yield Note(message=_RULE, values={"title": title, "name": key})
    before, after = _estimands(planned), _estimands(used)
    if before.keys() != after.keys():
        yield Note(message=_RULE, values={"title": title, "name": "estimands"})
    for key in before:
        if key not in after:
            continue
        one, other = before[key], after[key]
        if one.get("smallest_effect") != other.get("smallest_effect"):
            bounds = {"planned": _bounds(one), "used": _bounds(other)}
            yield Note(message=_SMALLEST, values={"title": title, **bounds})
        for part in _DECIDING:
            if one.get(part) != other.get(part):
                yield Note(message=_RULE, values={"title": title, "name": part})


def _settings(frozen: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Note]:
    said = set()
    for name, planned, used in _unlike(frozen["parameters"], now["parameters"]):
        said.add((name, planned, used))
        yield Note(message=_SETTING, values={"name": name, "planned": planned, "used": used})
    for notebook, what in now["notebooks"].items():
        before = frozen["notebooks"].get(notebook, {}).get("parameters", {})
        for name, planned, used in _unlike(before, what["parameters"], both=True):
            if (name, planned, used) not in said:
                values = {"notebook": notebook, "name": name, "planned": planned, "used": used}
                yield Note(message=_IN_NOTEBOOK, values=values)
    for part, message in _PARTS.items():
        for name, planned, used in _unlike(frozen.get(part) or {}, now[part]):
            yield Note(message=message, values={"name": name, "planned": planned, "used": used})
    if (frozen.get("waves") or []) != now["waves"]:
        yield Note(message=_WAVES)


def _surroundings(frozen: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Note]:
    if frozen["client"] != now["client"]:
        yield Note(message=_CLIENT, values={"name": str(frozen["client"])})
    if frozen["codebook"].get("sha256") != now["codebook"]["sha256"]:
        yield Note(message=_CODEBOOK)
    if frozen["exresearch"] != now["exresearch"]:
        planned, used = str(frozen["exresearch"]), str(now["exresearch"])
        yield Note(message=_PACKAGE, values={"planned": planned, "used": used})
    elif frozen["source_sha256"] != now["source_sha256"]:
        yield Note(message=_SOURCE)
    if frozen.get("lock_sha256") != now["lock_sha256"]:
        yield Note(message=_LOCK)
    for name, what in now["notebooks"].items():
        before = frozen["notebooks"].get(name)
        if before is not None and before.get("sha256") != what["sha256"]:
            yield Note(message=_NOTEBOOK, values={"name": name})


def _unlike(
    planned: Mapping[str, Any], used: Mapping[str, Any], *, both: bool = False
) -> Iterator[tuple[str, str, str]]:
    names = planned.keys() & used.keys() if both else {*planned, *used}
    for name in sorted(names):
        one, other = planned.get(name), used.get(name)
        if one != other or isinstance(one, bool) != isinstance(other, bool):
            yield str(name), _shown(one), _shown(other)


def _shown(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _estimands(hypothesis: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {
        f"{one.get('name')} {' '.join(one.get('components', []))}": one
        for one in hypothesis.get("estimands", [])
    }


def _bounds(estimand: Mapping[str, Any]) -> str:
    effect = estimand.get("smallest_effect") or {}
    return f"{effect.get('low')} … {effect.get('high')}"


def _title(name: str, where: Mapping[str, Any]) -> NoteValue:
    if name in load_registry():
        return load_registry()[name].title.texts
    title = where[name].get("title")
    known = isinstance(title, dict) and all(isinstance(text, str) for text in title.values())
    return dict(title) if known and title else name
