"""Service: the process that stores passages, looks plates up, carries out actions and takes triggers."""
