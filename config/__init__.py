"""Configuration: the settings (`default`), gunicorn's file, the systemd units and an example
environment.
"""
