"""What a learner answers: predictions before a cell runs, checks of an exercise, and what is done so far."""
