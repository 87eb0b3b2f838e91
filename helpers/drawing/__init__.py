"""From data to a picture: pure functions that return SVG, HTML or a Matplotlib figure.

Nothing here computes a shape, and nothing decides what is wrong: both are handed in.
"""
