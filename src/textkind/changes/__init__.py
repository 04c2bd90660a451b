"""Behaviour tests: small changes of a text under which a good model keeps its answer."""
