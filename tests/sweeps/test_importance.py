"""Importance and the finding: what mattered is found, what did not is not claimed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from peira.sweeps.finding import describe, find
from peira.sweeps.importance import importance_of, judge_importance
from peira.sweeps.observations import Observations
from peira.sweeps.space import Space


def tried(n: int, seed: int) -> list[dict[str, Any]]:
    """Draw runs: a kernel size, a learning rate, an optimiser, momentum with sgd only."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        row: dict[str, Any] = {
            "kernel_size": int(rng.choice([3, 5, 7])),
            "lr": float(10 ** rng.uniform(-4, -1)),
            "opt": str(rng.choice(["sgd", "adam"])),
            "batch": int(rng.integers(16, 257)),
        }
        if row["opt"] == "sgd":
            row["momentum"] = float(rng.random())
        rows.append(row)
    return rows


def test_what_decided_stands_first_and_is_clear() -> None:
    """The param that made the best runs has the greatest share, the others no clear one."""
    rows = tried(120, 1)
    noise = np.random.default_rng(2).normal(0, 0.02, len(rows))
    losses = [abs(r["kernel_size"] - 5) / 4 + float(e) for r, e in zip(rows, noise, strict=True)]
    found = importance_of(rows, losses, "min", replicates=10)
    first, *rest = found.params
    assert first.name == "kernel_size" and first.is_clear and first.importance > 0.4
    assert first.low > max(p.importance for p in rest)
    assert sum(p.importance for p in found.params) == pytest.approx(1)
    assert all(0 <= p.low <= p.importance <= p.high <= 1 for p in found.params)
    assert next(p for p in rest if p.name == "momentum").missing > 0
    assert found.runs == 120 and found.best == 12


def test_a_param_without_effect_is_rarely_clear() -> None:
    """With pure noise a param is called clear in about 5 % of cases."""
    clear = judged = 0
    for seed in range(16):
        rng = np.random.default_rng(100 + seed)
        rows = [{"a": float(rng.random()), "b": str(rng.choice(["x", "y"]))} for _ in range(40)]
        table = Observations.of(rows, rng.normal(size=40).tolist(), "max")
        found = judge_importance(table, replicates=1, seed=seed)
        clear += sum(p.is_clear for p in found.params)
        judged += len(found.params)
    assert clear <= 5 and judged == 32  # 5 % of 32 is 1.6; 6 or more has a probability of 0.4 %


def test_what_cannot_be_judged_is_said() -> None:
    """Constants, texts that differ everywhere, runs without a value, too few runs."""
    rng = np.random.default_rng(0)
    rows = [{"lr": float(rng.random()), "data": "v1", "out": f"/tmp/{i}"} for i in range(30)]
    values: list[float | None] = [r["lr"] for r in rows]
    values[0], values[1] = None, float("nan")
    found = importance_of(rows, values, "max", replicates=0)
    assert [p.name for p in found.params] == ["lr"] and found.left_out == 2
    assert {(a.name, a.reason) for a in found.aside} == {
        ("data", "is v1 in all of them"),
        ("out", "is a text with 28 different values"),
    }
    assert "too few" in importance_of(rows[:5], values[5:10], "max").remark
    assert "same value" in importance_of(rows, [1.0] * 30, "max").remark
    assert importance_of([{}] * 20, [float(i) for i in range(20)], "max").remark == (
        "No param varies."
    )


def test_a_range_is_what_the_space_says() -> None:
    """Values of a sweep keep their logarithm; without a space it is guessed from the values."""
    space = Space.parse(["lr=log(1e-4,1e-1)", "n=int(1,100)", "seed=1"])
    rows = [{"lr": 10 ** -(1 + i / 20), "n": 1 + i, "seed": 1} for i in range(40)]
    values = [float(i) for i in range(40)]
    known = Observations.of(rows, values, "min", space=space)
    guessed = Observations.of(rows, values, "min")
    assert [c.domain.text for c in known.columns] == ["log(0.0001,0.1)", "int(1,100)"]
    assert guessed.columns[0].domain.log and guessed.columns[1].domain.text == "int(1,40)"  # type: ignore[union-attr]
    assert [a.name for a in known.aside] == ["seed"]


def test_the_sentence_counts() -> None:
    """A value and a part of a range are named, with how often among the best and among all."""
    rows = tried(120, 3)
    losses = [abs(np.log10(r["lr"]) + 2.5) + abs(r["kernel_size"] - 5) / 4 for r in rows]
    found = find(rows, losses, "min")
    first = {f.param: f for f in found.findings}
    assert set(first) == {"lr", "kernel_size"}
    assert first["kernel_size"].value == 5
    assert first["kernel_size"].query == "params.kernel_size = 5"
    low, high = first["lr"].low, first["lr"].high
    assert low is not None and high is not None and 1e-4 < low < 10**-2.5 < high < 1e-1
    assert first["lr"].query == f"params.lr in {low!r}..{high!r}"
    for named in found.findings:
        inside = [i for i, r in enumerate(rows) if _has(r, named)]
        best = sorted(range(120), key=lambda i: losses[i])[:20]
        assert named.all_with == len(inside) and named.best == 20 and named.runs == 120
        assert named.best_with == len(set(inside) & set(best))
    assert found.sentence.startswith(f"{found.findings[0].what} is in ")
    assert "of the best 20 of 120 runs" in found.sentence


def _has(row: dict[str, Any], named: Any) -> bool:
    if named.low is None:
        return bool(row[named.param] == named.value)
    return bool(named.low <= row[named.param] <= named.high)


def test_noise_is_not_a_finding() -> None:
    """Where no param matters, a sentence names one in at most 5 % of cases."""
    named = 0
    for seed in range(150):
        rows = tried(60, seed)
        values = np.random.default_rng(1_000 + seed).normal(size=60)
        named += bool(describe(Observations.of(rows, values.tolist(), "max")).findings)
    assert named <= 13  # 5 % are 7.5; 14 or more has a probability of 2 %


def test_sentences_for_the_ends() -> None:
    """Too few runs, equal runs, nothing found: each is said."""
    assert find([], [], "min").sentence == "0 runs with a value are too few to say what matters."
    assert find([{"a": 1}], [1.0], "min").sentence.startswith("1 run with a value is too few")
    rows = [{"a": i % 3} for i in range(30)]
    assert find(rows, [0.5] * 30, "max").sentence == "All 30 runs are equally good."
    spread = find(rows, [float(i) for i in range(30)], "max")
    assert spread.sentence == (
        "Nothing stands out: the best 6 of 30 runs are spread as all of them are."
    )
