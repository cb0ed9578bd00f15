"""What the demo company implies for estimands that are read off its tables: a module per question.

Each module has ``DEFINITIONS`` (hypothesis: how its values are computed) and
``values(tables) -> {hypothesis: {name: value}}``, written without the package's estimators. ``demo_truth.py`` takes
the mean over its chunks of 1,000 units each and the standard error of that mean.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType


def modules(only: str | None = None) -> dict[str, ModuleType]:
    """Return the modules by name, or the one named."""
    names = sorted(info.name for info in pkgutil.iter_modules(__path__))
    if only is not None and only not in names:
        raise SystemExit(f"--only {only}: there is {', '.join(names) or 'nothing'}")
    return {name: importlib.import_module(f"{__name__}.{name}") for name in names if only in (None, name)}
