"""What re-runs said: stored in the journal, known from both runs."""

from __future__ import annotations

from pathlib import Path

import msgspec

from peira.lab.lab import Lab
from peira.lab.verifications import DETERMINISTIC, VERIFIED, Determinism, Verdict, Verification
from tests.lab.writing import RunFiles


def two_runs(root: Path) -> tuple[RunFiles, RunFiles]:
    runs = RunFiles(root, "first"), RunFiles(root, "again")
    for run in runs:
        run.end()
    return runs


def verified(a: str, b: str, outcome: str = "exact") -> tuple[str, Verification]:
    verdict = Verdict(outcome=outcome, because="4 metrics", metrics=4)  # type: ignore[arg-type]
    return f"{a}/{b}", Verification(original=a, rerun=b, verdict=verdict, reruns=[b])


def test_a_verification_is_known_from_both_runs(tmp_path: Path) -> None:
    """Original and re-run tell the same record, with who asked and when."""
    first, again = two_runs(tmp_path)
    with Lab(tmp_path) as lab:
        decision = lab.journal.append(VERIFIED, *verified(first.id, again.id))
        for run in (first, again):
            (found,) = lab.verifications(run.id)
            assert (found.original, found.rerun) == (first.id, again.id)
            assert (found.by, found.time) == (decision.by, decision.time)
            assert found.sentence == "reproduced exactly: 4 metrics"
            assert lab.run(run.id).verifications == [found]


def test_a_later_check_of_the_same_two_runs_stands(tmp_path: Path) -> None:
    """Other re-runs are listed beside it, the latest first."""
    first, again = two_runs(tmp_path)
    other = RunFiles(tmp_path, "other")
    with Lab(tmp_path) as lab:
        for rerun, outcome in ((again, "noise"), (other, "different"), (again, "exact")):
            lab.journal.append(VERIFIED, *verified(first.id, rerun.id, outcome))
        found = lab.verifications(first.id)
        assert [(v.rerun, v.verdict.outcome) for v in found] == [
            (again.id, "exact"),
            (other.id, "different"),
        ]


def test_both_runs_count_as_changed(tmp_path: Path) -> None:
    """Who follows a run learns of the check, whichever of the two it is."""
    first, again = two_runs(tmp_path)
    with Lab(tmp_path) as lab:
        before = {run.id: lab.run(run.id).rev for run in (first, again)}
        lab.journal.append(VERIFIED, *verified(first.id, again.id))
        assert all(lab.run(id).rev > rev for id, rev in before.items())


def test_a_record_of_a_newer_peira_is_passed_over(tmp_path: Path) -> None:
    """An outcome that this version does not know costs the others nothing."""
    first, again = two_runs(tmp_path)
    with Lab(tmp_path) as lab:
        id, value = verified(first.id, again.id)
        newer = msgspec.to_builtins(value)
        newer["verdict"]["outcome"] = "almost"
        lab.journal.append(VERIFIED, id, newer)
        assert lab.verifications(first.id) == []


def test_the_last_probe_stands(tmp_path: Path) -> None:
    """Determinism is a fact about one run, told by the latest probe."""
    first, again = two_runs(tmp_path)
    with Lab(tmp_path) as lab:
        assert lab.determinism(first.id) is None
        for is_deterministic in (False, True):
            probe = Determinism(is_deterministic=is_deterministic, runs=[again.id], host="tower")
            lab.journal.append(DETERMINISTIC, first.id, probe)
        found = lab.run(first.id).determinism
        assert found is not None and found.is_deterministic
