"""What is known of a sweep's trials: claims, ends, and what follows from them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from peira.core import ids
from peira.core.clock import now_s
from peira.core.errors import AmbiguousError, DamagedError, NotFoundError, UnsupportedError
from peira.record import lines, liveness
from peira.record.append import AppendFile
from peira.sweeps.decisions import decide
from peira.sweeps.definition import Definition, Function, Method, Objective, Retries
from peira.sweeps.folder import SweepFolder, find_sweep, make_sweep, new_sweep_id
from peira.sweeps.ledger import Ledger
from peira.sweeps.reading import list_sweeps, read_sweep
from peira.sweeps.records import Begun, Claim, End, Member, Valued
from peira.sweeps.space import Space
from peira.sweeps.study import SweepStudy
from peira.sweeps.task import Outcome, Task
from peira.sweeps.worker import Worker


def define(lab: Path, **options: Any) -> SweepFolder:
    """Write a sweep of a function that nothing calls."""
    wanted: dict[str, Any] = {
        "format": 1, "id": new_sweep_id(lab), "name": "s", "project": "p", "created": now_s(),
        "by": "ada", "function": Function(place="m:f", directory=str(lab.parent), name="f"),
        "space": Space.parse(["x=float(0,1)"]),
        "objectives": (Objective(metric="y", direction="minimize"),), "trials": 4,
        "sampler": Method(name="random"),
    }  # fmt: skip
    return make_sweep(lab, Definition(**{**wanted, **options}))


class Squared:
    """Runs a trial without a run."""

    def __init__(self, wait_s: float = 0.0) -> None:
        self.wait_s = wait_s
        self.ran: list[int] = []

    def run(self, task: Task) -> Outcome:
        self.ran.append(task.number)
        time.sleep(self.wait_s)
        x = task.params["x"]
        assert isinstance(x, float)
        return Outcome(state="complete", values=(x * x,))

    def close(self) -> None:
        pass


def claim(folder: SweepFolder, trial: int, attempt: int = 1, **other: Any) -> Claim:
    """Claim a trial as this process."""
    told: dict[str, Any] = {
        "trial": trial, "attempt": attempt, "time": now_s(), "params": {"x": 0.5},
        "writer": "aaaaaa", "host": liveness.host(), "boot": liveness.boot_id(),
        "pid": os.getpid(), "pid_started": liveness.process_started(os.getpid()),
    }  # fmt: skip
    made = Claim(**{**told, **other})
    assert folder.claim(made)
    return made


def enlist(folder: SweepFolder, made: Claim) -> Path:
    path = folder.workers / f"{made.writer}.json"
    member = Member(writer=made.writer, host=made.host, boot=made.boot, pid=made.pid,
                    pid_started=made.pid_started, time=now_s())  # fmt: skip
    path.write_bytes(msgspec.json.encode(member))
    return path


def caught_up(folder: SweepFolder) -> Ledger:
    ledger = Ledger(folder)
    ledger.catch_up()
    return ledger


def test_two_workers_race_for_each_trial_and_each_is_run_once(lab: Path) -> None:
    """Threads of one process, each a worker with its own claims."""
    folder = define(lab, trials=60)
    found = [Squared(), Squared(0.001), Squared()]
    threads = [threading.Thread(target=Worker(folder, one).work) for one in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ran = sorted(number for one in found for number in one.ran)
    assert ran == list(range(60)) and all(one.ran for one in found)
    assert read_sweep(lab, "s").trials.state == ["complete"] * 60


def test_a_claim_whose_answer_got_lost_is_kept(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NFS repeats a request whose answer it lost, and is then told that the name is there."""
    folder = define(lab)
    link = os.link

    def twice(source: Path, target: Path) -> None:
        link(source, target)
        link(source, target)

    monkeypatch.setattr(os, "link", twice)
    claim(folder, 0)
    monkeypatch.undo()
    with pytest.raises(AssertionError):
        claim(folder, 0)


def test_signs_of_life_go_on_after_a_fault(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that fails once does not make a worker silent for good."""
    folder = define(lab, trials=1)
    faults = []

    def fail(path: Path) -> None:
        faults.append(path)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("peira.sweeps.worker.PULSE_S", 0.01)
    monkeypatch.setattr(os, "utime", fail)
    Worker(folder, Squared(0.3)).work()
    assert len(faults) > 1 and {path.parent for path in faults} == {folder.workers}


def test_draws_do_not_depend_on_the_number_of_workers(lab: Path) -> None:
    """Of samplers that do not look at results."""
    for sampler in ("random", "qmc"):
        found = []
        for count in (1, 3):
            folder = define(lab, trials=16, seed=11, sampler=Method(name=sampler))
            threads = [
                threading.Thread(target=Worker(folder, Squared(0.002)).work) for _ in range(count)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            found.append(read_sweep(lab, folder.id).trials.params)
        assert found[0] == found[1]
        assert len(set(found[0]["x"])) == 16


def test_a_worker_of_another_machine_lives_while_it_gives_signs(lab: Path) -> None:
    """By the time of its file; a claim of one that is silent is free again."""
    folder = define(lab)
    made = claim(folder, 0, host="elsewhere", boot="b")
    path = enlist(folder, made)
    ledger = caught_up(folder)
    assert ledger.state(0) == "running" and ledger.next_free() == (1, 1)
    assert [member.host for member in ledger.members()] == ["elsewhere"]
    os.utime(path, (now_s() - 90, now_s() - 90))
    assert ledger.state(0) == "killed" and ledger.next_free() == (0, 2)
    path.unlink()
    assert ledger.members() == []


def test_two_hosts_over_one_folder_run_each_trial_once(
    lab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker of one host takes over what another host's left when it fell silent."""
    folder = define(lab, trials=6)
    own = Squared()
    left = claim(folder, 2, host="other", boot="other", writer="bbbbbb")
    path = enlist(folder, left)
    os.utime(path, (now_s() - 90, now_s() - 90))
    Worker(folder, own).work()
    assert sorted(own.ran) == [0, 1, 2, 3, 4, 5]
    reading = read_sweep(lab, "s")
    assert reading.trials.attempt == [1, 1, 2, 1, 1, 1]


def test_a_process_that_lives_and_has_left_the_sweep_is_no_worker(lab: Path) -> None:
    """A notebook whose cell was interrupted lives on."""
    folder = define(lab)
    made = claim(folder, 0)
    path = enlist(folder, made)
    ledger = caught_up(folder)
    assert ledger.state(0) == "running"
    path.unlink()
    assert ledger.state(0) == "killed" and ledger.next_free() == (0, 2)


def test_an_end_that_is_told_late_is_seen_before_the_trial_is_run_again(lab: Path) -> None:
    """The worker ended the trial and left between two looks."""
    folder = define(lab, trials=1)
    made = claim(folder, 0)
    path = enlist(folder, made)
    other = Squared()
    worker = Worker(folder, other)
    worker._catch_up()
    end = End(trial=0, attempt=1, time=now_s(), state="complete", values=(1.0,), params={"x": 1.0},
              started=made.time)  # fmt: skip
    file = AppendFile(folder.told("aaaaaa"))
    file.append(lines.encode(end))
    file.close()
    path.unlink()
    assert worker.ledger.next_free() == (0, 2)  # what it knows is old
    assert worker.work() == 0 and other.ran == []


def test_the_program_of_a_trial_that_another_worker_has_claimed_is_left_alone(lab: Path) -> None:
    """It was free when this worker looked for one, and is not any more."""
    folder = define(lab, trials=1)
    late = Worker(folder, Squared())
    late._catch_up()
    assert late.ledger.next_free() == (0, 1)
    enlist(folder, claim(folder, 0))
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as program:
        started = liveness.process_started(program.pid)
        told = Begun(trial=0, attempt=1, time=now_s(), run="r", program=program.pid,
                     program_started=started)  # fmt: skip
        file = AppendFile(folder.told("aaaaaa"))
        file.append(lines.encode(told))
        file.close()
        assert not late._try(0, 1) and not late._try(0, 2)
        assert program.poll() is None
        program.communicate(b"\n")
    assert program.returncode == 0


def test_retries_are_counted_by_how_a_trial_ended(lab: Path) -> None:
    """A stopped trial is always run again; a failed one so often as was asked for."""
    folder = define(lab, retries=Retries(killed=1, failed=1))

    def end(attempt: int, state: str, stopped: bool = False) -> None:
        made = claim(folder, 0, attempt)
        told = End(trial=0, attempt=attempt, time=now_s(), state=state,  # type: ignore[arg-type]
                   params=made.params, started=made.time, stopped=stopped)  # fmt: skip
        file = AppendFile(folder.told(ids.new_writer_id()))
        file.append(lines.encode(told))
        file.close()

    end(1, "killed", stopped=True)
    assert caught_up(folder).next_free() == (0, 2)
    end(2, "killed")
    assert caught_up(folder).next_free() == (0, 3)
    end(3, "failed")
    assert caught_up(folder).next_free() == (0, 4)
    end(4, "killed")
    assert caught_up(folder).next_free() == (1, 1)


def test_a_torn_line_costs_that_line(lab: Path) -> None:
    """What is told later counts, and the damage is known."""
    folder = define(lab)
    Worker(folder, Squared()).work()
    (path,) = folder.path.glob("told.*.jsonl")
    data = bytearray(path.read_bytes())
    data[10] ^= 1
    path.write_bytes(bytes(data) + b'{"kind":"end"')
    ledger = caught_up(folder)
    assert len(ledger.damages) == 1
    assert ledger.state(0) == "killed"  # its end cannot be read, and nobody is at it
    assert [ledger.state(n) for n in (1, 2, 3)] == ["complete"] * 3


def test_what_people_decide_stands_until_the_next(lab: Path) -> None:
    """Pause, resume, stop; extensions add."""
    folder = define(lab, budget_s=10.0)
    decide(folder, "pause")
    assert caught_up(folder).is_paused
    decide(folder, "resume")
    assert not caught_up(folder).is_paused
    decide(folder, "extend", trials=3)
    decide(folder, "extend", budget_s=5.0)
    decide(folder, "stop")
    ledger = caught_up(folder)
    assert (ledger.trials_asked, ledger.budget_s) == (7, 15.0)
    assert ledger.is_stopped and ledger.is_over
    assert list_sweeps(lab, "p")[0].state == "stopped" and list_sweeps(lab, "q") == []


def test_a_sweep_is_made_once(lab: Path) -> None:
    """Who is second, or comes after a process that died over it, leaves nothing behind."""
    folder = define(lab)
    (lab / "sweeps" / f".new-{folder.id}").mkdir()
    with pytest.raises(OSError, match=folder.id):
        make_sweep(lab, folder.read())
    assert {path.name for path in (lab / "sweeps").iterdir()} == {folder.id, f".new-{folder.id}"}


def test_the_time_worked_counts_each_moment_once(lab: Path) -> None:
    """Two trials at the same time take no longer than one, and a pause takes none."""
    folder = define(lab)
    file = AppendFile(folder.told("aaaaaa"))
    for trial, (begin, stop) in enumerate([(100, 110), (105, 115), (200, 201)]):
        file.append(lines.encode(End(trial=trial, attempt=1, time=float(stop), state="complete",
                    values=(1.0,), params={}, started=float(begin))))  # fmt: skip
    file.close()
    assert caught_up(folder).worked_s() == 16.0


def test_sweeps_are_found_by_what_a_person_types(lab: Path) -> None:
    """Id, start or end of it, name, last; otherwise the message says what there is."""
    now = now_s()  # two that are made within a millisecond have no order
    first = define(lab, name="a", id=ids.new_run_id(now))
    second = define(lab, name="b", id=ids.new_run_id(now + 0.01))
    for text, wanted in {
        "a": first,
        "last": second,
        second.id: second,
        first.id[-5:]: first,
    }.items():
        assert find_sweep(lab, text) == wanted
    with pytest.raises(NotFoundError):
        find_sweep(lab, "nobody")  # no id holds a y
    define(lab, name="a")
    with pytest.raises(AmbiguousError):
        find_sweep(lab, "a")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda text: text.replace('"format": 1', '"format": 2'), UnsupportedError),
        (lambda text: text[:40], DamagedError),
    ],
)
def test_a_definition_that_cannot_be_read_is_told(
    lab: Path, change: Callable[[str], str], error: type[Exception]
) -> None:
    """A newer format, a damaged file; the list of sweeps passes it over."""
    folder = define(lab)
    path = folder.path / "sweep.json"
    path.write_text(change(path.read_text()))
    with pytest.raises(error):
        folder.read()
    assert list_sweeps(lab) == []


def test_every_sampler_draws_within_the_space(lab: Path) -> None:
    """Fed with results, running, pruned and failed trials."""
    space = Space.parse(["x=log(1e-3,1)", "n=int(1,9,2)", "c=a,b", "m=0..1 if c == a"])
    for name in ("tpe", "random", "qmc", "nsga2", "brute"):
        folder = define(lab, space=Space.parse(["n=int(1,9,2)", "c=a,b"]) if name == "brute"
                        else space, sampler=Method(name=name), trials=12)  # fmt: skip

        class Execution(Squared):
            def run(self, task: Task) -> Outcome:
                state = ["complete", "pruned", "failed", "complete"][task.number % 4]
                task.report(1, float(task.number))
                values = (float(task.number),) if state == "complete" else ()
                return Outcome(state=state, values=values)  # type: ignore[arg-type]

        Worker(folder, Execution()).work()
        ledger = caught_up(folder)
        for entry in ledger.trials.values():
            ledger.definition.space.check(entry.last.params)
        draw = SweepStudy(ledger).draw(12)
        ledger.definition.space.check(draw.params)


def test_a_value_that_was_told_is_not_computed_again(lab: Path) -> None:
    """The worker was killed after it, before the end of the trial."""
    folder = define(lab, trials=2)
    claim(folder, 0)
    told = Valued(trial=0, attempt=1, time=now_s(), values=(0.25,))
    file = AppendFile(folder.told("aaaaaa"))
    file.append(lines.encode(told))
    file.close()
    other = Squared()
    Worker(folder, other).work()
    trials = read_sweep(lab, "s").trials
    assert other.ran == [1] and trials.state == ["complete"] * 2
    assert (trials.values[0][0], trials.attempt) == (0.25, [1, 1])
    assert "worker was killed" in trials.reason[0]


def test_a_claim_that_a_crash_of_the_system_emptied_is_dead(lab: Path) -> None:
    """A young one may only be late; the trial is drawn anew."""
    folder = define(lab, trials=1)
    path = folder.trials / "000000.1.json"
    path.touch()
    assert caught_up(folder).trials == {}
    os.utime(path, (now_s() - 90, now_s() - 90))
    own = Squared()
    Worker(folder, own).work()
    trials = read_sweep(lab, "s").trials
    assert own.ran == [0] and (trials.state, trials.attempt) == (["complete"], [2])
