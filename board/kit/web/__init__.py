"""Web kit: what host and portal share: routes as data with a permission, one application around them, headers, forms, OpenAPI."""
