"""Update: the host itself as a signed file, in a slot and tried as a package is; the one of firmware/install stays below it."""
