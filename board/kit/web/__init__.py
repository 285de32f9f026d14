"""Web kit: what host and portal share: the HTTP server with its limits and streams; routes as data, forms, headers, OpenAPI."""
