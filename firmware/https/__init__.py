"""HTTPS of the host's pages."""
