"""PatentLMM: patent figures in, descriptions out.

`import modeling_patentlmm` makes the Auto classes of transformers know PatentLMM: `AutoProcessor`, `AutoModel` and the
others then load its checkpoints without `trust_remote_code`. This imports torch, which takes seconds; run as a command
(`patentlmm`, `python -m modeling_patentlmm`) the package waits until one of its names is used or `register` is called.
The files beside this one travel with a checkpoint as remote code; this one and `__main__.py` do not.
"""

import functools
import importlib
import os
import sys

__version__ = "0.1.0"

_ORIGINS = {
    "PatentMMEConfig": "configuration_patentlmm",
    "PatentLMMConfig": "configuration_patentlmm",
    "PatentMMEModel": "modeling_patentmme",
    "PatentMMEForPreTraining": "modeling_patentmme",
    "PatentLMMModel": "modeling_patentlmm",
    "PatentLMMForConditionalGeneration": "modeling_patentlmm",
    "PatentLMMImageProcessor": "image_processing_patentlmm",
    "FigureError": "image_processing_patentlmm",
    "open_figure": "image_processing_patentlmm",
    "PatentLMMProcessor": "processing_patentlmm",
    "prompt_messages": "processing_patentlmm",
    "FigureReading": "ocr_patentlmm",
    "Word": "ocr_patentlmm",
    "read_figure": "ocr_patentlmm",
    "GroundedNumeralsLogitsProcessor": "numerals_patentlmm",
    "Inventory": "numerals_patentlmm",
    "find_references": "numerals_patentlmm",
    "take_inventory": "numerals_patentlmm",
    "Description": "describe_patentlmm",
    "Numeral": "describe_patentlmm",
    "describe": "describe_patentlmm",
    "describe_batch": "describe_patentlmm",
    "draw_overlay": "overlay_patentlmm",
    "load_checkpoint": "describe_patentlmm",
    "export": "export_patentlmm",
}
__all__ = ["register", *_ORIGINS]


@functools.cache
def register() -> None:
    """Tell transformers' Auto classes of our classes, and our classes to save their code beside a checkpoint.

    The only place that does; in the files that travel as remote code it would have no effect, or the wrong one.
    """
    import transformers

    from .configuration_patentlmm import PatentLMMConfig, PatentMMEConfig
    from .image_processing_patentlmm import PatentLMMImageProcessor
    from .modeling_patentlmm import PatentLMMForConditionalGeneration, PatentLMMModel
    from .modeling_patentmme import PatentMMEForPreTraining, PatentMMEModel
    from .processing_patentlmm import PatentLMMProcessor

    for config in (PatentMMEConfig, PatentLMMConfig):
        transformers.AutoConfig.register(config.model_type, config)
        config.register_for_auto_class()
    for config, model, names in (
        (PatentMMEConfig, PatentMMEModel, ["AutoModel"]),
        (PatentMMEConfig, PatentMMEForPreTraining, ["AutoModelForPreTraining"]),
        (PatentLMMConfig, PatentLMMModel, ["AutoModel"]),
        (
            PatentLMMConfig,
            PatentLMMForConditionalGeneration,
            ["AutoModelForImageTextToText", "AutoModelForCausalLM", "AutoModelForMultimodalLM"],
        ),
    ):
        for name in names:
            getattr(transformers, name).register(config, model)
        model.register_for_auto_class(names[0])
    transformers.AutoImageProcessor.register(PatentLMMConfig, image_processor_classes={"pil": PatentLMMImageProcessor})
    PatentLMMImageProcessor.register_for_auto_class()
    transformers.AutoProcessor.register(PatentLMMConfig, PatentLMMProcessor)
    PatentLMMProcessor.register_for_auto_class()


def _is_command() -> bool:
    # While `python -m package` looks for the package's __main__, sys.argv[0] is "-m".
    program = os.path.basename(sys.argv[0]) if sys.argv else ""
    return program in ("-m", "patentlmm", "patentlmm.exe")


def __getattr__(name: str):
    if name not in _ORIGINS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    register()
    return getattr(importlib.import_module(f".{_ORIGINS[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_ORIGINS])


if not _is_command():
    register()
