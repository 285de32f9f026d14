"""Processes: how those of a package are started, watched and ended."""
