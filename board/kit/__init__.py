"""Kit: what every layer stands on: errors, clock, wire codec, registry, settings base, state paths."""
