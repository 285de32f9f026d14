"""Files: lists of plates as files: those of the manual (XML, CSV) and those of spreadsheets, read strictly, written exactly."""
