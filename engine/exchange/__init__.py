"""Exchange: exports and imports of the lists, scheduled or by hand (manual 4.4, List tab)."""
