"""A config class with a keyword constructor and **kwargs, as in transformers, and a base class that reads it."""

from torch import nn

CHECKPOINT_ARGUMENTS = {
    "config": {
        "vocab_size": 37,
        "n_embd": 16,
        "n_layer": 2,
        "n_inner": 44,
        "num_labels": 3,
        "use_cache": False,
        "model_type": "toy",
    }
}
TOLD = {"config": {"vocab_size": 37, "n_embd": 16, "n_layer": 2, "n_inner": 44, "num_labels": 3}}


class Config:
    def __init__(self, num_labels=2, use_cache=True, **kwargs):
        self.num_labels = num_labels
        self.use_cache = use_cache
        for key, value in kwargs.items():
            setattr(self, key, value)


class ToyConfig(Config):
    model_type = "toy"

    def __init__(self, vocab_size=50257, n_embd=64, n_layer=4, n_inner=None, layer_norm_epsilon=1e-5, **kwargs):
        self.vocab_size = vocab_size
        self.n_embd = n_embd
        self.n_layer = n_layer
        self.n_inner = n_inner
        self.layer_norm_epsilon = layer_norm_epsilon
        super().__init__(**kwargs)


def build(arguments):
    return ToyForTokenClassification(ToyConfig(**arguments.get("config", {})))


class ToyPreTrainedModel(nn.Module):
    config_class = ToyConfig

    def __init__(self, config):
        super().__init__()
        self.config = config


class ToyMLP(nn.Module):
    def __init__(self, config):
        super().__init__()
        inner_dim = config.n_inner if config.n_inner is not None else 4 * config.n_embd
        self.ln = nn.LayerNorm(config.n_embd, eps=config.layer_norm_epsilon)
        self.c_fc = nn.Linear(config.n_embd, inner_dim)
        self.c_proj = nn.Linear(inner_dim, config.n_embd)

    def forward(self, hidden_states):
        return hidden_states + self.c_proj(self.c_fc(self.ln(hidden_states)).relu())


class ToyForTokenClassification(ToyPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.wte = nn.Embedding(config.vocab_size, config.n_embd)
        self.h = nn.ModuleList([ToyMLP(config) for _ in range(config.n_layer)])
        self.classifier = nn.Linear(config.n_embd, config.num_labels)

    def forward(self, input_ids):
        hidden_states = self.wte(input_ids)
        for block in self.h:
            hidden_states = block(hidden_states)
        return self.classifier(hidden_states)
