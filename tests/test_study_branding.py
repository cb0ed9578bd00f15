"""A client's logo and colours: what cannot be read or could reach out of the page is refused or taken out."""

import base64
import struct
import zlib
from pathlib import Path

import pytest

from exresearch.report.brand import Brand
from exresearch.study.colours import DARK_GROUND, contrast
from exresearch.study.logo import read_logo


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


PNG = b"".join(
    [
        b"\x89PNG\r\n\x1a\n",
        chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)),
        chunk(b"tEXt", b"Author\x00Somebody"),
        chunk(b"IDAT", zlib.compress(b"\x00\x00\x5a\x8f")),
        chunk(b"IEND", b""),
    ]
)
SVG = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9" onload="steal()">
<!-- made by somebody --><metadata>somebody</metadata><script>steal()</script>
<style>@import url(//elsewhere);</style><style>.a{fill:url(#g)}</style>
<defs><linearGradient id="g"><stop offset="0"/></linearGradient></defs>
<image href="//elsewhere/pixel.png"/><foreignObject><p xmlns="http://www.w3.org/1999/xhtml">x</p></foreignObject>
<a href="javascript:steal()"><path d="M0 0"/></a>
<use xlink:href="#g"/><use xlink:href="other.svg#g"/>
<rect class="a" width="9" height="9" style="fill:url('//elsewhere')" fill="url(#g)"/></svg>"""


def shown(logo: str) -> str:
    return base64.b64decode(logo.partition(",")[2]).decode("latin-1")


def test_a_picture_says_nothing_but_what_is_drawn(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(PNG)
    logo, problems = read_logo("logo.png", folder=tmp_path, file="acme.yaml")
    assert problems == []
    assert logo.startswith("data:image/png;base64,")
    assert "Somebody" not in shown(logo)
    assert shown(logo).count("IDAT") == 1


def test_an_svg_keeps_its_shapes_and_loses_what_reaches_out(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text(SVG, encoding="utf-8")
    logo, problems = read_logo("logo.svg", folder=tmp_path, file="acme.yaml")
    assert problems == []
    drawn = shown(logo)
    for gone in (
        "elsewhere",
        "steal",
        "onload",
        "somebody",
        "script",
        "foreignObject",
        "other.svg",
        "DOCTYPE",
    ):
        assert gone not in drawn, gone
    for kept in ("<rect", 'fill="url(#g)"', ".a{fill:url(#g)}", 'href="#g"', 'viewBox="0 0 9 9"'):
        assert kept in drawn, kept


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "logo.gif",
            b"GIF89a",
            "acme.yaml: logo: 'logo.gif' is neither a PNG nor an SVG picture. Save the logo as PNG or SVG.",
        ),
        (
            "logo.png",
            PNG[:40],
            "acme.yaml: logo: 'logo.png' is not a picture that can be read. "
            "Save the logo anew, as PNG or as plain SVG.",
        ),
        (
            "logo.svg",
            b'<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>',
            "acme.yaml: logo: 'logo.svg' is not a picture that can be read. "
            "Save the logo anew, as PNG or as plain SVG.",
        ),
        (
            "logo.png",
            PNG + bytes(200_000),
            "acme.yaml: logo: 'logo.png' has 201 kB, and every page carries it along. Save it with at most 200 kB.",
        ),
        (
            "logo.png",
            None,
            "acme.yaml: logo: the file 'logo.png' does not exist. "
            "Check the path; it counts from the folder of the study file.",
        ),
        (
            "../logo.png",
            PNG,
            "acme.yaml: logo: '../logo.png' lies outside the folder of the study file. "
            "Put the logo beside the study file.",
        ),
    ],
)
def test_a_logo_that_cannot_be_used_is_refused(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    if content is not None:
        (folder / name).write_bytes(content)
    logo, problems = read_logo(name, folder=folder, file="acme.yaml")
    assert logo == ""
    assert [str(problem) for problem in problems] == [message]


def test_all_that_is_wrong_with_the_looks_is_told_at_once(client) -> None:
    client.settings |= {"logo": "logo.png", "colours": {"primary": "#ffcc00", "accent": None, "third": "red"}}
    assert client.refusal().splitlines()[1:] == [
        "- small.yaml: colours.primary: '#ffcc00' has a contrast of 1.3 with the light ground of the report (#f3f6fa), "
        "and text needs 4.5; of the same hue '#876c00' has it. Correct this entry.",
        "- small.yaml: colours.accent: nothing is here: write a colour between quotes, such as '#005a8f'. "
        "Correct this entry.",
        "- small.yaml: colours.third: unknown key 'third'. Legal: primary, accent.",
        "- small.yaml: logo: the file 'logo.png' does not exist. "
        "Check the path; it counts from the folder of the study file.",
    ]
    client.settings["colours"] = {"accent": "blue"}
    assert client.refusal().splitlines()[1] == (
        "- small.yaml: colours.accent: 'blue' is not of the right form. "
        "Write it between quotes with six digits, such as '#005a8f'."
    )
    client.files["logo.png"] = PNG
    client.settings["colours"] = {"primary": "#123456", "accent": "#005a8f"}
    assert client.load().settings.colours.accent == "#005a8f"


def test_colours_reach_header_and_links_and_are_readable_in_the_dark() -> None:
    style = str(Brand(primary="#123456", accent="#005a8f").style)
    assert style.startswith(":root{--deep:#123456;--accent:#005a8f;}")
    dark = style.partition("dark)")[2].partition("--accent:")[2][:7]
    assert dark != "#005a8f"
    assert contrast(dark, DARK_GROUND) >= 4.5
    assert "--yes" not in style
    assert str(Brand(logo="data:,").style) == ""
