"""Pictures of the slides: the key figure of a hypothesis, and the client's logo."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

from pptx.util import Inches

from exresearch.disclosure import Entry
from exresearch.findings.note import Note
from exresearch.report.exports.content import Content, Edition
from exresearch.report.exports.layouts import PICTURE
from exresearch.report.figures.finding import finding_forest
from exresearch.report.key_figures import KeyFigure, key_figure_of, read_key_figure
from exresearch.report.text import Texts


def figure_of(content: Content, texts: Texts, figures: Path) -> tuple[KeyFigure | None, list[Entry]]:
    """Return the figure of a slide, and what the ledger has to know of it where it was drawn for the slide alone.

    Parameters
    ----------
    content : Content
        A tested finding.
    texts : Texts
        Language of the reader.
    figures : pathlib.Path
        Folder of the key figures.

    Returns
    -------
    tuple of KeyFigure or None and list of Entry
        None where the deciding estimate is hidden.
    """
    if content.hidden:
        return None, []
    # What a notebook drew is in its own ledger.
    kept = read_key_figure(figures, content.finding.hypothesis)
    if kept is not None and not kept.is_tall:
        return kept, []
    picture = finding_forest(content.finding, texts=texts, label=content.title)
    if isinstance(picture, Note):
        return None, []
    return key_figure_of(picture), [released.entry for released in picture.shown]


def place_figure(slide: Any, figure: KeyFigure) -> None:
    """Put a picture into its placeholder: all of it, as large as fits, in the middle of its room."""
    holder = next(shape for shape in slide.placeholders if shape.placeholder_format.idx == PICTURE)
    left, top, width, height = holder.left, holder.top, holder.width, holder.height
    picture = holder.insert_picture(io.BytesIO(figure.png))
    picture.crop_left = picture.crop_right = picture.crop_top = picture.crop_bottom = 0
    wide, high = picture.image.size
    scale = min(width / wide, height / high)
    picture.width, picture.height = round(wide * scale), round(high * scale)
    picture.left, picture.top = left + (width - picture.width) // 2, top + (height - picture.height) // 2
    picture.name = "Figure"
    picture._element.nvPicPr.cNvPr.set("descr", figure.alt)


def place_logo(slide: Any, edition: Edition) -> None:
    """Put the client's logo on a slide; a drawing (SVG) is left out, which not every program for slides can show."""
    brand = edition.site.brand
    kind, _, coded = brand.logo.partition(";base64,") if brand is not None else ("", "", "")
    if kind not in ("data:image/png", "data:image/jpeg"):
        return
    picture = slide.shapes.add_picture(
        io.BytesIO(base64.b64decode(coded)), Inches(0.9), Inches(0.6), height=Inches(0.9)
    )
    if picture.width > Inches(4):
        picture.height = round(picture.height * Inches(4) / picture.width)
        picture.width = Inches(4)
    picture.name = "Logo"
    picture._element.nvPicPr.cNvPr.set("descr", edition.site.client)
