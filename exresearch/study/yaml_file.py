"""A YAML file read safely, whatever it holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from exresearch.study.problems import Problem, StudyError

# libyaml where PyYAML has it: ten times as fast.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST, _MOST, _MOST_EVENTS, _MOST_MERGED = 40, 1_000_000, 300_000, 100_000
# A codebook of ten thousand columns is smaller.
_LARGEST = 8_000_000
# More digits than any identifier has; Python itself refuses to write out a number of thousands.
_WIDEST = 200


class _Loader(_Base):  # type: ignore[misc]
    """A safe loader that refuses a repeated key instead of keeping the last one, and merges that grow on and on."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._merged = 0
        self._looked_at: set[int] = set()

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Write out the merges ('<<') of a mapping, after its own keys were held against each other."""
        if id(node) in self._looked_at:
            return
        self._looked_at.add(id(node))
        self._no_key_twice(node)
        merges = any(key.tag == "tag:yaml.org,2002:merge" for key, _ in node.value)
        super().flatten_mapping(node)
        if merges:
            # Each merge may repeat all that the one before it repeated.
            self._merged += len(node.value)
            if self._merged > _MOST_MERGED:
                message = f"the merges ('<<') up to here come to more than {_MOST_MERGED} keys"
                raise yaml.constructor.ConstructorError(None, None, message, node.start_mark)

    def _no_key_twice(self, node: yaml.MappingNode) -> None:
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = str(key_node.value)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands here twice", key_node.start_mark
                )
            seen.add(key)


def shipped_yaml(text: str) -> Any:
    """Read YAML that ships with the package: safely, and by libyaml, which every notebook would wait for otherwise."""
    return yaml.load(text, Loader=_Base)  # noqa: S506 - _Base is a SafeLoader


def read_yaml(path: Path, *, example: str = "params/demo.yaml") -> dict[Any, Any]:
    """Read a YAML file that holds a mapping.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    example : str
        A file that shows how it is done.

    Returns
    -------
    dict
        The mapping.

    Raises
    ------
    StudyError
        If the file is missing, a folder, unreadable, empty, not UTF-8, not YAML, repeats a key, refers to itself,
        grows beyond all bounds when its anchors are written out, or holds no mapping.
    """
    see = f"See {example} for an example."
    try:
        content = read_bytes(path, limit=_LARGEST + 1)
        if len(content) > _LARGEST:
            message = f"the file is larger than {_LARGEST // 1_000_000} MB, and is no study file or codebook."
            raise refused(path, message, see)
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise refused(path, "the file is not UTF-8 text.", "Save it as UTF-8.") from None
    try:
        # Counted first, because a deeply nested text would end the whole process.
        depth = 0
        for count, event in enumerate(yaml.parse(text, Loader=_Base)):
            if count > _MOST_EVENTS:
                message = f"it holds more than {_MOST_EVENTS} keys and values."
                raise refused(path, message, see)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                raise refused(path, f"more than {_DEEPEST} levels lie within each other.", see)
        found = yaml.load(text, Loader=_Loader)  # noqa: S506 - _Loader is a SafeLoader
        size = _size(found, {})
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise refused(path, f"not valid YAML: {error.problem}.", "Correct that line.", line) from None
    except StudyError:
        raise
    except (yaml.YAMLError, ValueError, AttributeError, KeyError, TypeError, OverflowError):
        # PyYAML lets through what Python says of an impossible date or a number that is none.
        message = "not valid YAML: it holds a character, date or number that cannot be read."
        raise refused(path, message, "Save it as plain YAML text, with texts between quotes.") from None
    if found is None:
        raise refused(path, "the file is empty.", see)
    if not isinstance(found, dict):
        kind = "a list" if isinstance(found, list) else "a single value"
        raise refused(path, f"a mapping of keys is expected, not {kind}.", see)
    if size > _MOST:
        raise refused(path, "an anchor refers to itself, or to too much.", "Write the text out.")
    return found


def read_bytes(path: Path, *, limit: int = -1) -> bytes:
    """Read a file, or its first ``limit`` bytes, or refuse it with a sentence."""
    try:
        if path.is_dir():
            raise refused(path, "this is a folder, not a file.", "Name the file.")
        with path.open("rb") as file:
            return file.read(limit)
    except FileNotFoundError:
        raise refused(path, "the file does not exist.", "Check the path.") from None
    except (OSError, ValueError) as error:
        if isinstance(error, StudyError):
            raise
        reason = getattr(error, "strerror", None) or "not a legal path"
        raise refused(
            path, f"the file cannot be read ({reason}).", "Check the path and its rights."
        ) from None


def _size(node: Any, sizes: dict[int, int]) -> int:
    """How many nodes a structure has when every anchor is written out; a structure that holds itself has too many."""
    if not isinstance(node, dict | list | tuple | set):
        if isinstance(node, int) and abs(node) >= 10**_WIDEST:
            raise ValueError("a number that cannot be written out")
        return 1
    known = sizes.get(id(node))
    if known is None:
        sizes[id(node)] = _MOST + 1
        known = sizes[id(node)] = 1 + sum(_size(child, sizes) for child in _children(node))
    return known


def _children(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        yield from node.keys()
        yield from node.values()
    else:
        yield from node


def refused(path: Path, message: str, remedy: str, place: str = "") -> StudyError:
    """Return the error that refuses a file."""
    return StudyError([Problem(path.name, place, message, remedy)])
