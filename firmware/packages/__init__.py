"""Packages: what is uploaded, verified, staged, tried and kept."""
