"""The built-in areas.

Each is a plug-in found through `config.default.BUILT_IN_AREAS`; none imports another.
"""
