"""Pages: one file for each page of the host, with the addresses that belong to it; each offers `TAB`."""
