"""What is wrong with labelled texts before any model sees them; each check returns findings."""
