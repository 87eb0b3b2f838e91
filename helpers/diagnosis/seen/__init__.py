"""What an exception still shows: its frames, the learner's names, the learner's line."""
