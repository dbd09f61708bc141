"""coord as its users use it: real shells, real browsers, real clients."""
