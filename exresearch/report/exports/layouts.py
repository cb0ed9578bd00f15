"""The layouts of the slides: 16 to 9, real placeholders in reading order, a typeface that every computer has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pptx import Presentation
from pptx.oxml import parse_xml
from pptx.util import Inches

WIDE, HIGH = 13.333, 7.5
FONT = "Arial"
INK, GREY, ACCENT = "1B1F24", "4A525C", "0072B2"
# Placeholders by what they are for; their numbers stay the same on every slide.
TITLE, BODY, BADGE, PICTURE, SOURCE, NUMBER = 0, 1, 13, 14, 15, 12
_SPACES = (
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)


@dataclass(frozen=True, slots=True)
class Place:
    """A placeholder of a layout.

    Attributes
    ----------
    kind : str
        Its type in the file format.
    index : int
        Its number.
    name : str
        What the selection pane calls it.
    left, top, width, height : float
        In inches.
    size : float
        Of its type, in points.
    bold : bool
    colour : str
    anchor : str
        ``t``, ``ctr`` or ``b``.
    fill : str
        Colour behind it; none where empty.
    """

    kind: str
    index: int
    name: str
    left: float
    top: float
    width: float
    height: float
    size: float = 16
    bold: bool = False
    colour: str = INK
    anchor: str = "t"
    fill: str = ""


_HEAD = Place("title", TITLE, "Title", 0.6, 0.4, WIDE - 1.2, 1.25, 26, bold=True)
_FOOT = Place("body", SOURCE, "Source", 0.6, 6.98, WIDE - 2.2, 0.36, 10.5, colour=GREY, anchor="ctr")
_PAGE = Place("sldNum", NUMBER, "Slide number", WIDE - 1.5, 6.98, 0.9, 0.36, 10.5, colour=GREY, anchor="ctr")
LAYOUTS: dict[str, tuple[Place, ...]] = {
    "Title": (
        Place("ctrTitle", TITLE, "Title", 0.9, 2.0, WIDE - 1.8, 1.7, 38, bold=True, anchor="b"),
        Place("subTitle", BODY, "Subtitle", 0.9, 3.85, WIDE - 1.8, 1.3, 18, colour=GREY),
        Place("body", SOURCE, "Notice", 0.9, 5.75, WIDE - 1.8, 1.0, 13, colour=GREY, anchor="b"),
    ),
    "Words": (
        _HEAD, Place("body", BODY, "Text", 0.6, 1.75, WIDE - 1.2, 5.1), _FOOT, _PAGE,
    ),
    "Finding": (
        _HEAD,
        Place("body", BADGE, "Verdict", 8.63, 1.85, 4.1, 0.5, 15, bold=True, colour="FFFFFF", anchor="ctr", fill=GREY),
        Place("body", BODY, "Text", 8.63, 2.5, 4.1, 4.35, 14),
        Place("pic", PICTURE, "Figure", 0.6, 1.85, 7.75, 5.0),
        _FOOT, _PAGE,
    ),
}  # fmt: skip


def empty_presentation(*, accent: str = ACCENT) -> Any:
    """Return a presentation without slides that has these layouts and no others.

    Parameters
    ----------
    accent : str
        Colour of the line above every title, six hexadecimal digits.

    Returns
    -------
    pptx.presentation.Presentation
    """
    deck = Presentation()
    deck.slide_width, deck.slide_height = Inches(WIDE), Inches(HIGH)
    layouts = list(deck.slide_layouts)
    for layout in layouts[len(LAYOUTS) :]:
        deck.slide_layouts.remove(layout)
    for layout, (name, places) in zip(layouts, LAYOUTS.items(), strict=False):
        layout.name = name
        # What the layout was meant for, which decides how other programs treat it.
        layout._element.attrib.pop("type", None)
        layout._element.set("preserve", "1")
        _replace(layout.shapes._spTree, [_line(accent), *map(_placeholder, places)])
    master = deck.slide_master
    _replace(
        master.shapes._spTree, [_placeholder(_HEAD), _placeholder(LAYOUTS["Words"][1]), _placeholder(_PAGE)]
    )
    _type(master, accent)
    return deck


def place_of(layout: str, index: int) -> Place:
    """Return a placeholder of a layout by its number."""
    return next(place for place in LAYOUTS[layout] if place.index == index)


def number_slide(slide: Any) -> None:
    """Put the number of a slide on it: a field, which counts by itself."""
    slide.shapes._spTree.append(_placeholder(_PAGE, number=True, on_slide=True))


def _replace(tree: Any, shapes: list[Any]) -> None:
    for shape in list(tree)[2:]:
        tree.remove(shape)
    for number, shape in enumerate(shapes, start=2):
        shape.find(".//{*}cNvPr").set("id", str(number))
        tree.append(shape)


def _placeholder(place: Place, *, number: bool = False, on_slide: bool = False) -> Any:
    look = (
        f'<a:lvl1pPr marL="0" indent="0" algn="{"r" if place.kind == "sldNum" else "l"}"><a:spcBef>'
        f'<a:spcPts val="600"/></a:spcBef><a:buNone/><a:defRPr sz="{round(place.size * 100)}" b="{int(place.bold)}">'
        f'<a:solidFill><a:srgbClr val="{place.colour}"/></a:solidFill><a:latin typeface="{FONT}"/>'
        f'<a:cs typeface="{FONT}"/>'
        "</a:defRPr></a:lvl1pPr>"
    )
    field = '<a:fld id="{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}" type="slidenum"><a:rPr/><a:t>1</a:t></a:fld>'
    said = field if place.kind == "sldNum" else f"<a:r><a:rPr/><a:t>{place.name}</a:t></a:r>"
    fill = f'<a:solidFill><a:srgbClr val="{place.fill}"/></a:solidFill>' if place.fill else ""
    shape = "roundRect" if place.fill else "rect"
    inset = 'lIns="120000" rIns="120000"' if place.fill else 'lIns="0" rIns="0"'
    anchor = f'tIns="0" bIns="0" anchor="{place.anchor}"'
    body = f'<a:bodyPr vert="horz" wrap="square" {inset} {anchor}><a:noAutofit/></a:bodyPr>'
    where = "" if on_slide else (
        f'<a:xfrm><a:off x="{Inches(place.left)}" y="{Inches(place.top)}"/><a:ext cx="{Inches(place.width)}" '
        f'cy="{Inches(place.height)}"/></a:xfrm><a:prstGeom prst="{shape}"><a:avLst/></a:prstGeom>{fill}'
    )  # fmt: skip
    identity = "100" if on_slide else "1"
    sized = ' sz="quarter"' if place.kind not in ("title", "ctrTitle", "subTitle") else ""
    return parse_xml(
        f'<p:sp {_SPACES}><p:nvSpPr><p:cNvPr id="{identity}" name="{place.name}"/><p:cNvSpPr><a:spLocks noGrp="1"/>'
        f'</p:cNvSpPr><p:nvPr><p:ph type="{place.kind}"{sized} idx="{place.index}"/></p:nvPr></p:nvSpPr>'
        f"<p:spPr>{where}</p:spPr><p:txBody>{'<a:bodyPr/>' if on_slide else body}"
        f"<a:lstStyle>{'' if on_slide else look}</a:lstStyle><a:p>{said}</a:p></p:txBody></p:sp>"
    )  # fmt: skip


def _line(accent: str) -> Any:
    return parse_xml(
        f'<p:sp {_SPACES}><p:nvSpPr><p:cNvPr id="1" name="Line"/><p:cNvSpPr/><p:nvPr userDrawn="1"/></p:nvSpPr><p:spPr>'
        f'<a:xfrm><a:off x="0" y="0"/><a:ext cx="{Inches(WIDE)}" cy="{Inches(0.12)}"/></a:xfrm><a:prstGeom prst="rect">'
        f'<a:avLst/></a:prstGeom><a:solidFill><a:srgbClr val="{accent}"/></a:solidFill><a:ln><a:noFill/></a:ln>'
        "</p:spPr><p:txBody><a:bodyPr/><a:lstStyle/><a:p/></p:txBody></p:sp>"
    )


def _type(master: Any, accent: str) -> None:
    """Set the typeface and the first colour of the theme, which new shapes and charts take."""
    for relation in master.part.rels.values():
        if relation.reltype.endswith("/theme"):
            theme = relation.target_part
            text = theme.blob.decode("utf-8")
            text = re.sub(r'(<a:(?:majorFont|minorFont)>\s*<a:latin typeface=")[^"]*', rf"\g<1>{FONT}", text)
            text = re.sub(
                r"<a:accent1>.*?</a:accent1>", f'<a:accent1><a:srgbClr val="{accent}"/></a:accent1>', text
            )
            theme._blob = text.encode("utf-8")
