"""Keras on torch: its data, its inputs, its losses."""
