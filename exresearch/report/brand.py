"""The client's logo and colours on a page: in the header, in links and in what is pressed, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from exresearch.study.colours import DARK_GROUND, readable


@dataclass(frozen=True, slots=True)
class Brand:
    """What a client looks like.

    Parameters
    ----------
    logo : str
        A picture as a data URI; none by default.
    primary, accent : str
        Colours of the header and of links, as ``#rrggbb``, readable on light ground; the house's own where empty.
        Verdicts and figures keep their colours, for those mean something.
    """

    logo: str = ""
    primary: str = ""
    accent: str = ""

    @property
    def style(self) -> Markup:
        """Rules that replace the house's colours; on dark ground the accent is made lighter where it has to be."""
        light = f"--deep:{self.primary};" * bool(self.primary) + f"--accent:{self.accent};" * bool(
            self.accent
        )
        if not light:
            return Markup("")
        dark = f"--deep:{self.primary};" * bool(self.primary)
        if self.accent:
            dark += f"--accent:{readable(self.accent, ground=DARK_GROUND)};"
        # Safe: colours are checked when the study is read, and hold nothing but # and digits.
        return Markup(  # noqa: S704
            f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
        )
