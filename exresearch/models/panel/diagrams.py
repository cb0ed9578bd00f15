"""Path diagrams of panel models, for the structural equation engine."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from exresearch.measures.structure.sem import Parameter, StructuralModel

FloatArray = NDArray[np.float64]

#: The four effects of one wave on the next: name, outcome, predictor.
EFFECTS = (
    ("ex_autoregressive", "ex", "ex"),
    ("cx_autoregressive", "cx", "cx"),
    ("ex_to_cx", "cx", "ex"),
    ("cx_to_ex", "ex", "cx"),
)


def observed_names(n_waves: int) -> tuple[str, ...]:
    """Names of the observed variables, all of EX before all of CX."""
    return tuple(f"{name}{t}" for name in ("ex", "cx") for t in range(1, n_waves + 1))


def cross_lagged_model(
    n_waves: int,
    *,
    random_intercepts: bool,
    constrained: bool,
    known_errors: Mapping[str, FloatArray] | None = None,
) -> StructuralModel:
    """Cross-lagged panel model, with or without random intercepts; effects equal over lags where constrained.

    Variances, covariances and means of the waves are free in either case. Known errors of ex and cx, as covariances
    between waves, are held fixed; they need random intercepts, whose variables are then free of them.
    """
    observed = observed_names(n_waves)
    head = "w_" if random_intercepts else ""
    rows: list[Parameter] = []
    latent: tuple[str, ...] = ()
    if random_intercepts:
        latent = ("ri_ex", "ri_cx", *(f"w_{name}" for name in observed))
        for name in ("ex", "cx"):
            rows += [Parameter(f"ri_{name}", "=~", f"{name}{t}", value=1.0) for t in range(1, n_waves + 1)]
        rows += [Parameter(f"w_{name}", "=~", name, value=1.0) for name in observed]
        rows += [Parameter(f"ri_{a}", "~~", f"ri_{b}") for a, b in (("ex", "ex"), ("cx", "cx"), ("ex", "cx"))]
    for t in range(2, n_waves + 1):
        rows += [
            Parameter(
                f"{head}{outcome}{t}", "~", f"{head}{predictor}{t - 1}", label=term if constrained else ""
            )
            for term, outcome, predictor in EFFECTS
        ]
    for t in range(1, n_waves + 1):
        rows += [
            Parameter(f"{head}{a}{t}", "~~", f"{head}{b}{t}")
            for a, b in (("ex", "ex"), ("cx", "cx"), ("ex", "cx"))
        ]
    for name, errors in (known_errors or {}).items():
        rows += [
            Parameter(f"{name}{t + 1}", "~~", f"{name}{s + 1}", value=float(errors[t, s]))
            for t in range(n_waves)
            for s in range(t, n_waves)
        ]
    rows += [Parameter(name, "~1") for name in observed]
    return StructuralModel(observed, latent, tuple(rows))


def dynamic_model(n_waves: int) -> StructuralModel:
    """Lagged outcome y, predetermined x and a fixed effect, as covariances allow them (Allison et al. 2017).

    The fixed effect goes with the first outcome and with all of x; a residual of y goes with every later x.
    """
    first = ["y1", *(f"x{t}" for t in range(1, n_waves))]
    later = [f"y{t}" for t in range(2, n_waves + 1)]
    rows = [Parameter("fixed", "=~", name, value=1.0) for name in later]
    rows += [Parameter("fixed", "~~", "fixed")]
    rows += [Parameter("fixed", "~~", name) for name in first]
    rows += [Parameter(a, "~~", b) for i, a in enumerate(first) for b in first[i:]]
    for t in range(2, n_waves + 1):
        rows += [
            Parameter(f"y{t}", "~", f"y{t - 1}", label="autoregressive"),
            Parameter(f"y{t}", "~", f"x{t - 1}", label="cross_lagged"),
            Parameter(f"y{t}", "~~", f"y{t}"),
        ]
        rows += [Parameter(f"y{t}", "~~", f"x{s}") for s in range(t, n_waves)]
    rows += [Parameter(name, "~1") for name in (*first, *later)]
    return StructuralModel((*first, *later), ("fixed",), tuple(rows))
