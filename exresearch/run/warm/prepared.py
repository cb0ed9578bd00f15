"""What every notebook reads of the package itself, read once before kernels are forked."""

from __future__ import annotations

from exresearch.findings.claims import load_claims
from exresearch.findings.registry import load_registry
from exresearch.report.markup import load_templates
from exresearch.report.text import Texts
from exresearch.report.theme import add_axes, new_figure, number_axis, png, style, svg
from exresearch.study.languages import languages


def prepare() -> None:
    """Fill the caches that a notebook would fill anew: registries, templates, catalogues, and what drawing looks up.

    When to use it: in the server of warm kernels, and only there. All of it is plain objects of Python: it starts no
    thread and draws no random number; the fonts that it opens are let go of in a fork by matplotlib itself. Nothing
    here is about a study.
    """
    load_registry()
    load_claims()
    load_templates()
    for language in languages():
        texts = Texts(language)
        texts.translate("inconclusive")
        for spec in ("integer", "percent1", "points1", "p"):
            texts.number(0.5, spec)
    with style():
        figure = new_figure(2.0)
        axes = add_axes(figure, left=1.0, right=0.5, top=0.3, bottom=0.5)
        axes.plot([0, 1], [0, 1], marker="o", label="-")
        axes.text(0, 1, "-", fontweight="bold")
        axes.legend()
        number_axis(axes.xaxis, "number1", Texts("en"))
    svg(figure)
    png(figure, size="slide")
