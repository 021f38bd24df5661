"""Talking to models: registry, client, validated answers, and the resumable batch engine.

    spec = resolve("embedded")
    summary = run_map(records, work, out=path, spec=spec, record_id=…, on_failure=…)

`docs/batch.md` explains what a run leaves behind and how it resumes.
"""
