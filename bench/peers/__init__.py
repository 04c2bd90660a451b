"""One file a peer: what it does with a data set, run as a process in an environment of its own."""
