"""Machine: what the host knows and changes of the computer that it runs on: its clock, its storage, its restart."""
