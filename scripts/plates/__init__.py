"""Plate renderer: draws number plates of many countries from fonts, for training and for the demo clip."""
