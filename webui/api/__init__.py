"""Api: the portal's addresses below /anpr/api/ and its downloads, one file a subject; each offers `ROUTES`."""
