"""The suite of the studio on PostgreSQL: the same tests, another database."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.postgresql import PostgreSQL, binaries

pytestmark = pytest.mark.long

HERE = Path(__file__).parent
AGAIN = "STUDIO_SUITE_ON_POSTGRESQL"


@pytest.mark.skipif(AGAIN in os.environ, reason="this is the run on PostgreSQL")
def test_the_suite_passes_on_postgresql(tmp_path):
    pytest.importorskip("psycopg")
    if binaries() is None:
        pytest.skip("*** PostgreSQL is missing (apt-get install postgresql): its tests are skipped ***")
    files = [str(path) for path in HERE.glob("test_*.py") if "browser" not in path.name and "kill" not in path.name]
    with PostgreSQL() as address:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={tmp_path / 'pg'}", *files],
            env={**os.environ, "DATABASE_URL": address, AGAIN: "1"},
            capture_output=True,
            text=True,
            check=False,
            cwd=HERE.parents[1],
        )
    assert done.returncode == 0, done.stdout[-6000:]
