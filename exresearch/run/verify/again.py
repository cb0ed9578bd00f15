"""Every finding computed again from the data, in a folder that is thrown away, and set beside the one delivered."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from exresearch.run.door import DisclosureError
from exresearch.run.execute import NotebookResult
from exresearch.run.leaks import LeakError
from exresearch.run.plan import Plan, available_notebooks, plan_run
from exresearch.run.provenance import provenance
from exresearch.run.runner import run_plan
from exresearch.run.verify.outcome import Check, Difference, plain
from exresearch.run.verify.words import main_of, unlike, words_of
from exresearch.study import StudyError, resolve_path

OnStep = Callable[[str], None]
_FINDINGS, _MOMENTS, _AGAINST = "findings", "moments", "the data, computed again,"
# Where the report was written, which a folder that was moved or renamed does not tell.
_PLACE = re.compile(r"<tr\b[^>]*><th[^>]*><code>output_dir</code></th>.*?</tr>", re.DOTALL)
_PICTURE = re.compile(r'\ssrc="(data:image/[^"]*)"')
# What has to be the same for the same numbers to come out, by the key of the record.
_ALIKE = {
    "inputs": "the data",
    "codebook": "the codebook",
    "weighting": "the weights",
    "quality": "the rules for careless sheets",
}


def check_again(
    folder: Path,
    record: Mapping[str, Any],
    *,
    study: str | Path | None,
    tolerance: float,
    jobs: int | None,
    on_step: OnStep,
) -> Check:
    """Run the study once more and compare what comes out.

    Parameters
    ----------
    folder : pathlib.Path
        The report.
    record : mapping
        Of its ``run.json``.
    study : str or pathlib.Path or None
        The study file; without one, that of the working folder beside the report.
    tolerance : float
        Numbers of findings may differ by this share of the larger one.
    jobs : int or None
        Notebooks at a time.
    on_step : callable
        Told what is being done.

    Returns
    -------
    Check
        Every field of every finding with both values and their difference, and every word and picture on the pages of
        notebooks. Where the data are not at hand, or are not those of the report, it says which and compares nothing.
    """
    file = resolve_path(study) if study is not None else folder.parent / ".work" / folder.name / "study.yaml"
    if not file.is_file():
        where = (
            "no study file was named, and none was left beside the report" if study is None else "not there"
        )
        return _nothing(f"Nothing was computed again: {file.name}: {where}. Name it with --study.")
    wanted = [path.stem for path in available_notebooks() if (folder / f"{path.stem}.html").is_file()]
    with tempfile.TemporaryDirectory(prefix="exresearch-verify-") as place:
        on_step("reading the data")
        try:
            plan = plan_run(file, output=Path(place) / folder.name, only=wanted, overrides=_settings(record))
        except StudyError as error:
            return _nothing(f"Nothing was computed again, for the study cannot be run: {error}")
        reasons = _unlike_inputs(plan, record)
        if reasons:
            return _nothing("Nothing was computed again, for the same would not come out.", *reasons)
        names = {job.name for job in plan.jobs}

        def tell(name: str, state: str) -> None:
            if state == "started" and name in names:
                on_step(f"computing again: {name}")

        try:
            # Executing notebooks side by side may leave this process in a folder that is about to go.
            with contextlib.chdir(Path.cwd()):
                result = run_plan(plan, jobs=jobs, on_progress=tell)
        except (DisclosureError, LeakError) as error:
            return _nothing(f"It was computed again and not published: {str(error).splitlines()[0]}")
        failed = set(result.failed)
        return compare(folder, plan.output, record, names - failed, failed=failed, tolerance=tolerance)


def _nothing(*reasons: str) -> Check:
    return Check("recomputed", 0, (), reasons)


def _settings(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the client set, wherever it was set: some of it may have come from the command line."""
    return {name: record["parameters"][name] for name in record["parameters_set"]} | {
        "language": record["language"]
    }


def _unlike_inputs(plan: Plan, record: Mapping[str, Any]) -> list[str]:
    """Say what is not as it was when the report was made."""
    pretended = [NotebookResult(job.name, "ok", 0.0, None) for job in plan.jobs]
    now = provenance(plan, pretended, started=datetime.now(UTC), seconds=0.0)
    said = []
    for key, label in _ALIKE.items():
        if key == "inputs":
            said += _unlike_tables(record[key], now[key])
        elif _content(record[key]) != _content(now[key]):
            said.append(f"Other than when the report was made: {label}.")
    if record["client"] != now["client"]:
        said.append(f"The report is that of {record['client']!r}, the study that of {now['client']!r}.")
    given = {one["name"]: one["parameters"] for one in now["notebooks"]}
    for one in record["notebooks"]:
        for name, value in one["parameters"].items():
            current = given.get(one["name"], {}).get(name, value)
            if current != value:
                said.append(f"{one['name']}: {name} was {value!r}, and is {current!r}.")
    return said


def _content(value: Any) -> Any:
    # A codebook under another name is the same codebook.
    return value["sha256"] if isinstance(value, dict) and "sha256" in value else value


def _unlike_tables(before: list[dict[str, Any]], now: list[dict[str, Any]]) -> list[str]:
    hashes = [{(one["table"], one["sha256"]): one["file"] for one in files} for files in (before, now)]
    said = [
        f"Table {table}: {file} is not the file that the report was made from."
        for (table, sha), file in hashes[1].items()
        if (table, sha) not in hashes[0]
    ]
    tables = {one["table"] for one in now}
    said += [
        f"Table {table}: {file} of the report is not in this study."
        for (table, _), file in hashes[0].items()
        if table not in tables
    ]
    return said


def compare(
    folder: Path,
    again: Path,
    record: Mapping[str, Any],
    names: set[str],
    *,
    failed: set[str],
    tolerance: float,
) -> Check:
    """Compare a report with the same made again.

    Parameters
    ----------
    folder, again : pathlib.Path
        The report, and what the data gave today.
    record : mapping
        Of the report's ``run.json``.
    names, failed : set of str
        Notebooks that ran to their end today, and that did not.
    tolerance : float
        As :func:`check_again`.

    Returns
    -------
    Check
    """
    found: list[Difference] = []
    compared = 0
    left_out = [f"{name} did not run to its end this time; it was not compared." for name in sorted(failed)]
    before = {str(one["name"]) for one in record["notebooks"] if one["status"] != "ok"}
    # What is contributed to comparisons of clients is computed from the data as findings are.
    for path in [*sorted((again / _FINDINGS).glob("*.json")), *sorted((again / _MOMENTS).glob("*.json"))]:
        name = f"{path.parent.name}/{path.name}"
        compared += 1
        expected = json.loads(path.read_bytes())
        try:
            delivered = json.loads((folder / name).read_bytes())
        except (OSError, ValueError):
            found.append(plain(name, "is missing or no JSON; the data give this file."))
            continue
        found += fields(expected, delivered, file=name, tolerance=tolerance)
    now = json.loads((again / "run.json").read_bytes())
    alike = all(record.get(key) == now.get(key) for key in ("packages", "system", "source_sha256"))
    if not alike:
        left_out.append(
            "Pictures were not compared, for they are drawn a little otherwise by other versions and on other systems."
        )
    for name in sorted(names - before):
        compared += 1
        pages = [
            (where / f"{name}.html").read_bytes().decode("utf-8", "replace") for where in (again, folder)
        ]
        mains = [_PLACE.sub("", main_of(page)) for page in pages]
        found += unlike(*map(words_of, mains), file=f"{name}.html", place="", against=_AGAINST)
        if alike:
            found += _pictures(*mains, file=f"{name}.html")
    if alike:
        for path in sorted((again / "figures").glob("*.png")):
            compared += 1
            drawn = folder / "figures" / path.name
            if not drawn.is_file() or drawn.read_bytes() != path.read_bytes():
                found.append(plain(f"figures/{path.name}", f"is another picture than {_AGAINST} give."))
    return Check("recomputed", compared, tuple(found), tuple(left_out))


def fields(expected: Any, found: Any, *, file: str, tolerance: float = 0.0) -> Iterator[Difference]:
    """Compare two findings field by field, numbers with how much they differ.

    Parameters
    ----------
    expected, found : object
        What was computed again, and what was delivered, as JSON gives them.
    file : str
        File of the report.
    tolerance : float
        Share of the larger number by which two may differ.

    Yields
    ------
    Difference

    Examples
    --------
    >>> [one.sentence for one in fields({"n": 3}, {"n": 4}, file="a.json")]
    ['a.json, n: is 4; computed again it is 3 (a difference of 1).']
    """
    yield from _fields(expected, found, place="", file=file, tolerance=tolerance)


def _fields(expected: Any, found: Any, *, place: str, file: str, tolerance: float) -> Iterator[Difference]:
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in {**expected, **found}:
            inner = f"{place}.{key}" if place else str(key)
            pair = (expected.get(key), found.get(key))
            yield from _fields(*pair, place=inner, file=file, tolerance=tolerance)
        return
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for number, pair in enumerate(zip(expected, found, strict=True), start=1):
            yield from _fields(*pair, place=f"{place}[{number}]", file=file, tolerance=tolerance)
        return
    if expected == found and isinstance(expected, bool) == isinstance(found, bool):
        return
    if _number(expected) and _number(found):
        by = found - expected
        if abs(by) <= tolerance * max(abs(expected), abs(found)):
            return
        sentence = (
            f"{file}, {place}: is {found!r}; computed again it is {expected!r} (a difference of {by:.3g})."
        )
        yield Difference(file, place, repr(expected), repr(found), sentence, by=float(by))
        return
    sentence = f"{file}, {place}: is {_brief(found)}; computed again it is {_brief(expected)}."
    yield Difference(file, place, _brief(expected), _brief(found), sentence)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _brief(value: Any) -> str:
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:120]}…"


def _pictures(expected: str, found: str, *, file: str) -> Iterator[Difference]:
    drawn = [
        [hashlib.sha256(one.encode()).digest() for one in _PICTURE.findall(page)]
        for page in (expected, found)
    ]
    if len(drawn[0]) != len(drawn[1]):
        yield plain(file, f"has {len(drawn[1])} pictures; {_AGAINST} give {len(drawn[0])}.")
        return
    for number, (one, two) in enumerate(zip(*drawn, strict=True), start=1):
        if one != two:
            yield plain(file, f"is another picture than {_AGAINST} give.", place=f"picture {number}")
