"""All faults, by database."""

from campaign import clocks, galera, mariadb, processes, sqlite
from campaign.phase import Fault

FAULTS: dict[str, list[Fault]] = {
    "sqlite": [*processes.FAULTS, *sqlite.FAULTS, *clocks.OF_THE_DATABASE],
    "mariadb": [
        *processes.FAULTS,
        *mariadb.FAULTS,
        *clocks.OF_THE_DATABASE,
        *clocks.OF_THE_NODES,
    ],
    "galera": galera.FAULTS,
}
