"""The keys of well-known architectures as their libraries spell them: made from one list by rules, so that the true pairs are known."""

import re
from collections.abc import Callable, Iterable

from torchloupe.analysis.state_dict_diff import KeyEntry

Shapes = dict[str, tuple[int, ...]]
Rules = Iterable[tuple[str, str]]


def entries(shapes: Shapes) -> list[KeyEntry]:
    """A key list."""
    return [KeyEntry(key, shape, "float32") for key, shape in shapes.items()]


def renamed(shapes: Shapes, rules: Rules) -> tuple[Shapes, dict[str, str]]:
    """The same tensors under other keys, in the same order; and what each was called before."""
    other, before = {}, {}
    for key, shape in shapes.items():
        name = key
        for pattern, replacement in rules:
            name = re.sub(pattern, replacement, name)
        assert name not in other, f"{name} twice"
        other[name], before[name] = shape, key
    return other, before


def reordered(shapes: Shapes, order: Callable[[str], object]) -> Shapes:
    """The same keys in another order."""
    return dict(sorted(shapes.items(), key=lambda each: order(each[0])))


def norm(name: str, size: int) -> Shapes:
    """A LayerNorm."""
    return {f"{name}.weight": (size,), f"{name}.bias": (size,)}


def linear(name: str, inputs: int, outputs: int) -> Shapes:
    """A linear layer with a bias."""
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def batch_norm(name: str, size: int) -> Shapes:
    """A BatchNorm with its statistics."""
    kinds = ("weight", "bias", "running_mean", "running_var")
    return {**{f"{name}.{kind}": (size,) for kind in kinds}, f"{name}.num_batches_tracked": ()}


def conv_norm(conv: str, bn: str, inputs: int, outputs: int, kernel: int = 3) -> Shapes:
    """A convolution without a bias, and its BatchNorm."""
    return {f"{conv}.weight": (outputs, inputs, kernel, kernel), **batch_norm(bn, outputs)}


def vision_transformer(width: int = 48, layers: int = 4, classes: int = 10) -> Shapes:
    """Spelled as in timm."""
    keys: Shapes = {"cls_token": (1, 1, width), "pos_embed": (1, 17, width), "patch_embed.proj.weight": (width, 3, 4, 4)}
    keys["patch_embed.proj.bias"] = (width,)
    for number in range(layers):
        block = f"blocks.{number}."
        keys |= norm(block + "norm1", width) | linear(block + "attn.qkv", width, 3 * width)
        keys |= linear(block + "attn.proj", width, width) | norm(block + "norm2", width)
        keys |= linear(block + "mlp.fc1", width, 4 * width) | linear(block + "mlp.fc2", 4 * width, width)
    return keys | norm("norm", width) | linear("head", width, classes)


VIT_OF_TORCHVISION: Rules = (
    (r"^cls_token", "class_token"),
    (r"^pos_embed", "encoder.pos_embedding"),
    (r"^patch_embed\.proj", "conv_proj"),
    (r"^blocks\.(\d+)", r"encoder.layers.encoder_layer_\1"),
    (r"\.norm([12])\.", r".ln_\1."),
    (r"attn\.qkv\.", "self_attention.in_proj_"),
    (r"attn\.proj", "self_attention.out_proj"),
    (r"mlp\.fc1", "mlp.0"),
    (r"mlp\.fc2", "mlp.3"),
    (r"^norm", "encoder.ln"),
    (r"^head", "heads.head"),
)
VIT_OF_OPENAI: Rules = (
    (r"^cls_token", "visual.class_embedding"),
    (r"^pos_embed", "visual.positional_embedding"),
    (r"^patch_embed\.proj", "visual.conv1"),
    (r"^blocks\.(\d+)", r"visual.transformer.resblocks.\1"),
    (r"\.norm([12])\.", r".ln_\1."),
    (r"attn\.qkv\.", "attn.in_proj_"),
    (r"attn\.proj", "attn.out_proj"),
    (r"mlp\.fc1", "mlp.c_fc"),
    (r"mlp\.fc2", "mlp.c_proj"),
    (r"^norm", "visual.ln_post"),
    (r"^head", "logits"),
)


def llama(width: int = 64, layers: int = 4, narrow: int = 16) -> Shapes:
    """Spelled as in transformers; keys and values are narrower than queries."""
    keys: Shapes = {"model.embed_tokens.weight": (100, width)}
    for number in range(layers):
        layer = f"model.layers.{number}."
        keys[layer + "self_attn.q_proj.weight"] = (width, width)
        keys[layer + "self_attn.k_proj.weight"] = (narrow, width)
        keys[layer + "self_attn.v_proj.weight"] = (narrow, width)
        keys[layer + "self_attn.o_proj.weight"] = (width, width)
        keys[layer + "mlp.gate_proj.weight"] = (3 * width, width)
        keys[layer + "mlp.up_proj.weight"] = (3 * width, width)
        keys[layer + "mlp.down_proj.weight"] = (width, 3 * width)
        keys[layer + "input_layernorm.weight"] = (width,)
        keys[layer + "post_attention_layernorm.weight"] = (width,)
    return keys | {"model.norm.weight": (width,), "lm_head.weight": (100, width)}


LLAMA_OF_META: Rules = (
    (r"^model\.embed_tokens", "tok_embeddings"),
    (r"^model\.", ""),
    (r"self_attn\.([qkvo])_proj", r"attention.w\1"),
    (r"mlp\.gate_proj", "feed_forward.w1"),
    (r"mlp\.down_proj", "feed_forward.w2"),
    (r"mlp\.up_proj", "feed_forward.w3"),
    (r"input_layernorm", "attention_norm"),
    (r"post_attention_layernorm", "ffn_norm"),
    (r"^lm_head", "output"),
)


def bert(width: int = 32, layers: int = 3) -> Shapes:
    """Spelled as in transformers."""
    keys: Shapes = {
        "embeddings.word_embeddings.weight": (90, width),
        "embeddings.position_embeddings.weight": (40, width),
        "embeddings.token_type_embeddings.weight": (2, width),
    } | norm("embeddings.LayerNorm", width)
    for number in range(layers):
        layer = f"encoder.layer.{number}."
        for part in ("query", "key", "value"):
            keys |= linear(f"{layer}attention.self.{part}", width, width)
        keys |= linear(layer + "attention.output.dense", width, width) | norm(layer + "attention.output.LayerNorm", width)
        keys |= linear(layer + "intermediate.dense", width, 4 * width) | linear(layer + "output.dense", 4 * width, width)
        keys |= norm(layer + "output.LayerNorm", width)
    return keys | linear("pooler.dense", width, width)


BERT_OF_OLD: Rules = ((r"LayerNorm\.weight", "LayerNorm.gamma"), (r"LayerNorm\.bias", "LayerNorm.beta"))
BERT_OF_TENSORFLOW: Rules = (
    (r"LayerNorm\.weight", "LayerNorm/gamma"),
    (r"LayerNorm\.bias", "LayerNorm/beta"),
    (r"_embeddings\.weight", "_embeddings"),
    (r"\.weight$", "/kernel"),
    (r"\.bias$", "/bias"),
    (r"layer\.(\d+)", r"layer_\1"),
    (r"\.", "/"),
    (r"^", "bert/"),
)


def whisper(width: int = 32, layers: int = 3) -> Shapes:
    """An encoder and a decoder of the same width, spelled as by OpenAI."""
    keys: Shapes = {"encoder.positional_embedding": (50, width)}
    keys |= {"encoder.conv1.weight": (width, 8, 3), "encoder.conv1.bias": (width,)}
    keys |= {"encoder.conv2.weight": (width, width, 3), "encoder.conv2.bias": (width,)}
    for tower, parts in (("encoder", ("attn",)), ("decoder", ("attn", "cross_attn"))):
        if tower == "decoder":
            keys |= {"decoder.token_embedding.weight": (70, width), "decoder.positional_embedding": (20, width)}
        for number in range(layers):
            block = f"{tower}.blocks.{number}."
            for part in parts:
                keys |= linear(f"{block}{part}.query", width, width) | {f"{block}{part}.key.weight": (width, width)}
                keys |= linear(f"{block}{part}.value", width, width) | linear(f"{block}{part}.out", width, width)
                keys |= norm(f"{block}{part}_ln", width)
            keys |= (
                linear(block + "mlp.0", width, 4 * width)
                | linear(block + "mlp.2", 4 * width, width)
                | norm(block + "mlp_ln", width)
            )
        keys |= norm("encoder.ln_post" if tower == "encoder" else "decoder.ln", width)
    return keys


WHISPER_OF_TRANSFORMERS: Rules = (
    (r"encoder\.positional_embedding", "encoder.embed_positions.weight"),
    (r"decoder\.positional_embedding", "decoder.embed_positions.weight"),
    (r"token_embedding", "embed_tokens"),
    (r"\.blocks\.", ".layers."),
    (r"\.cross_attn_ln", ".encoder_attn_layer_norm"),
    (r"\.cross_attn\.", ".encoder_attn."),
    (r"\.attn_ln", ".self_attn_layer_norm"),
    (r"\.attn\.", ".self_attn."),
    (r"\.query\.", ".q_proj."),
    (r"\.key\.", ".k_proj."),
    (r"\.value\.", ".v_proj."),
    (r"\.out\.", ".out_proj."),
    (r"\.mlp\.0\.", ".fc1."),
    (r"\.mlp\.2\.", ".fc2."),
    (r"\.mlp_ln\.", ".final_layer_norm."),
    (r"\.ln(_post)?\.", ".layer_norm."),
    (r"^", "model."),
)


def resnet(widths: tuple[int, ...] = (16, 32, 64), depth: int = 3) -> Shapes:
    """A residual network of bottlenecks, spelled as in torchvision."""
    keys = conv_norm("conv1", "bn1", 3, 16, 7)
    inputs = 16
    for stage, width in enumerate(widths, 1):
        for number in range(depth):
            block = f"layer{stage}.{number}."
            keys |= conv_norm(block + "conv1", block + "bn1", inputs, width, 1)
            keys |= conv_norm(block + "conv2", block + "bn2", width, width)
            keys |= conv_norm(block + "conv3", block + "bn3", width, 4 * width, 1)
            if number == 0:
                keys |= conv_norm(block + "downsample.0", block + "downsample.1", inputs, 4 * width, 1)
            inputs = 4 * width
    return keys | linear("fc", inputs, 10)


def _stage(match: "re.Match[str]") -> str:
    return f"resnet.encoder.stages.{int(match[1]) - 1}.layers.{match[2]}."


def _part(match: "re.Match[str]") -> str:
    kind = "convolution" if match[1] == "conv" else "normalization"
    return f"layer.{int(match[2]) - 1}.{kind}."


def resnet_of_transformers(shapes: Shapes) -> tuple[Shapes, dict[str, str]]:
    """The residual network as transformers spells it: the shortcut before the other layers of a block."""
    names = {}
    for key in shapes:
        name = re.sub(r"^layer(\d)\.(\d+)\.", _stage, key)
        name = re.sub(r"(?<=\.)(conv|bn)(\d)\.", _part, name)
        name = name.replace("downsample.0", "shortcut.convolution").replace("downsample.1", "shortcut.normalization")
        name = re.sub(r"^conv1\.", "resnet.embedder.embedder.convolution.", name)
        name = re.sub(r"^bn1\.", "resnet.embedder.embedder.normalization.", name)
        names[key] = re.sub(r"^fc\.", "classifier.1.", name)

    def order(name: str) -> tuple[str, bool]:
        block = re.sub(r"(shortcut|layer\.\d)\..*", "", name)
        return (block if "embedder" not in name else " ") if "classifier" not in name else "z", "shortcut" not in name

    before = {name: key for key, name in names.items()}
    return reordered({name: shapes[key] for name, key in before.items()}, order), before


def mobile_blocks(widths: tuple[int, ...] = (8, 12, 12, 20)) -> Shapes:
    """Inverted residuals spelled as in torchvision: a Sequential whose numbers are roles."""
    keys = conv_norm("features.0.0", "features.0.1", 3, 8)
    inputs = 8
    for number, width in enumerate(widths, 1):
        block = f"features.{number}.conv."
        keys |= conv_norm(block + "0.0", block + "0.1", inputs, 6 * inputs, 1)
        keys[block + "1.0.weight"] = (6 * inputs, 1, 3, 3)
        keys |= batch_norm(block + "1.1", 6 * inputs)
        keys |= conv_norm(block + "2", block + "3", 6 * inputs, width, 1)
        inputs = width
    return keys | linear("classifier.1", inputs, 10)


MOBILE_OF_TIMM: Rules = (
    (r"^features\.0\.0", "conv_stem"),
    (r"^features\.0\.1", "bn1"),
    (r"^features\.(\d+)\.conv\.0\.0", r"blocks.\1.0.conv_pw"),
    (r"^features\.(\d+)\.conv\.0\.1", r"blocks.\1.0.bn1"),
    (r"^features\.(\d+)\.conv\.1\.0", r"blocks.\1.0.conv_dw"),
    (r"^features\.(\d+)\.conv\.1\.1", r"blocks.\1.0.bn2"),
    (r"^features\.(\d+)\.conv\.2", r"blocks.\1.0.conv_pwl"),
    (r"^features\.(\d+)\.conv\.3", r"blocks.\1.0.bn3"),
    (r"^classifier\.1", "classifier"),
)
