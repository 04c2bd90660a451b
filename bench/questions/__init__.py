"""One question a file, each with `ask(runs) -> Answer`."""
