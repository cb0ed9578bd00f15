"""A finished report that names people, their words or this computer is not published."""

from __future__ import annotations

import getpass
import json
import platform
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from exresearch.disclosure import Known, Leak, Secrets, scan_files, scan_text, secrets_of
from exresearch.report.site import render_page
from exresearch.run.execute import NotebookResult
from exresearch.run.plan import Plan, available_notebooks
from exresearch.run.render import site_of
from exresearch.run.staging import STAGED
from exresearch.study import project_root

# Names of users and computers that say nothing about whose they are.
_ANYBODY = frozenset(
    {
        "admin",
        "administrator",
        "codespace",
        "debian",
        "docker",
        "guest",
        "home",
        "jovyan",
        "local",
        "localhost",
    }
    | {"owner", "root", "runner", "student", "test", "ubuntu", "user", "users", "vscode"}
)
_KINDS = {
    "person": "the key of a person",
    "unit": "the name of a unit",
    "comment": "what somebody wrote, word for word",
    "contact": "an e-mail address or telephone number",
    "row": "values of one row of a table, side by side",
    "user": "the name of a user or a computer",
    "path": "the path of a file on this computer",
}
_MOST = 20


class LeakError(RuntimeError):
    """A report that was made and not published, for it holds what must not leave the computer.

    Parameters
    ----------
    leaks : sequence of Leak
        At least one; each says where, and never what.
    folder : str
        Where the report that was not published lies, beside the folder of the report.
    """

    def __init__(self, leaks: Sequence[Leak], *, folder: str) -> None:
        self.leaks = tuple(leaks)
        places = "1 place holds" if len(leaks) == 1 else f"{len(leaks)} places hold"
        lines = [f"Nothing was published: {places} what must not leave this computer."]
        lines += [f"- {leak.file}, {leak.place}: {_KINDS[leak.kind]}" for leak in leaks[:_MOST]]
        lines += [f"- and {len(leaks) - _MOST} more"] if len(leaks) > _MOST else []
        lines.append(
            f"An earlier report is as it was. What was made lies in {folder}: look there, and do not pass it on. If a "
            "title, label or category says it, change that in the study file or the codebook; give names and remarks "
            "the role text or ignore."
        )
        if any(leak.kind == "unit" for leak in leaks):
            lines.append(
                "If units may be named in this report, write 'show_unit_names: true' in the study file."
            )
        super().__init__("\n".join(lines))


def secrets_for(plan: Plan) -> Secrets:
    """Collect what must not leave the computer; of a large study it takes seconds, and needs no finished page."""
    study = plan.study
    places = (Path.home(), project_root(), plan.study_file.parent, plan.output.parent, plan.work)
    return secrets_of(
        study,
        own_texts=own_texts(),
        names=_names(),
        folders={str(path) for path in places},
        units_may_be_named=study.settings.show_unit_names,
    )


class LeakSearch:
    """Searches executed notebooks and their pages one after the other while others still run, in a thread of its own.

    What stands in the finished pages as it stood here is known again. A process that ends does not wait for it: nobody
    asks any more.

    Parameters
    ----------
    plan : Plan
        What is run. What must not leave the computer is collected first.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._waiting: SimpleQueue[NotebookResult | None] = SimpleQueue()
        self._secrets: Secrets | None = None
        self._known: Known = {}
        self._found: dict[Path, list[Leak]] = {}
        self._thread = Thread(target=self._work, daemon=True)
        self._thread.start()

    def add(self, result: NotebookResult) -> None:
        """Have an executed notebook searched, which nothing changes any more."""
        if result.executed is not None:
            self._waiting.put(result)

    def stop(self) -> None:
        """Search no further than what has been added; nobody will ask."""
        self._waiting.put(None)

    def leaks(self, staging: Path, executed: Sequence[Path]) -> list[Leak]:
        """Return what a report and its executed notebooks hold; what has been searched is not searched again."""
        self.stop()
        self._thread.join()
        # Once more where it failed, for whoever waits to be told why.
        sought = self._secrets if self._secrets is not None else secrets_for(self._plan)
        found = scan_files(staging, sought, known=self._known)
        for path in executed:
            leaks = self._found.get(path)
            found += scan_files([path], sought, known=self._known) if leaks is None else leaks
        return found

    def _work(self) -> None:
        self._secrets = secrets_for(self._plan)
        whole = replace(self._plan, jobs=(*self._plan.jobs, *self._plan.others))
        site = site_of(whole, self._plan.work / STAGED)
        for result in iter(self._waiting.get, None):
            if result.executed is not None:
                path = result.executed
                self._found[path] = scan_files([path], self._secrets, known=self._known)
            if result.body is not None:
                # A page that comes out otherwise in the end is searched then.
                page = render_page(result.body, name=result.name, site=site)
                scan_text(page, self._secrets, name=f"{result.name}.html", known=self._known)


def check_leaks(
    plan: Plan, staging: Path, executed: Sequence[Path], *, search: LeakSearch | None = None
) -> None:
    """Refuse to publish a report that holds anything confidential.

    Parameters
    ----------
    plan : Plan
        What was run.
    staging : pathlib.Path
        The report, complete and not yet published.
    executed : sequence of pathlib.Path
        The executed notebooks in the working folder.
    search : LeakSearch, optional
        Where one was begun before.

    Raises
    ------
    LeakError
        With every place.
    """
    leaks = (search or LeakSearch(plan)).leaks(staging, executed)
    if leaks:
        raise LeakError(leaks, folder=f"{plan.work.parent.name}/{plan.work.name}")


def own_texts() -> Iterator[str]:
    """Give what the suite says whoever the client is: its notebooks, messages, claims and looks."""
    for path in available_notebooks():
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        yield from ("".join(cell["source"]) for cell in cells)
    package = Path(str(files("exresearch")))
    for ending in ("po", "yaml", "css", "js", "j2"):
        for path in sorted(package.rglob(f"*.{ending}")):
            yield path.read_text(encoding="utf-8")


def _names() -> set[str]:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = ""
    return {name for name in (user, platform.node()) if name.casefold() not in _ANYBODY}
