"""The decision: logits to calibrated probabilities and labels."""
