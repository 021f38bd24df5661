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
    seed: int = 0,
) -> list[set[tuple[str, str, str]]]:
    """Starts a run and kills it, again and again, then lets it end.

    Args:
        start: starts the command, always the same one.
        ledger: the run's `OUT.jsonl.tmp`.
        most_answers: each run is killed after a random number of new answers up to this one.

    Returns:
        The answered calls (id, step, fingerprint) that the ledger held after each kill.
    """
    rng = random.Random(seed)
    held = []
    for _ in range(kills):
        target = len(server.answered) + rng.randint(0, most_answers)
        process = start()
        while len(server.answered) < target and process.poll() is None:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.02))
        assert process.poll() is None, "the run ended before it could be killed: give it more records"
        process.kill()
        process.wait()
        held.append(answered_calls(ledger))
    assert start().wait(timeout=120) == 0
    return held


def answered_calls(ledger: Path) -> set[tuple[str, str, str]]:
    """The calls with a usable answer in the whole lines of a ledger."""
    if not ledger.exists():
        return set()
    lines = ledger.read_bytes().split(b"\n")[:-1]
    rows = [json.loads(line) for line in lines]
    return {(row["id"], row["step"], row["fingerprint"]) for row in rows if not {"unusable", "failed"} & row.keys()}
