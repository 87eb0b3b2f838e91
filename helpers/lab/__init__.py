"""The lab in which a learner turns sliders.

From the bottom up: `settings` and `keras_settings` are what can be chosen; `experiment` and
`keras_experiment` run it for real, with the lines of `code` and `keras_code`; `kind` is what the two labs
have in common, as `bert_lab` and `keras_lab` say it. `inputs` are the controls, `hunt` and `mending` stand
behind "Break it for me" and "Fix it", `widget` is `ShapeLab`, and `present` shows it to a room.
"""
