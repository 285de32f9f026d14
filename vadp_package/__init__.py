"""VADP package: what makes the signed .tar.gz that an installer uploads."""

__version__ = "0.1.0"
