"""The lab in which a learner turns sliders.

From the bottom up: `settings` and `keras_settings` are what can be chosen; `experiment` and
`keras_experiment` run it for real; `kind` is what the two labs have in common; `widget` is `ShapeLab`, and
`present` shows it to a room.
"""
