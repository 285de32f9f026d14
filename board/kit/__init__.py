"""Kit: what every layer stands on: errors, clock, files, sockets, wire codec, processes, registry, settings base, state paths."""
