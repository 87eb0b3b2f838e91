"""What the exercises ask for: a file per lesson, and in it `exercise_1` and so on.

Each takes the learner's answers and yields the `Need`s of the exercise. Its docstring says why the right
answer works: it is shown once all of them are met.
"""
