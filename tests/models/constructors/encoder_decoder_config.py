"""A dataclass that holds two others; the fields of inner ones have defaults made by factories."""

from dataclasses import dataclass, field

from torch import nn

CHECKPOINT_ARGUMENTS = {
    "cfg": {
        "encoder": {"in_dim": 9, "hidden": 20, "num_layers": 3, "residual": False},
        "decoder": {"hidden": 12, "out_dim": 7, "num_layers": 2},
        "latent_dim": 5,
    }
}
TOLD = {
    "cfg": {
        "encoder": {"in_dim": 9, "hidden": 20, "num_layers": 3},
        "decoder": {"hidden": 12, "out_dim": 7, "num_layers": 2},
        "latent_dim": 5,
    }
}


@dataclass
class EncoderConfig:
    in_dim: int = 16
    hidden: int = 32
    num_layers: int = 2
    residual: bool = True


@dataclass
class DecoderConfig:
    hidden: int = 32
    out_dim: int = 16
    num_layers: int = 1


@dataclass
class AutoencoderConfig:
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    decoder: DecoderConfig = field(default_factory=DecoderConfig)
    latent_dim: int = 8


def build(arguments):
    cfg = dict(arguments.get("cfg", {}))
    encoder, decoder = EncoderConfig(**cfg.pop("encoder", {})), DecoderConfig(**cfg.pop("decoder", {}))
    return Autoencoder(AutoencoderConfig(encoder, decoder, **cfg))


class Encoder(nn.Module):
    def __init__(self, cfg: EncoderConfig, latent_dim: int):
        super().__init__()
        self.residual = cfg.residual
        self.inp = nn.Linear(cfg.in_dim, cfg.hidden)
        self.layers = nn.ModuleList([nn.Linear(cfg.hidden, cfg.hidden) for _ in range(cfg.num_layers)])
        self.to_latent = nn.Linear(cfg.hidden, latent_dim)

    def forward(self, x):
        x = self.inp(x)
        for layer in self.layers:
            x = layer(x).relu() + (x if self.residual else 0)
        return self.to_latent(x)


class Decoder(nn.Sequential):
    def __init__(self, cfg: DecoderConfig, latent_dim: int):
        layers = [nn.Linear(latent_dim, cfg.hidden)]
        layers += [nn.Linear(cfg.hidden, cfg.hidden) for _ in range(cfg.num_layers - 1)]
        super().__init__(*layers, nn.Linear(cfg.hidden, cfg.out_dim))


class Autoencoder(nn.Module):
    def __init__(self, cfg: AutoencoderConfig):
        super().__init__()
        self.encoder = Encoder(cfg.encoder, cfg.latent_dim)
        self.decoder = Decoder(cfg.decoder, cfg.latent_dim)

    def forward(self, x):
        return self.decoder(self.encoder(x))
