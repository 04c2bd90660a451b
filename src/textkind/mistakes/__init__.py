"""Error analysis: which texts a model gets wrong, grouped by what may be the cause."""
