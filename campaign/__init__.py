"""`make faults`: coord under a recorded load of everything while something is broken, one fault
after the other; then a check that what it promises was kept.

- `worlds`: the service on SQLite, on MariaDB (two nodes of two workers), on three Galera nodes.
- `claimers`, `errands`, `followers`: the load. Each client notes what it asks and is told.
- `faults` and one module for each database: what is broken. Each shows that it bit.
- `checks`: what was told, beside what the database says in the end. The check of the locks is that
  of `tests/faults/history.py`; both know nothing of coord's code.
- `sabotage`: coord with a promise broken on purpose, which the checks must find.
"""
