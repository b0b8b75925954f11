"""Real models of x-transformers, small and with random weights. None of them has anything wrong with it."""

from x_transformers import ContinuousTransformerWrapper, Decoder, Encoder, TransformerWrapper, ViTransformerWrapper


def decoder():
    return TransformerWrapper(num_tokens=100, max_seq_len=32, attn_layers=Decoder(dim=32, depth=2, heads=2, rotary_pos_emb=True))


def encoder():
    return TransformerWrapper(num_tokens=100, max_seq_len=32, attn_layers=Encoder(dim=32, depth=2, heads=2, alibi_pos_bias=True))


def continuous():
    return ContinuousTransformerWrapper(dim_in=8, dim_out=4, max_seq_len=32, attn_layers=Encoder(dim=32, depth=1, heads=2))


def image():
    return ViTransformerWrapper(image_size=32, patch_size=8, num_classes=5, attn_layers=Encoder(dim=32, depth=1, heads=2))
