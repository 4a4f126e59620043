"""Tiny random forms of library vision-language models, made on the spot: no network, no torchvision."""

from pathlib import Path

from transformers import PreTrainedTokenizerFast, set_seed

from tests.tiny import byte_bpe

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message.role }}: {% for block in message.content %}"
    "{% if block.type == 'image' %}IMAGE{% else %}{{ block.text }}{% endif %}{% endfor %}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)
TEXT = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
VISION = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}


def tokenizer(*special: str, **options) -> PreTrainedTokenizerFast:
    """A byte-level tokenizer with `<pad>`, `<s>`, `</s>` and `special`."""
    return PreTrainedTokenizerFast(
        tokenizer_object=byte_bpe("<pad>", "<s>", "</s>", *special),
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        **(options or {"additional_special_tokens": list(special)}),
    )


def ends(words) -> dict:
    return {"pad_token_id": words.pad_token_id, "bos_token_id": words.bos_token_id, "eos_token_id": words.eos_token_id}


def llava():
    """LLaVA: CLIP, a projector and LLaMA; 32-pixel images, 16 patches."""
    from transformers import (
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    words = tokenizer("<image>")
    size = {"height": 32, "width": 32}
    processor = LlavaProcessor(
        CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=size),
        words,
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHAT_TEMPLATE.replace("IMAGE", "<image>"),
    )
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(image_size=32, patch_size=8, projection_dim=32, **VISION),
        text_config=LlamaConfig(vocab_size=len(words), **TEXT, **ends(words)),
        image_token_index=words.convert_tokens_to_ids("<image>"),
        **ends(words),
    )
    set_seed(0)
    return LlavaForConditionalGeneration(config).eval(), processor


def idefics3():
    """Idefics3, the form of SmolVLM: SigLIP, pixel shuffle and LLaMA."""
    from transformers import Idefics3Config, Idefics3ForConditionalGeneration, Idefics3Processor, LlamaConfig
    from transformers.models.idefics3.configuration_idefics3 import Idefics3VisionConfig
    from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil

    tiles = [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)]
    words = tokenizer("<image>", "<fake_token_around_image>", "<end_of_utterance>", "<global-img>", *tiles)
    image_processor = Idefics3ImageProcessorPil(
        size={"longest_edge": 32}, max_image_size={"longest_edge": 32}, do_image_splitting=False
    )
    template = CHAT_TEMPLATE.replace("IMAGE", "<image>")
    processor = Idefics3Processor(image_processor, words, image_seq_len=4, chat_template=template)
    config = Idefics3Config(
        vision_config=Idefics3VisionConfig(image_size=32, patch_size=8, **VISION),
        text_config=LlamaConfig(vocab_size=len(words), **TEXT, **ends(words)),
        image_token_id=words.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        **{name: value for name, value in ends(words).items() if name == "pad_token_id"},
    )
    set_seed(0)
    return Idefics3ForConditionalGeneration(config).eval(), processor


def qwen2_vl():
    """Qwen2-VL: dynamic resolution and rotary positions in three dimensions.

    Its processor cannot be made without torchvision, which reads videos; this one leaves them out and cannot be saved.
    """
    from transformers import ProcessorMixin, Qwen2VLConfig, Qwen2VLForConditionalGeneration, Qwen2VLProcessor
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    class ImagesOnly(Qwen2VLProcessor):
        def __init__(self, image_processor=None, tokenizer=None, chat_template=None):
            self.image_token, self.video_token = "<|image_pad|>", "<|video_pad|>"
            self.image_token_id, self.video_token_id = tokenizer.convert_tokens_to_ids(
                [self.image_token, self.video_token]
            )
            ProcessorMixin.__init__(self, image_processor, tokenizer, chat_template=chat_template)

    words = tokenizer("<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>")
    image_processor = Qwen2VLImageProcessorPil(
        patch_size=8, merge_size=2, size={"shortest_edge": 16 * 16, "longest_edge": 32 * 32}
    )
    template = CHAT_TEMPLATE.replace("IMAGE", "<|vision_start|><|image_pad|><|vision_end|>")
    processor = ImagesOnly(image_processor, words, chat_template=template)
    ids = {
        name: words.convert_tokens_to_ids(token)
        for name, token in (
            ("image_token_id", "<|image_pad|>"),
            ("video_token_id", "<|video_pad|>"),
            ("vision_start_token_id", "<|vision_start|>"),
            ("vision_end_token_id", "<|vision_end|>"),
        )
    }
    config = Qwen2VLConfig(
        vision_config={"depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "mlp_ratio": 2, "patch_size": 8},
        text_config={
            "vocab_size": len(words),
            "num_key_value_heads": 2,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [1, 1, 2]},
            **TEXT,
            **ends(words),
        },
        **ids,
    )
    set_seed(0)
    return Qwen2VLForConditionalGeneration(config).eval(), processor


def florence2():
    """Florence-2: DaViT and BART, an encoder-decoder without a chat."""
    from transformers import BartConfig, Florence2Config, Florence2ForConditionalGeneration, Florence2Processor
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
    from transformers.models.florence2.configuration_florence2 import Florence2VisionConfig

    words = tokenizer("<image>", extra_special_tokens={"image_token": "<image>"})
    size = {"height": 32, "width": 32}
    image_processor = CLIPImageProcessorPil(size=size, do_center_crop=False)
    image_processor.image_seq_length = 2
    processor = Florence2Processor(image_processor, words)
    config = Florence2Config(
        vision_config=Florence2VisionConfig(
            depths=(1, 1, 1, 1),
            embed_dim=(8, 8, 8, 8),
            num_heads=(1, 1, 1, 1),
            num_groups=(1, 1, 1, 1),
            window_size=2,
            projection_dim=32,
        ),
        text_config=BartConfig(
            vocab_size=len(words),
            d_model=32,
            encoder_layers=1,
            decoder_layers=1,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=48,
            decoder_ffn_dim=48,
            decoder_start_token_id=words.eos_token_id,
            forced_bos_token_id=None,
            forced_eos_token_id=None,
            **ends(words),
        ),
        image_token_id=words.convert_tokens_to_ids("<image>"),
        is_encoder_decoder=True,
        tie_word_embeddings=False,
        **ends(words),
    )
    set_seed(0)
    return Florence2ForConditionalGeneration(config).eval(), processor


def save(make, folder: Path) -> Path:
    """A checkpoint folder of one of the models above."""
    model, processor = make()
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
