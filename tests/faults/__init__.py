"""Things killed, stopped, cut off, filled up and raced, with the real service over a real
database.
"""
