"""The determinism probe: the same run, started twice with the same seed, gives the same or not.

Source: SCIENCE.md 6.4. The switches are those of the libraries' own notes on reproducibility:
PyTorch, notes/randomness; TensorFlow, enable_op_determinism; scikit-learn, controlling randomness.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from peira.core.errors import UsageError
from peira.lab.lab import Lab
from peira.lab.runs import RunRecord
from peira.lab.verifications import DETERMINISTIC, Determinism, Verdict
from peira.record.liveness import host
from peira.rerun.difference import Curve
from peira.rerun.rerun import Again, Rerun, ready
from peira.rerun.restore import Say
from peira.rerun.results import read_result
from peira.rerun.verification import OnStart
from peira.rerun.verify import Result, compare


def probe(
    lab: Lab,
    wanted: Rerun,
    *,
    seconds: float | None = None,
    say: Say = lambda _: None,
    on_start: OnStart = lambda number, of: None,
) -> Determinism:
    """Start a run again, once or twice, and tell whether it is deterministic on this machine.

    Once is enough when it gives, bit for bit, what the original gave. The answer is in the journal
    when this returns.

    Args:
        seconds: stop each start after so long, and compare what was logged until then.

    Raises:
        see `peira.rerun.rerun.rerun`; and UsageError: there is nothing to compare.
    """
    record = lab.run(wanted.run)
    original = read_result(lab, record.id)
    with ready(lab, wanted, say) as again:
        on_start(1, 2)
        first, one = _started(lab, again, seconds)
        runs, verdict = [record.id, first], _compared(original, one)
        if verdict.outcome != "exact":
            on_start(2, 2)
            second, other = _started(lab, again, seconds)
            runs, verdict = [first, second], _compared(one, other)
    is_deterministic = verdict.outcome == "exact"
    found = Determinism(
        is_deterministic=is_deterministic,
        runs=runs,
        host=host(),
        relative=verdict.relative,
        differing=[check.key for check in verdict.differing],
        switches=[] if is_deterministic else switches(record),
    )
    decision = lab.journal.append(DETERMINISTIC, record.id, found)
    lab.catch_up(wait_s=60.0)
    return msgspec.structs.replace(found, time=decision.time, by=decision.by)


def _started(lab: Lab, again: Again, seconds: float | None) -> tuple[str, Result]:
    launched = again.run(stop_after_s=seconds)
    result = read_result(lab, launched.run)
    if not result.is_comparable:
        raise UsageError(
            f"Nothing can be compared: run {launched.run} logged no metric"
            f"{f' within {seconds:g} s' if seconds else ''} and wrote no file.",
            hint="Give it more time." if seconds else f"Look at it: peira show {launched.run}",
        )
    return launched.run, result


def _compared(a: Result, b: Result) -> Verdict:
    """Compare as far as both got: one may have been stopped earlier."""
    keys = [key for key in a.metrics if key in b.metrics]
    heads = {key: min(len(a.metrics[key].values), len(b.metrics[key].values)) for key in keys}
    return compare(_head(a, heads), _head(b, heads))


def _head(result: Result, heads: Mapping[str, int]) -> Result:
    whole = result.metrics
    curves = {k: Curve(whole[k].steps[:n], whole[k].values[:n]) for k, n in heads.items()}
    return Result(curves, result.predictions, result.files)


def switches(record: RunRecord) -> list[str]:
    """Return what would make a run deterministic, by the libraries that it imported; what it has
    switched on already is left out.
    """
    imported = set(record.captured("packages").get("imported") or ())
    numerics = record.captured("numerics")
    variables = record.captured("environment").get("variables") or {}
    seeds = record.captured("seeds")
    found: list[str] = []
    for package, library, seed in _SEEDS:
        if (package is None or package in imported) and not seeds.get(library):
            found.append(seed)
    if "torch" in imported:
        found += _torch(numerics.get("torch") or {}, variables)
    if "tensorflow" in imported:
        found.append("tf.config.experimental.enable_op_determinism()")
    if "jax" in imported and "deterministic" not in str(variables.get("XLA_FLAGS")):
        found.append("XLA_FLAGS=--xla_gpu_deterministic_ops=true")
    if variables.get("PYTHONHASHSEED") in (None, "random"):
        found.append("PYTHONHASHSEED=0")
    libraries = numerics.get("libraries") or ()
    if any(int(one.get("threads") or 1) > 1 for one in libraries):
        found.append("OMP_NUM_THREADS=1, for sums in one order")
    return found


_SEEDS = (
    (None, "random", "random.seed(0)"),
    ("numpy", "numpy", "numpy.random.seed(0), or numpy.random.default_rng(0)"),
    ("scikit-learn", "sklearn", "random_state=0 in each estimator and split"),
    ("torch", "torch", "torch.manual_seed(0)"),
    ("tensorflow", "tensorflow", "tf.keras.utils.set_random_seed(0)"),
)


def _torch(facts: Mapping[str, Any], variables: Mapping[str, str]) -> list[str]:
    found = []
    if not facts.get("deterministic_algorithms"):
        found.append("torch.use_deterministic_algorithms(True)")
    if facts.get("devices") and "CUBLAS_WORKSPACE_CONFIG" not in variables:
        found.append("CUBLAS_WORKSPACE_CONFIG=:4096:8")
    if facts.get("cudnn_benchmark"):
        found.append("torch.backends.cudnn.benchmark = False")
    return found
