"""All faults, by database."""

from campaign import galera, mariadb, sqlite
from campaign.phase import Fault
from campaign.processes import faults_of_processes

STOPPED_WORKER_S = 60.0  # until gunicorn kills it

FAULTS: dict[str, list[Fault]] = {
    "sqlite": [*faults_of_processes(STOPPED_WORKER_S), *sqlite.FAULTS],
    "mariadb": [*faults_of_processes(STOPPED_WORKER_S), *mariadb.FAULTS],
    "galera": galera.FAULTS,
}
