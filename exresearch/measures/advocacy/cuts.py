"""Who is a promoter and who a detractor: the cut-points of a net promoter score, and the scale they lie on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Variant = Literal["us", "eu"]
# Scales that the published cut-points are used on; 0-10 is the original.
SCALES = ((0, 10), (1, 10))
_PUBLISHED = {"us": (9, 6), "eu": (8, 5)}


@dataclass(frozen=True, slots=True)
class Cuts:
    """Cut-points of a net promoter score: whole answers on the scale of the question.

    Attributes
    ----------
    name : str
        What the cut-points are called; ``us`` and ``eu`` are kept for the published ones.
    promoter : int
        Lowest answer of a promoter.
    detractor : int
        Highest answer of a detractor.
    minimum, maximum : int
        Ends of the scale.

    Raises
    ------
    ValueError
        If a cut-point is no whole number, the ends are not in order, a cut-point lies outside the scale or the two
        overlap, or the name is empty or that of other, published cut-points.

    Examples
    --------
    >>> Cuts("strict", promoter=10, detractor=7).variant
    'strict (10, 0-7)'
    >>> CUTS["us"].variant, CUTS["us"].on((1, 10)).variant
    ('us', 'us, 1-10')
    """

    name: str
    promoter: int
    detractor: int
    minimum: int = 0
    maximum: int = 10

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError("name of Cuts must not be empty: it is printed beside every score.")
        for field in ("promoter", "detractor", "minimum", "maximum"):
            value = getattr(self, field)
            if isinstance(value, bool) or not isinstance(value, int):
                raise ValueError(f"{field} of Cuts must be a whole number; got {value!r}.")
        if self.minimum >= self.maximum:
            raise ValueError(
                f"minimum of Cuts must be below maximum; got {self.minimum!r} and {self.maximum!r}."
            )
        if self.promoter <= self.detractor:
            raise ValueError(
                f"promoter of Cuts must be above detractor, so that nobody is both; got promoter {self.promoter!r} "
                f"and detractor {self.detractor!r}."
            )
        if not (self.minimum <= self.detractor and self.promoter <= self.maximum):
            raise ValueError(
                f"promoter and detractor of Cuts must lie within the scale of {self.minimum}-{self.maximum}; got "
                f"promoter {self.promoter!r} and detractor {self.detractor!r}."
            )
        if _PUBLISHED.get(self.name, (self.promoter, self.detractor)) != (self.promoter, self.detractor):
            high, low = _PUBLISHED[self.name]
            raise ValueError(
                f"name {self.name!r} of Cuts is kept for promoters from {high} and detractors up to {low}; got "
                f"promoter {self.promoter!r} and detractor {self.detractor!r}. Use another name."
            )
        if self.name in _PUBLISHED and self.scale not in SCALES:
            raise ValueError(
                f"the cut-points of variant {self.name!r} are made for a scale of 0-10 or 1-10; got "
                f"{self.minimum}-{self.maximum}. Give Cuts with cut-points of that scale and a name of their own."
            )

    @property
    def scale(self) -> tuple[int, int]:
        """Lowest and highest answer."""
        return self.minimum, self.maximum

    @property
    def variant(self) -> str:
        """Text that names the cut-points beside a score; no two that differ in anything share one."""
        own = "" if self.name in _PUBLISHED else f" ({self._span(high=True)}, {self._span(high=False)})"
        scale = "" if self.scale == SCALES[0] else f", {self.minimum}-{self.maximum}"
        return f"{self.name}{own}{scale}"

    def on(self, scale: tuple[float, float]) -> Cuts:
        """Return the same cut-points on a question of another scale.

        Parameters
        ----------
        scale : tuple of float
            Lowest and highest answer, whole numbers.

        Returns
        -------
        Cuts

        Raises
        ------
        ValueError
            If the cut-points do not fit that scale.
        """
        low, high = _whole(scale)
        return replace(self, minimum=low, maximum=high)

    def _span(self, *, high: bool) -> str:
        first, last = (self.promoter, self.maximum) if high else (self.minimum, self.detractor)
        return f"{first}" if first == last else f"{first}-{last}"


# By variant: promoters 9-10 and detractors 0-6, or 8-10 and 0-5.
CUTS: dict[str, Cuts] = {name: Cuts(name, high, low) for name, (high, low) in _PUBLISHED.items()}


def cut_points(
    variant: Variant | Literal["custom"] | Cuts,
    *,
    promoters_from: int = 9,
    detractors_to: int = 6,
    scale: tuple[float, float] | None = None,
) -> Cuts:
    """Return the cut-points that a setting names, on the scale of the question.

    Parameters
    ----------
    variant : {"us", "eu", "custom"} or Cuts
        Published cut-points, one's own by the two numbers that follow, or one's own as they are.
    promoters_from : int
        Lowest answer of a promoter; counts with ``custom`` only.
    detractors_to : int
        Highest answer of a detractor; counts with ``custom`` only.
    scale : tuple of float, optional
        Lowest and highest answer of the question; by default that of the ``Cuts``, or 0-10.

    Returns
    -------
    Cuts

    Raises
    ------
    ValueError
        If the variant is unknown, or the cut-points overlap or do not fit the scale.

    Examples
    --------
    >>> cut_points("eu").promoter, cut_points("custom", promoters_from=8, detractors_to=4).variant
    (8, 'custom (8-10, 0-4)')
    """
    if isinstance(variant, Cuts):
        return variant if scale is None else variant.on(scale)
    if variant == "custom":
        # Built on its own scale at once: cut-points of 1-7 need not fit 0-10, nor the other way round.
        low, high = _whole(SCALES[0] if scale is None else scale)
        return Cuts("custom", promoters_from, detractors_to, low, high)
    if variant not in CUTS:
        raise ValueError(f"variant must be us, eu or Cuts with cut-points of your own; got {variant!r}.")
    return CUTS[variant] if scale is None else CUTS[variant].on(scale)


def _whole(scale: tuple[float, float]) -> tuple[int, int]:
    """Whole numbers as such, as the codebook holds them as floats; what is none is left for Cuts to refuse."""
    low, high = (int(end) if float(end).is_integer() else end for end in scale)
    return low, high  # type: ignore[return-value]
