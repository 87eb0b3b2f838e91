"""Every other call: a model, an embedding, a layer, a mask, rows to become a tensor, a checkpoint."""
