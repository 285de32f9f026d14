"""Servers: sockets of the package that others connect to; one file each."""
