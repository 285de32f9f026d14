"""Web kit: what the host's pages and the portal have in common."""
