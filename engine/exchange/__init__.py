"""Exchange: exports and imports of the lists, by themselves or by hand (manual 4.4, List tab)."""
