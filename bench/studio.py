"""How long do people wait at the studio, alone and with others, and at Label Studio on the same machine?

    python bench/studio.py
    python bench/studio.py --label-studio path/to/venv/bin/label-studio
    python bench/studio.py --label-studio path/to/venv/bin/label-studio --steps open submit

Serves a thousand items of 3,600 characters on loopback from SQLite, by each program's own command, and lets 1, 20 and
50 clients work without a pause, at both with the same requests in the same order: open an item, save a draft twice,
list thirty, submit 1,400 characters with six scores. Where one kind of request makes the others wait in a queue, fewer
of them are under way at a time: `--steps` leaves kinds out, down to one by itself. What only this studio does, checks
while somebody types, is measured afterwards by itself. Prints p50 and p95 in milliseconds, errors, memory and the time
to start.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))


from support.label_studio import LabelStudio
from support.served_studio import ServedStudio
from support.studio_client import StudioClient

ITEMS, LENGTH, HELD = 1000, 3600, 3
STEPS = ["open", "autosave", "list", "submit"]
SCORES = {
    f"{part}_{kind}": 8 + (kind == "quality")
    for part in ("article", "prompt", "reasoning")
    for kind in ("quality", "creativity")
}
STARTER = Path(__file__).parents[1] / "src" / "coig_writer" / "data" / "starter" / "triplets.jsonl"
ROWS = [json.loads(line) for line in STARTER.read_text(encoding="utf-8").splitlines()]


def _sentences(texts: list[str]) -> list[str]:
    return [sentence + "。" for text in texts for sentence in re.split("[。\n]+", text) if len(sentence) > 5]


READ = _sentences([row["article"]["text"] for row in ROWS])
WRITTEN = _sentences([row[part] for row in ROWS for part in ("prompt", "reasoning")])


def text(length: int, seed: int, sentences: list[str] = READ) -> str:
    """Chinese of so many characters: sentences of the packaged articles, or of what was written to them, mixed."""
    chance = random.Random(seed)
    found = ""
    while len(found) < length:
        found += "".join(chance.sample(sentences, 4)) + "\n"
    return found[:length].rstrip()


def written(seed: int) -> dict[str, str]:
    """1,400 characters as a person may have written them."""
    return {"prompt": text(400, seed, WRITTEN), "reasoning": text(1000, -seed, WRITTEN)}


@dataclass
class Measured:
    """Waiting times in milliseconds by what was done, and what went wrong."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)

    def add(self, what: str, started: float, ok: bool, told: object = "") -> None:
        self.times[what].append((time.perf_counter() - started) * 1000)
        if not ok:
            self.errors.append(f"{what}: {told}")


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def memory(pid: int) -> float:
    """Resident MB of a process and its children."""
    total = 0.0
    for process in [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]:
        status = Path(f"/proc/{process}/status").read_text()
        total += int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024
    return total


async def one_author(
    client: StudioClient,
    held: list[str],
    until: float,
    measured: Measured,
    seed: int,
    submitted: list[str],
    steps: list[str],
) -> None:
    """Goes round the items that it holds; what it submits is below the gate, so it keeps them."""
    bases = dict.fromkeys(held, 0)
    while time.perf_counter() < until:
        item = held[seed % HELD]
        seed += 1
        content = {
            "prompt": text(400, seed, WRITTEN),
            "reasoning": text(1000, -seed, WRITTEN),
            **SCORES,
            "coherent": "no",
        }
        if "open" in steps:
            started = time.perf_counter()
            page = await client.page(item)
            measured.add("open", started, 'id="work"' in page)
            bases[item] = int(page.split('data-version="')[1].split('"')[0])
        if "autosave" in steps:
            for turn in range(2):
                started = time.perf_counter()
                changed = {**content, "prompt": content["prompt"][: 200 + turn]}
                status, told = await client.save(item, bases[item], **changed)
                measured.add("autosave", started, status == 200, told[:200])
                bases[item] = json.loads(told).get("version", bases[item])
        if "list" in steps:
            started = time.perf_counter()
            await client.page("/projects/1/items?page=2")
            measured.add("list 30", started, True)
        if "submit" in steps:
            started = time.perf_counter()
            status, _, told = await client.post(f"{item}submit", base=bases[item], **content)
            measured.add("submit", started, status == 302, told[:200])
            bases[item] += status == 302
            submitted.append(item)


async def one_typist(client: StudioClient, held: list[str], until: float, measured: Measured, seed: int) -> None:
    """Has ever new wording checked, as the page does whenever somebody stops typing."""
    while time.perf_counter() < until:
        seed += 1
        content = {**written(seed), "base": 0}
        started = time.perf_counter()
        status, _, told = await client.post(f"{held[0]}check", scripted=True, **content)
        measured.add("check", started, status == 200, told[:200])


async def load(
    served: ServedStudio, accounts: list[tuple[str, str]], seconds: float, steps: list[str]
) -> tuple[Measured, list[str]]:
    measured, submitted = Measured(), []
    clients = [StudioClient(served.address, *account) for account in accounts]
    held = []
    for client in clients:
        await client.__aenter__()
        held.append([await client.claim() for _ in range(HELD)])
    until = time.perf_counter() + seconds
    await asyncio.gather(
        *(
            one_author(client, held[at], until, measured, 1000 * at, submitted, steps)
            for at, client in enumerate(clients)
        )
    )
    until = time.perf_counter() + seconds / 2
    if len(steps) == len(STEPS):
        await asyncio.gather(
            *(one_typist(client, held[at], until, measured, 10**6 + 1000 * at) for at, client in enumerate(clients))
        )
    for client in clients:
        await client.__aexit__()
    return measured, submitted


def show(name: str, clients: int, measured: Measured) -> None:
    for what, values in measured.times.items():
        p50, p95 = percentile(values, 0.5), percentile(values, 0.95)
        print(
            f"{name:<13} {clients:>3} clients  {what:<9} p50 {p50:8.1f}  p95 {p95:8.1f}  n {len(values):>5}", flush=True
        )
    print(f"{name:<13} {clients:>3} clients  errors {len(measured.errors)}", *measured.errors[:3], sep="  ", flush=True)


def studio(folder: Path, seconds: float, workers: int, crowds: list[int], steps: list[str]) -> None:
    data = folder / "items.jsonl"
    with open(data, "w", encoding="utf-8") as file:
        for number in range(ITEMS):
            row = {
                "id": f"{number:016x}",
                "text": text(LENGTH, number),
                "title": f"第 {number} 篇",
                "genre": "fiction_story",
                "language": "zh",
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    served = ServedStudio(folder / "studio", "--workers", str(workers))
    served.command("import", str(data), "--project", "bench")
    names = [f"writer-{n}" for n in range(sum(crowds))]
    with ThreadPoolExecutor(2) as pool:
        passwords = pool.map(lambda name: served.account(name, "bench", "annotator", "inspector"), names)
        accounts = list(zip(names, passwords, strict=True))
    started = time.perf_counter()
    with served:
        print(f"studio        started in {time.perf_counter() - started:.2f} s", flush=True)
        for clients in crowds:
            measured, submitted = asyncio.run(load(served, [accounts.pop() for _ in range(clients)], seconds, steps))
            show("studio", clients, measured)
            check_submissions(served, submitted)
        assert served.process is not None
        print(f"studio        {memory(served.process.pid):.0f} MB", flush=True)


def check_submissions(served: ServedStudio, submitted: list[str]) -> None:
    """Each acknowledged submission is in the audit log; none twice."""
    import sqlite3

    with sqlite3.connect(served.folder / "studio.sqlite3") as database:
        rows = database.execute("SELECT item_id, detail FROM studio_auditentry WHERE action = 'submit'").fetchall()
    keys = [(item, json.loads(detail)["version"]) for item, detail in rows]
    stored = defaultdict(int)
    for item, _ in keys:
        stored[f"/items/{item}/"] += 1
    lost = [item for item in set(submitted) if stored[item] < submitted.count(item)]
    print(
        f"studio        {len(submitted)} submitted, {len(lost)} lost, {len(keys) - len(set(keys))} doubled", flush=True
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--label-studio", type=Path, help="the label-studio command of another environment")
    parser.add_argument("--seconds", type=float, default=20, help="for each number of clients")
    parser.add_argument("--workers", type=int, default=1, help="processes of the studio")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 20, 50])
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=STEPS, help="kinds of requests that clients send")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        studio(Path(folder), chosen.seconds, chosen.workers, chosen.clients, chosen.steps)
        if chosen.label_studio:
            with LabelStudio(chosen.label_studio, Path(folder) / "peer") as peer:
                print(f"label-studio  started in {peer.start_seconds:.1f} s", flush=True)
                peer.fill([text(LENGTH, number) for number in range(ITEMS)])
                for clients in chosen.clients:
                    measured = Measured()
                    asyncio.run(peer.load(clients, chosen.seconds, measured.add, text(1400, 7, WRITTEN), chosen.steps))
                    show("label-studio", clients, measured)
                print(
                    f"label-studio  {memory(peer.process.pid):.0f} MB, {peer.locked()} 'database is locked' in its log"
                )


if __name__ == "__main__":
    main()
