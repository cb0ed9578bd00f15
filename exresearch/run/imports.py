"""Imported before nbformat and nbconvert: a library that takes seconds to begin, and is not used, is left out.

``jsonschema`` can check internationalised addresses and builds a grammar for that when it is imported, which takes
longer than everything else that a run imports. No notebook format asks for such a check.
"""

from __future__ import annotations

import sys

_GRAMMAR = "rfc3987_syntax"

if _GRAMMAR not in sys.modules and "jsonschema" not in sys.modules:
    # jsonschema goes without what cannot be imported; afterwards whoever wants it can have it.
    sys.modules[_GRAMMAR] = None  # type: ignore[assignment]
    try:
        import jsonschema  # noqa: F401
    finally:
        del sys.modules[_GRAMMAR]
