"""A process of the demo: takes orders as JSON lines on stdin, tells what happens on stdout.

{"lab": "…"}                      first line: where to record
{"prepare": true}                 -> {"prepared": true}
{"trial": {…}}                    -> {"run": id, "part": 0.5} …  {"result": {…}}
{"decisions": [{…}]}              -> {"decided": n}
{"claims": [{…}]}                 -> {"looked": n}
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

import msgspec

from peira.demo.decisions import Decision, decide
from peira.demo.digits import prepare
from peira.demo.experiment import run_trial
from peira.demo.holdout import Claimed, look
from peira.demo.plan import Trial


def main() -> None:
    """Serve orders until stdin ends."""
    # The answers keep the real stdout; what training prints goes to the run's console alone.
    with os.fdopen(os.dup(1), "w", buffering=1) as answers, Path(os.devnull).open("w") as nowhere:
        sys.stdout = nowhere
        warnings.simplefilter("ignore")  # scikit-learn warns of the divergence that is wanted
        lab = Path(json.loads(sys.stdin.readline())["lab"])

        def answer(value: dict[str, Any]) -> None:
            answers.write(msgspec.json.encode(value).decode() + "\n")

        for line in sys.stdin:
            order = json.loads(line)
            if "trial" in order:
                trial = msgspec.convert(order["trial"], Trial)
                on_step = lambda run, part: answer({"run": run, "part": part})  # noqa: E731 - one line
                answer({"result": run_trial(lab, trial, on_step)})
            elif "claims" in order:
                answer({"looked": look(lab, msgspec.convert(order["claims"], list[Claimed]))})
            elif "prepare" in order:
                prepare(lab)
                answer({"prepared": True})
            else:
                answer(
                    {"decided": decide(lab, msgspec.convert(order["decisions"], list[Decision]))}
                )
        sys.stdout = sys.__stdout__


if __name__ == "__main__":
    main()
