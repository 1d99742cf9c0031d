"""Sweeps: a search over params, each trial of which is a run.

The truth is plain files (docs/formats); samplers, pruners and importance are Optuna's.
"""
