"""Whole programs rebuilt from real threads, as the beginner had them: what each says on top is true of it."""
