"""`coord doctor`: whether coord works here.

A module for each group of checks, `diagnosis` that runs them in order, and `command` that prints
them. Each check does what the hooks would do, and does not reason about what they should do.
"""
