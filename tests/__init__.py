"""The tests: they mirror `coord/`; `faults/` kills real things, `e2e/` uses coord as its
users do.
"""
