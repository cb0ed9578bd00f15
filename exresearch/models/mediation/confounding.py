"""How far an unmeasured cause of mediator and outcome would have to go to undo a path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from exresearch.models.mediation.paths import partial_covariances
from exresearch.models.resampling import NotEstimable


@dataclass(frozen=True, slots=True, eq=False)
class ConfoundedPath:
    """A path, and the effect that it carries, if its two ends shared an unmeasured cause.

    Attributes
    ----------
    curve : pandas.DataFrame
        ``rho, path, effect``: correlation of what the two equations leave over, and what path and effect then are.
    rho_zero : float
        The correlation at which the path is zero.
    shares : float
        The product of the shares of what is left over in mediator and outcome that such a cause would have to
        explain: ``rho_zero`` squared.
    """

    curve: pd.DataFrame
    rho_zero: float
    shares: float


def confounded_path(
    covariance: pd.DataFrame,
    *,
    source: str,
    target: str,
    held: Sequence[str] = (),
    factor: float = 1.0,
    grid: Sequence[float] = tuple(np.linspace(-0.95, 0.95, 77).round(4)),
) -> ConfoundedPath:
    """Reckon a path anew for every correlation of the errors of its two ends.

    Use it beside an indirect effect: exposure and covariates may be fine and the effect still be due to something that
    moves both mediator and outcome. Randomising the exposure does not protect against that.

    Parameters
    ----------
    covariance : DataFrame
        Covariances by name (`Mediation.covariance`).
    source, target : str
        The mediator and what it is said to move.
    held : sequence of str
        What comes before the mediator, and covariates that are in the matrix.
    factor : float
        Product of the other paths of an indirect effect; the effect is this times the path.
    grid : sequence of float
        Correlations, each between -1 and 1.

    Returns
    -------
    ConfoundedPath

    Raises
    ------
    ValueError
        A name is missing, or a correlation of 1 or beyond.
    NotEstimable
        Nothing is left of source or target when the others are held.

    Notes
    -----
    With s_m, s_y and r the standard deviations and correlation of mediator and outcome when everything before the
    mediator is held the same, the path at correlation rho of the errors is
    ``(s_y / s_m) (r - rho sqrt((1 - r^2) / (1 - rho^2)))``. At rho = 0 it is the least-squares slope; it is zero at
    rho = r. With one mediator this is the ACME of ``mediation::medsens`` in R.

    References
    ----------
    Imai, Keele & Yamamoto (2010), Identification, inference and sensitivity analysis for causal mediation effects,
    doi:10.1214/10-STS321.

    Examples
    --------
    >>> covariance = pd.DataFrame([[1.0, 0.5], [0.5, 1.0]], index=["m", "y"], columns=["m", "y"])
    >>> found = confounded_path(covariance, source="m", target="y", grid=[0.0, 0.5])
    >>> found.rho_zero, found.curve["path"].round(3).tolist()
    (0.5, [0.5, 0.0])
    """
    names = [source, target, *held]
    missing = [name for name in names if name not in covariance.index or name not in covariance.columns]
    if missing:
        raise ValueError(f"{missing} are not in the covariances: they are of {list(covariance.index)}.")
    rho = np.asarray(grid, dtype=np.float64)
    if not (np.abs(rho) < 1.0).all():
        raise ValueError("grid must hold correlations strictly between -1 and 1.")
    matrix = covariance.loc[names, names].to_numpy(dtype=np.float64)
    left = partial_covariances(matrix[None], keep=2)[0]
    spread = np.sqrt(np.clip(np.diag(left), 0.0, None))
    if not (spread > 1e-8 * np.sqrt(np.diag(matrix)[:2])).all():
        raise NotEstimable("nothing is left of mediator or outcome when the others are held the same.")
    r = float(np.clip(left[0, 1] / spread.prod(), -1.0, 1.0))
    path = spread[1] / spread[0] * (r - rho * np.sqrt((1.0 - r**2) / (1.0 - rho**2)))
    curve = pd.DataFrame({"rho": rho, "path": path, "effect": factor * path})
    return ConfoundedPath(curve, r, r**2)
