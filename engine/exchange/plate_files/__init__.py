"""Plate files: lists of plates as files: the manual's formats (XML, CSV) and spreadsheets, read strictly and written exactly."""
