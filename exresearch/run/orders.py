"""What a command asks for, about one client: enough to carry it out in any process."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exresearch.run.limits import Limits
from exresearch.run.suite import report_folder, working_folder
from exresearch.run.unchanged import Published, forget_published, published, remember_published
from exresearch.study.paths import resolve_path
from exresearch.study.problems import Problem, StudyError
from exresearch.study.yaml_file import read_yaml

if TYPE_CHECKING:
    from exresearch.run.finish import RunResult
    from exresearch.run.plan import Plan
    from exresearch.study import OnProgress
    from exresearch.study.parameters import Also

# How the work is done, not what comes of it.
_NOT_ASKED = ("cold", "force", "limits", "overwrite")


@dataclass(frozen=True, slots=True)
class Order:
    """One client to be run.

    Attributes
    ----------
    study_file : pathlib.Path
        The study file.
    output : pathlib.Path, optional
        Folder of the report.
    only : tuple of str
        Notebooks to run; all where empty.
    overrides : dict
        Keys of the study file, from the command line.
    overwrite : bool
        Write into a folder that holds something else.
    also : tuple of str
        Files that are passed on.
    keep_notebooks : bool
        Deliver the executed notebooks.
    cold : bool
        Start Python for every kernel.
    force : bool
        Execute what has not changed.
    limits : Limits
        What a notebook may take.
    """

    study_file: Path
    output: Path | None = None
    only: tuple[str, ...] = ()
    overrides: dict[str, Any] = field(default_factory=dict)
    overwrite: bool = False
    also: tuple[Also, ...] = ()
    keep_notebooks: bool = False
    cold: bool = False
    force: bool = False
    limits: Limits = field(default_factory=Limits)

    @property
    def asked(self) -> dict[str, Any]:
        """What decides what the report holds."""
        asked = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in _NOT_ASKED}
        # However it is spelt, a place is the same.
        return asked | {"study_file": resolve_path(self.study_file), "output": place_of(self)}


def unchanged(order: Order) -> tuple[Path, Published] | None:
    """Return the report of an order, if carrying it out would change nothing in it; None otherwise.

    Nothing is read but the study file's name of the client: whether data, settings, notebooks, the package and the
    report itself are as they were is told from their hashes.
    """
    output = None if order.force else place_of(order)
    if output is None:
        return None
    found = published(working_folder(output), output, asked=order.asked)
    return None if found is None else (output / "index.html", found)


def place_of(order: Order) -> Path | None:
    """Return the folder of an order's report; None where the study file does not even say which client it is."""
    file = resolve_path(order.study_file)
    try:
        # As safely as later: what grows without end would keep the command busy before it is refused.
        named = read_yaml(file).get("client")
    except StudyError:
        return None
    client = order.overrides.get("client", named)
    # A name that is a path would lead to somebody else's report.
    if not isinstance(client, str) or not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", client):
        return None
    return report_folder(order.output, client=client)


def studies_in(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Find the study files that are meant by files, folders and patterns.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        A folder means the study files in it.

    Returns
    -------
    tuple of list of Path and list of Path
        Study files, each once, and files that are codebooks or other YAML: those stand beside study files, so that a
        pattern brings them along. A file that is named alone is taken for a study whatever it holds, so that what is
        wrong with it is said.

    Raises
    ------
    StudyError
        If there is no study file.
    """
    if len(paths) == 1 and not resolve_path(paths[0]).is_dir() and not glob.has_magic(str(paths[0])):
        return list(paths), []
    found: list[Path] = []
    for path in paths:
        place = resolve_path(path)
        if place.is_dir():
            found += sorted([*place.glob("*.yaml"), *place.glob("*.yml")])
        elif glob.has_magic(str(path)) and not place.exists():
            found += [Path(name) for name in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207 - the pattern may be absolute
        else:
            found.append(path)
    unique = list({resolve_path(path): path for path in found}.values())
    studies = [path for path in unique if _is_study(resolve_path(path))]
    if not studies:
        remedy = "Name a file such as params/demo.yaml, or a folder with study files."
        raise StudyError([Problem(paths[0].name, "", "no study file is there.", remedy)])
    return studies, [path for path in unique if path not in studies]


def _is_study(file: Path) -> bool:
    """Tell a study from a codebook; what cannot be read counts as a study, so that somebody is told."""
    try:
        return "tables" in read_yaml(file)
    except StudyError:
        return True


def placed(orders: Sequence[Order]) -> list[Order]:
    """Give every client a folder of its own, below the one that is named.

    Parameters
    ----------
    orders : sequence of Order
        Of several clients with the same ``output``; of one alone it is the report's own folder.

    Returns
    -------
    list of Order

    Raises
    ------
    StudyError
        If two studies would write into the same one.
    """
    if len(orders) == 1:
        return list(orders)
    with_places: list[Order] = []
    taken: dict[Path, Path] = {}
    problems = []
    for order in orders:
        client = place_of(replace(order, output=None))
        if order.output is not None and client is not None:
            order = replace(order, output=order.output / client.name)
        place = place_of(order)
        if place is not None and place in taken:
            message = f"it would write into the same folder as {taken[place].name}."
            remedy = "Give each study a client of its own, or run them one after another with --output."
            problems.append(Problem(order.study_file.name, "client", message, remedy))
        elif place is not None:
            taken[place] = order.study_file
        with_places.append(order)
    if problems:
        raise StudyError(problems)
    return with_places


def plan_order(order: Order, *, on_progress: OnProgress | None = None) -> Plan:
    """Check everything that an order needs, as :func:`exresearch.run.plan.plan_run`.

    Raises
    ------
    StudyError
        With every problem at once.
    """
    from exresearch.run.plan import plan_run

    return plan_run(
        order.study_file,
        output=order.output,
        only=order.only,
        overrides=order.overrides,
        overwrite=order.overwrite,
        also=order.also,
        on_progress=on_progress,
    )


def note(order: Order, plan: Plan, result: RunResult) -> None:
    """Note what a published report was made from, so that the same order need not be carried out again.

    A report in which a notebook failed, or from which a file was left out, is made again.
    """
    forget_published(plan.work)
    if result.failed or result.left_out:
        return
    inputs = [plan.study_file, *(path for paths in plan.study.files.values() for path in paths)]
    if plan.study.settings.logo:
        inputs.append(plan.study_file.parent / plan.study.settings.logo)
    if plan.study.settings.plan:
        inputs.append(plan.study_file.parent / plan.study.settings.plan)
    remember_published(
        plan.work,
        plan.output,
        asked=order.asked,
        inputs=inputs,
        notebooks=len(result.notebooks),
        seconds=result.seconds,
    )
