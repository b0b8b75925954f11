"""Real models of transformers, small and with random weights. None of them has anything wrong with it."""

import transformers as hf

SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "vocab_size": 100,
}
KEY_VALUE = {**SMALL, "num_key_value_heads": 1}
IMAGE = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "image_size": 32,
    "patch_size": 8,
}


def bert():
    return hf.BertForSequenceClassification(hf.BertConfig(**SMALL))


def roberta():
    return hf.RobertaForMaskedLM(hf.RobertaConfig(**SMALL, pad_token_id=1, max_position_embeddings=66))


def distilbert():
    return hf.DistilBertModel(hf.DistilBertConfig(dim=32, n_layers=2, n_heads=2, hidden_dim=64, vocab_size=100))


def albert():
    return hf.AlbertModel(hf.AlbertConfig(**SMALL, embedding_size=16))


def electra():
    return hf.ElectraForPreTraining(hf.ElectraConfig(**SMALL, embedding_size=16))


def deberta():
    return hf.DebertaV2Model(hf.DebertaV2Config(**SMALL, relative_attention=True, pos_att_type=["c2p", "p2c"]))


def xlnet():
    return hf.XLNetModel(hf.XLNetConfig(d_model=32, n_layer=2, n_head=2, d_inner=64, vocab_size=100))


def gpt2():
    return hf.GPT2LMHeadModel(hf.GPT2Config(n_embd=32, n_layer=2, n_head=2, vocab_size=100, n_positions=64))


def gpt_neox():
    return hf.GPTNeoXForCausalLM(hf.GPTNeoXConfig(**SMALL))


def llama():
    return hf.LlamaForCausalLM(hf.LlamaConfig(**KEY_VALUE))


def mistral():
    return hf.MistralForCausalLM(hf.MistralConfig(**KEY_VALUE))


def mixtral():
    return hf.MixtralForCausalLM(hf.MixtralConfig(**KEY_VALUE, num_local_experts=4))


def qwen():
    return hf.Qwen2ForCausalLM(hf.Qwen2Config(**KEY_VALUE))


def gemma():
    return hf.Gemma2ForCausalLM(hf.Gemma2Config(**KEY_VALUE, head_dim=16))


def phi():
    return hf.PhiForCausalLM(hf.PhiConfig(**SMALL))


def opt():
    return hf.OPTForCausalLM(
        hf.OPTConfig(
            hidden_size=32, num_hidden_layers=2, num_attention_heads=2, ffn_dim=64, vocab_size=100, word_embed_proj_dim=32
        )
    )


def bloom():
    return hf.BloomForCausalLM(hf.BloomConfig(hidden_size=32, n_layer=2, n_head=2, vocab_size=100))


def mamba():
    return hf.MambaForCausalLM(hf.MambaConfig(hidden_size=32, num_hidden_layers=2, vocab_size=100))


def t5():
    return hf.T5ForConditionalGeneration(hf.T5Config(d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=2, vocab_size=100))


def bart():
    sizes = {"encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "encoder_attention_heads": 2, "decoder_attention_heads": 2}
    return hf.BartModel(hf.BartConfig(d_model=32, encoder_layers=2, decoder_layers=2, vocab_size=100, **sizes))


def vit():
    return hf.ViTForImageClassification(hf.ViTConfig(**IMAGE))


def deit():
    return hf.DeiTModel(hf.DeiTConfig(**IMAGE))


def beit():
    return hf.BeitModel(hf.BeitConfig(**IMAGE))


def swin():
    return hf.SwinModel(hf.SwinConfig(image_size=32, patch_size=2, embed_dim=16, depths=[1, 1], num_heads=[2, 2], window_size=4))


def convnext():
    return hf.ConvNextForImageClassification(hf.ConvNextConfig(hidden_sizes=[8, 16, 16, 32], depths=[1, 1, 1, 1]))


def resnet():
    return hf.ResNetForImageClassification(hf.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16, 16, 32], depths=[1, 1, 1, 1]))


def mobilenet():
    return hf.MobileNetV2Model(hf.MobileNetV2Config(depth_multiplier=0.25, image_size=64))


def segformer():
    return hf.SegformerForSemanticSegmentation(
        hf.SegformerConfig(
            depths=[1, 1, 1, 1], hidden_sizes=[8, 16, 16, 32], num_attention_heads=[1, 2, 2, 4], decoder_hidden_size=16
        )
    )


def wav2vec2():
    return hf.Wav2Vec2Model(
        hf.Wav2Vec2Config(
            **SMALL,
            conv_dim=(16, 16),
            conv_kernel=(10, 3),
            conv_stride=(5, 2),
            num_conv_pos_embeddings=16,
            num_conv_pos_embedding_groups=2,
        )
    )


def clip_text():
    return hf.CLIPTextModel(hf.CLIPTextConfig(**SMALL, max_position_embeddings=16))
