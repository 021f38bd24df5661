"""Models that are more than an address: written in Python, or lying in a folder.

To add a model of your own, put a file beside this one and register it in `MODELS`:

    from coig_writer.infer.models.mine import Mine

    MODELS = {"mine": Mine}

A model is a class (or any function without arguments) that gives a `TextModel`, or a `ModelSpec` when there is a server
already. Packages can bring models too, by an entry point of the group `coig_writer.models`. `docs/infer.md` has the
whole of both, and the third way: a table in `models.toml`, without any code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import entry_points
from pathlib import Path

from coig_writer.errors import CoigError, ModelError
from coig_writer.infer.models.base import TextModel
from coig_writer.infer.models.checkpoint import is_checkpoint, serving_checkpoint
from coig_writer.infer.models.loopback import serving_model
from coig_writer.llm.embedded import serving
from coig_writer.llm.registry import ModelSpec, resolve

__all__ = ["MODELS", "TextModel", "model_names", "opened"]

GROUP = "coig_writer.models"
MODELS: dict[str, Callable[[], TextModel | ModelSpec]] = {}
"""Name → what makes the model. Register yours here."""


def model_names() -> list[str]:
    """The registered models: of this folder, and of installed packages."""
    return sorted({*MODELS, *(point.name for point in entry_points(group=GROUP))})


@contextmanager
def opened(name: str) -> Iterator[ModelSpec]:
    """The model that `name` stands for, answering at its `base_url` for the length of the block.

    Args:
        name: a registered model, a folder with a checkpoint or LoRA adapter, or what `llm.registry.resolve` knows.

    Raises:
        SettingError: there is no such model.
        ModelError: it cannot be started; says why.
    """
    with ExitStack() as stack:
        spec: ModelSpec
        if made := _made(name):
            spec = made if isinstance(made, ModelSpec) else stack.enter_context(serving_model(name, made))
        elif is_checkpoint(Path(name)):
            spec = stack.enter_context(serving_checkpoint(Path(name)))
        else:
            spec = resolve(name)
        yield stack.enter_context(serving(spec))


def _made(name: str) -> TextModel | ModelSpec | None:
    maker = MODELS.get(name)
    try:
        if maker is None:
            point = next(iter(entry_points(group=GROUP, name=name)), None)
            maker = point.load() if point else None
        return maker() if maker else None
    except CoigError:
        raise
    except Exception as error:  # whatever somebody's own code raises
        raise ModelError(
            f"model {name!r} cannot be made: {type(error).__name__}: {error}",
            remedy="Mend its file; docs/infer.md has a complete example.",
        ) from error
