"""Networks, losses, training, sampling and evaluation of the dance models."""
