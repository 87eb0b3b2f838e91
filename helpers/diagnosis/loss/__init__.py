"""A loss and its two tensors: what was called, why it raised, what it got silently wrong."""
