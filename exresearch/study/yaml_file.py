"""YAML read safely: no code, no silently repeated keys, errors with a line number."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from exresearch.study.problems import Problem, StudyError


class _Loader(yaml.SafeLoader):
    """A safe loader that refuses a repeated key instead of keeping the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = str(key_node.value)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands here twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds a mapping.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    dict
        The mapping.

    Raises
    ------
    StudyError
        If the file is missing, unreadable, empty, not UTF-8, not YAML, repeats a key, or holds no mapping.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise StudyError([Problem(path.name, "", "the file does not exist.", "Check the path.")]) from None
    except UnicodeDecodeError:
        raise StudyError(
            [Problem(path.name, "", "the file is not UTF-8 text.", "Save it as UTF-8.")]
        ) from None
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise StudyError(
            [Problem(path.name, "", f"the file cannot be read ({reason}).", "Check the path.")]
        ) from None
    try:
        content = yaml.load(text, Loader=_Loader)  # noqa: S506 - _Loader is a SafeLoader
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}" if error.problem_mark else ""
        detail = f"not valid YAML: {error.problem}."
        raise StudyError([Problem(path.name, line, detail, "Correct that line.")]) from None
    except yaml.YAMLError:
        raise StudyError([Problem(path.name, "", "not valid YAML.", "Save it as plain YAML text.")]) from None
    if content is None:
        raise StudyError(
            [Problem(path.name, "", "the file is empty.", "See params/demo.yaml for an example.")]
        )
    if not isinstance(content, dict):
        kind = type(content).__name__
        raise StudyError(
            [Problem(path.name, "", f"a mapping of keys is expected, not a {kind}.", "See params/demo.yaml.")]
        )
    return content
