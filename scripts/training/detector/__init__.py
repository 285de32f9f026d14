"""Training of the plate detector: material, training windows, network and losses, int8 export, scoring."""
