"""Evaluation: arrays in, plain numbers out; never sees a model."""
