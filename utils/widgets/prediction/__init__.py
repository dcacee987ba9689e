"""Prediction questions."""
