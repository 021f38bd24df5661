"""Merges a LoRA adapter into its base model: `python -m coig_writer.infer.models.merge ADAPTER OUT`.

A process of its own, since what it loads is large and is wanted for a moment only.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def merge(adapter: Path, out: Path) -> None:
    """Writes the whole model, with the adapter's tokenizer if it has one, else the base's."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    base = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))["base_model_name_or_path"]
    model = AutoModelForCausalLM.from_pretrained(base, dtype="auto")
    PeftModel.from_pretrained(model, str(adapter)).merge_and_unload().save_pretrained(out)
    has_tokenizer = (adapter / "tokenizer_config.json").is_file()
    AutoTokenizer.from_pretrained(str(adapter) if has_tokenizer else base).save_pretrained(out)


if __name__ == "__main__":
    merge(*map(Path, sys.argv[1:]))
