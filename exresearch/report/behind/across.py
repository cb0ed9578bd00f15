"""Tables behind the figures of a comparison of clients."""

from __future__ import annotations

from exresearch.report.behind.declared import Behind, table
from exresearch.report.text import mark

TABLES: dict[str, Behind] = {
    "Clients and their pool": table(mark("The clients and their mean"), "label estimate conf_low"),
    "Drivers over clients": table(
        mark("Mean importance of each driver"), "label estimate conf_low", spec="percent1"
    ),
}
