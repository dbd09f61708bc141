"""All faults, by database."""

from campaign import clocks, galera, mariadb, sqlite
from campaign.phase import Fault
from campaign.processes import faults_of_processes

STOPPED_WORKER_S = 60.0  # until gunicorn kills it

FAULTS: dict[str, list[Fault]] = {
    "sqlite": [*faults_of_processes(STOPPED_WORKER_S), *sqlite.FAULTS, *clocks.OF_THE_DATABASE],
    "mariadb": [
        *faults_of_processes(STOPPED_WORKER_S),
        *mariadb.FAULTS,
        *clocks.OF_THE_DATABASE,
        *clocks.OF_THE_NODES,
    ],
    "galera": galera.FAULTS,
}
