"""Gateway: the host's HTTP side: server, CGIs, proxy of the portal."""
