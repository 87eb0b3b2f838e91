"""The lab in which a learner turns sliders.

From the bottom up: `control` says what a control is; `experiment` runs what was chosen, in `bert_lab` with
PyTorch and in `keras_lab` with Keras, each with its controls, its code and its picture; `presets` are the
lessons' labs. `inputs` are the controls on the page, `hunt` and `mending` stand behind "Break it for me" and
"Fix it", `widget` is `ShapeLab`, and `present` shows it to a room.
"""
