"""Moving pictures for recorders, as an optional process of its own: native code, whose death costs video alone."""
