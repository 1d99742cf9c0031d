"""Evaluation down to the sample: predictions on named examples, metrics, and what can be seen in
them.
"""
