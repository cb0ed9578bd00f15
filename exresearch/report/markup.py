"""The templates, and the only door to HTML: everything that goes through it is escaped."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from exresearch.report.text import Texts


def fill(template: str, *, texts: Texts, **context: Any) -> Markup:
    """Fill a template of ``report/templates``.

    Parameters
    ----------
    template : str
        File name, such as ``table.html.j2``.
    texts : Texts
        Language of the reader; templates say their own words through ``say("...")`` and show values through
        ``number(value, spec)``.
    **context : object
        What the template shows. Plain strings are escaped; a name that is missing is an error.

    Returns
    -------
    markupsafe.Markup
        HTML.
    """
    shared = {"say": texts.say, "number": texts.number, "language": texts.language.replace("_", "-")}
    # Safe: the environment escapes every value that is not markup already.
    return Markup(_environment().get_template(template).render(**shared, **context))  # noqa: S704


@cache
def asset(name: str) -> Markup:
    """Return a file of ``report/static``, to be put into a page as it is."""
    return Markup(files("exresearch.report").joinpath("static", name).read_text(encoding="utf-8"))  # noqa: S704


def load_templates() -> None:
    """Compile every template, so that a process forked from this one need not."""
    environment = _environment()
    for name in environment.list_templates():
        environment.get_template(name)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("exresearch.report"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
