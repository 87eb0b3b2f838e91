"""One forward pass of the learner's model, and what is wrong with what goes in."""
