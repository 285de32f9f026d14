"""Hardware-in-the-loop tests: a technician wires outputs to inputs, `./scripts/hil --board NAME` proves them; sim runs anywhere."""
