"""What the weights of a study cost: their range, the design effect and the answers that are left in effect."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from exresearch.study import Study

TABLES_OF_ANSWERS = ("employees", "customers", "partners", "moments")
_COLUMNS = [
    "table", "wave", "source", "n", "n_eff", "design_effect", "smallest", "largest", "ratio", "n_trimmed", "converged",
]  # fmt: skip


def effective_n(weights: pd.Series) -> float:
    """Give Kish's effective number of answers, ``(sum w)^2 / sum w^2``.

    Parameters
    ----------
    weights : pandas.Series
        Weights above 0; their unit does not matter.

    Returns
    -------
    float
        As many as the weights where all are equal, fewer otherwise; 0 without weights.

    References
    ----------
    Kish, L. (1965). *Survey Sampling*. Wiley. In R: ``sum(w)^2 / sum(w^2)``.

    Examples
    --------
    >>> effective_n(pd.Series([1.0, 1.0, 2.0, 2.0]))
    3.6
    """
    values = weights.to_numpy(dtype=np.float64)
    return float(values.sum() ** 2 / (values**2).sum()) if len(values) else 0.0


def weight_summary(study: Study, *, least: int = 1) -> pd.DataFrame:
    """Describe the weights of each table of answers, by wave and over all waves.

    When to use it: to see what weighting costs in precision before believing an interval. The design effect
    ``n / n_eff = 1 + cv^2`` is that of the weights alone (Kish 1992) for an answer that has nothing to do with them; it
    is the price where weights are noise and overstates it where they explain the answers. Clusters are not in it.

    Parameters
    ----------
    study : Study
        The client.
    least : int
        Sheets that have the ``smallest`` and ``largest`` weight or one beyond it: more than one where the weight of a
        single person is not to be seen.

    Returns
    -------
    pandas.DataFrame
        One row per table of answers and wave, waves in order of time, and one called ``all`` where a table has none,
        or several: ``table, wave, source`` (``supplied``, ``raked`` or ``none``), ``n`` (sheets), ``n_eff``,
        ``design_effect``, ``smallest, largest`` (relative to the mean weight of the row; missing where there are fewer
        than twice ``least`` sheets, less one), ``ratio`` (largest to smallest), ``n_trimmed`` (sheets on a bound),
        ``converged`` (whether margins are met; missing where nothing was raked).

    References
    ----------
    Kish, L. (1992). Weighting for unequal Pi. *Journal of Official Statistics*, 8(2), 183-200.
    """
    raked = {(record.table, record.wave): record for record in study.weighting}
    rows: list[dict[str, Any]] = []
    for name in TABLES_OF_ANSWERS:
        if not study.has(name):
            continue
        frame = study.table(name)
        weights = frame["weight"] if "weight" in frame else pd.Series(1.0, index=frame.index)
        of_table = [record for (table, _), record in raked.items() if table == name]
        source = "raked" if of_table else "supplied" if "weight" in frame else "none"
        waves = [w for w in study.waves if (frame["wave"] == w).any()] if "wave" in frame else []
        parts = [(wave, weights[frame["wave"] == wave]) for wave in waves]
        if len(parts) != 1 or len(parts[0][1]) < len(weights):
            parts.append(("all", weights))
        for wave, part in parts:
            own = [raked[name, wave]] if (name, wave) in raked else of_table if wave == "all" else []
            rows.append(
                {
                    "table": name,
                    "wave": wave,
                    "source": source,
                    **_described(part, least=least),
                    # Raked over all waves together, the bounds are known of the whole table alone.
                    "n_trimmed": sum(record.n_trimmed for record in own) if own or not of_table else pd.NA,
                    "converged": all(record.converged for record in own) if own else pd.NA,
                }
            )
    table = pd.DataFrame(rows, columns=_COLUMNS)
    return table.astype({"n": "int64", "n_trimmed": "Int64", "converged": "boolean"})


def _described(weights: pd.Series, *, least: int) -> dict[str, float]:
    relative = np.sort((weights / weights.mean()).to_numpy(dtype=np.float64))
    # With fewer the two limits would cross.
    enough = len(relative) >= 2 * least - 1
    smallest, largest = (float(relative[least - 1]), float(relative[-least])) if enough else (np.nan, np.nan)
    effective = effective_n(weights)
    return {
        "n": len(weights),
        "n_eff": effective,
        "design_effect": len(weights) / effective if effective else float("nan"),
        "smallest": smallest,
        "largest": largest,
        "ratio": largest / smallest,
    }
