"""Web: the HTTP server core that the host and the portal share: connections, limits, requests, streams."""
