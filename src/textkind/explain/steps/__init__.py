"""The steps of a trace, by kind of model; each takes what the one before gave."""
