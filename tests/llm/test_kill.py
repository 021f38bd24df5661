"""Kill -9 at random moments loses no row, doubles none, and pays for no answered call again."""

import json
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import pytest

from support import killed_run
from support.faulty_server import FaultyServer
from support.kills import kill_repeatedly

pytestmark = pytest.mark.long

FAULTS = {"429": 0.05, "500": 0.05, "stall": 0.02, "cut": 0.05, "half-body": 0.04, "half-json": 0.04, "fenced": 0.05}
FAULTS |= {"wrong-type": 0.04, "empty": 0.03, "slow": 0.05, "refusal": 0.05}


def test_twenty_kills(tmp_path):
    out = tmp_path / "out.jsonl"
    count = 80
    with FaultyServer(seed=11, faults=FAULTS, delay=0.02) as server:
        command = [sys.executable, killed_run.__file__, server.base_url, str(out), str(count)]
        held = kill_repeatedly(
            lambda: subprocess.Popen(command),
            server,
            tmp_path / "out.jsonl.tmp",
            in_flight=killed_run.CONCURRENCY,
        )
        resumed = [json.loads(line) for line in out.read_text().splitlines()]
        answered = len(server.answered)
        server.faults.clear()
        assert subprocess.run(command, check=False).returncode == 0

    ids = [f"r{number}" for number in range(count)]
    assert [row["id"] for row in resumed] == ids, "every record once, in order"
    refused = [row["id"] for row in resumed if row.get("error") == "refusal"]
    assert refused, "a refusal is an error row"

    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["id"] for row in rows] == ids
    assert not any("error" in row for row in rows), "what was refused is asked again by the next run"
    assert [row for row in rows if row in resumed] == [row for row in resumed if "error" not in row]
    assert len(server.answered) - answered <= 3 * sum("error" in row for row in resumed), "and nothing else is"

    calls = [json.loads(line) for line in (tmp_path / "out.calls.jsonl").read_text().splitlines()]
    good = [row for row in calls if not {"unusable", "failed"} & row.keys()]
    usable = Counter((row["id"], row["step"], row["fingerprint"]) for row in good)
    assert set(usable.values()) == {1}, "no answered call was asked again"
    assert len(usable) == 3 * count
    assert all(before <= after for before, after in pairwise(held)), "nothing held was lost"
    assert len(held[-1]) > 50, "the kills fell into the middle of the work"
