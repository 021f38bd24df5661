"""Kills a run again and again at random moments, and reads what its ledger held."""

from __future__ import annotations

import json
import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from support.faulty_server import FaultyServer

KILLS = 20


def kill_repeatedly(
    start: Callable[[], subprocess.Popen],
    server: FaultyServer,
    ledger: Path,
    *,
    kills: int = KILLS,
    most_answers: int = 10,
    in_flight: int | None = None,
    ends: tuple[int, ...] = (0,),
    seed: int = 0,
) -> list[set[tuple[str, str, str]]]:
    """Starts a run and kills it, again and again, then lets it end.

    Args:
        start: starts the command, always the same one.
        ledger: the run's `OUT.jsonl.tmp`.
        most_answers: each run is killed after a random number of new answers up to this one.
        in_flight: the calls that a run has in flight at most; no kill may cost more answers than that,
            and nothing else may cost any: what the ledger holds is not asked for again.
        ends: exit codes with which the last run, which is not killed, may end.

    Returns:
        The answered calls (id, step, fingerprint) that the ledger held after each kill.
    """
    rng = random.Random(seed)
    held = []
    lost = 0
    for _ in range(kills):
        target = len(server.answered) + rng.randint(0, most_answers)
        process = start()
        while len(server.answered) < target and process.poll() is None:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.02))
        assert process.poll() is None, "the run ended before it could be killed: give it more records"
        process.kill()
        process.wait()
        time.sleep(0.05)  # the server notices that its caller is gone
        held.append(answered_calls(ledger))
        lost_before, lost = lost, len(server.answered) - len(held[-1])
        assert in_flight is None or lost - lost_before <= in_flight, "a kill cost more answers than were in flight"
    assert start().wait(timeout=120) in ends
    at_rest = ledger.with_name(ledger.name.removesuffix(".jsonl.tmp") + ".calls.jsonl")
    paid_twice = len(server.answered) - len(answered_calls(at_rest))
    assert in_flight is None or paid_twice <= lost, "the last run paid for what the ledger held"
    return held


def answered_calls(ledger: Path) -> set[tuple[str, str, str]]:
    """The calls with a usable answer in the whole lines of a ledger."""
    if not ledger.exists():
        return set()
    lines = ledger.read_bytes().split(b"\n")[:-1]
    rows = [json.loads(line) for line in lines]
    return {(row["id"], row["step"], row["fingerprint"]) for row in rows if not {"unusable", "failed"} & row.keys()}
