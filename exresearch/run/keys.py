"""Whether a notebook has to run again: its result is known by the content of everything that it was made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exresearch.run.origin import sha256, surroundings
from exresearch.run.plan import LAST, NotebookJob, Plan

# Keys of a study file that pages show and notebooks never see; the codebook, tables and parameters count by content.
_NOT_READ = {"logo", "also", "codebook", "tables", "parameters", "draft", "language", "plan"}
_PLACES = ("study_file", "output_dir")
#: How many differences a reason names.
_MOST = 3


@dataclass(frozen=True, slots=True)
class Key:
    """What a result was made from.

    Attributes
    ----------
    parts : dict of str to str
        Name to hash, version or value.
    """

    parts: dict[str, str]

    @property
    def digest(self) -> str:
        """One hash of all parts."""
        return hashlib.sha256(json.dumps(self.parts, sort_keys=True).encode()).hexdigest()


class Keys:
    """The keys of a plan's notebooks; files are hashed once.

    Parameters
    ----------
    plan : Plan
        A checked run.
    """

    def __init__(self, plan: Plan) -> None:
        study = plan.study
        self._all = surroundings()
        dumped = study.settings.model_dump(mode="json")
        self._all |= {f"study.{name}": _text(v) for name, v in dumped.items() if name not in _NOT_READ}
        self._all["codebook"] = sha256(study.files["codebook"][0])
        for name, sources in dumped["tables"].items():
            for source, path in zip(sources, study.files[name], strict=True):
                about = {key: value for key, value in source.items() if key != "file"}
                self._all[f"data.{name}.{path.name}"] = f"{sha256(path)} {_text(about)}"

    def of(self, job: NotebookJob, *, before: Mapping[str, str] | None = None) -> Key:
        """Return the key of a notebook.

        Parameters
        ----------
        job : NotebookJob
            With its parameters.
        before : mapping of str to str, optional
            For the summary, which is made of the other notebooks' findings: the digest of each one's key, or
            ``failed``.

        Returns
        -------
        Key
        """
        parts = dict(self._all)
        parts["notebook"] = sha256(job.path)
        parts |= {f"parameter.{name}": _text(v) for name, v in job.parameters.items() if name not in _PLACES}
        if job.name == LAST:
            parts |= {f"before.{name}": digest for name, digest in (before or {}).items()}
        return Key(parts)


def reason(then: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Say what changed between two keys.

    Parameters
    ----------
    then, now : mapping of str to str
        Parts of a key.

    Returns
    -------
    str
        Such as ``n_boot was 2000 and is 500; employees.csv has changed``; empty where nothing did.

    Examples
    --------
    >>> reason({"parameter.n_boot": "2000", "notebook": "a"}, {"parameter.n_boot": "500", "notebook": "a"})
    'n_boot was 2000 and is 500'
    """
    changed = [name for name in sorted({*then, *now}) if then.get(name) != now.get(name)]
    said = list(dict.fromkeys(_change(name, then.get(name), now.get(name)) for name in changed))
    more = len(said) - _MOST
    return "; ".join([*said[:_MOST], *([f"and {more} more"] if more > 0 else [])])


def _change(name: str, then: str | None, now: str | None) -> str:
    kind, _, rest = name.partition(".")
    if kind == "parameter" and then is not None and now is not None:
        return f"{rest} was {then} and is {now}"
    if kind == "version":
        return f"{rest} was {then or 'not there'} and is {now or 'not there'}"
    if kind == "python":
        return f"Python was {then} and is {now}"
    if kind == "data":
        table, _, file = rest.partition(".")
        change = "is new" if then is None else "is gone" if now is None else "has changed"
        return f"{file} ({table}) {change}"
    if kind == "before":
        return "findings of other notebooks may change"
    words = {
        "package": "the package has changed",
        "lock": "the lock file has changed",
        "notebook": "the notebook has changed",
        "codebook": "the codebook has changed",
        "languages": "the added languages have changed",
        "study": f"'{rest}' of the study file has changed",
        "parameter": f"{rest} is {'new' if then is None else 'gone'}",
    }
    return words[kind]


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


__all__ = ["Key", "Keys", "reason"]
