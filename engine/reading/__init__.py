"""Reading: the process that sees and reads: camera, modes, recognition, vote. It knows nothing of lists and actions."""
