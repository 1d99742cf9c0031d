"""`peira demo`: real models on real handwritten digits, recorded as a team of three would.

Four families of models learn scikit-learn's 1,797 digits in three versions of the data with three
seeds; one run diverges. Nothing is invented: every number comes from training here. Needs `pip
install 'peira[demo]'`.
"""

from peira.demo.demo import Outcome, Progress, run_demo
from peira.demo.plan import PROJECT, Trial, trials

__all__ = ["PROJECT", "Outcome", "Progress", "Trial", "run_demo", "trials"]
