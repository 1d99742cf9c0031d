"""How Peira judges: pure functions, arrays in, verdicts out; each names its source and its rate of
error, which a simulation in the tests holds.
"""
