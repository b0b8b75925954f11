"""Small training mistakes, each with the reason and the line that the step must name. ``#!`` marks a line that may be named."""

from dataclasses import dataclass
from textwrap import dedent

HEAD = "import torch\nfrom torch import nn\nfrom torch.nn import functional as F\n"
X = "def example_inputs():\n    return (torch.randn(8, 6),)\n"
TRAIN = """
def train_step(model):
    optimizer = torch.optim.SGD({params}, lr={lr}) #!
    optimizer.zero_grad()
    loss = {loss}
    loss.backward()
    optimizer.step()
    return loss
"""


@dataclass(frozen=True)
class Mistake:
    """``reason`` of the ``keys``, and the ``severity`` of the problem that tells of them."""

    name: str
    reason: str
    keys: tuple[str, ...]
    severity: str
    source: str

    def __str__(self) -> str:
        return self.name

    @property
    def lines(self) -> set[int]:
        """The marked lines."""
        return {number for number, line in enumerate(self.text.splitlines(), 1) if "#!" in line}

    @property
    def text(self) -> str:
        """The whole file."""
        return HEAD + self.source


def net(forward: str, extra: str = "", inputs: str = X) -> str:
    """A model of two layers ``a`` and ``b`` with the ``forward`` that is given."""
    body = "\n".join(f"        {line}" for line in dedent(forward).strip().splitlines())
    more = "".join(f"\n        {line}" for line in dedent(extra).strip().splitlines()) if extra else ""
    return (
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.a = nn.Linear(6, 6)\n"
        f"        self.b = nn.Linear(6, 3){more}\n\n    def forward(self, x):\n{body}\n\n\n{inputs}\n"
    )


def trained(params: str = "model.parameters()", lr: str = "0.1", loss: str = "model(*example_inputs()).pow(2).mean()") -> str:
    """A ``train_step``."""
    return TRAIN.format(params=params, lr=lr, loss=loss)


A, B = ("a.weight", "a.bias"), ("b.weight", "b.bias")
PLAIN = net("return self.b(torch.tanh(self.a(x)))")
LOSS = "\ndef loss_fn(y):\n    return y.pow(2).mean()\n"

MISTAKES = (
    Mistake("detach", "detached", A, "error", net("h = self.a(x).detach() #!\nreturn self.b(h)") + trained()),
    Mistake("data", "detached", A, "error", net("h = self.a(x).data #!\nreturn self.b(h)") + trained()),
    Mistake("tolist", "item-roundtrip", A, "error", net("h = torch.tensor(self.a(x).tolist()) #!\nreturn self.b(h)") + trained()),
    Mistake(
        "numpy",
        "numpy-roundtrip",
        A,
        "error",
        net("h = self.a(x).detach().numpy() #!\nreturn self.b(torch.from_numpy(h))") + trained(),
    ),
    Mistake("item", "item-roundtrip", A, "error", net("g = self.a(x).mean().item() #!\nreturn self.b(x * g)") + trained()),
    Mistake(
        "no_grad",
        "no-grad-context",
        A,
        "warning",
        net("with torch.no_grad():\n    h = self.a(x) #!\nreturn self.b(h)") + trained(),
    ),
    Mistake(
        "argmax",
        "nondifferentiable-op",
        A,
        "error",
        net("h = F.one_hot(self.a(x).argmax(1), 6) #!\nreturn self.b(h.float())") + trained(),
    ),
    Mistake(
        "comparison", "nondifferentiable-op", A, "error", net("h = (self.a(x) > 0) #!\nreturn self.b(h.float())") + trained()
    ),
    Mistake("round", "zero-gradient-op", A, "error", net("h = torch.round(self.a(x)) #!\nreturn self.b(h)") + trained()),
    Mistake("dead relu", "dead-relu", (*A, "b.weight"), "error", net("return self.b(F.relu(self.a(x) - 100)) #!") + trained()),
    Mistake(
        "dead relu module",
        "dead-relu",
        (*A, "b.weight"),
        "error",
        net("return self.b(self.act(self.a(x) - 100)) #!", "self.act = nn.ReLU(inplace=True)") + trained(),
    ),
    Mistake(
        "dead relu in place",
        "dead-relu",
        (*A, "b.weight"),
        "error",
        net("h = self.a(x) - 100\nh.relu_() #!\nreturn self.b(h)") + trained(),
    ),
    Mistake("dead output", "dead-relu", (*A, *B), "warning", net("return F.relu(self.b(self.a(x)) - 100) #!")),
    Mistake("saturated", "saturated", A, "error", net("return self.b(torch.sigmoid(self.a(x) * 1e6 + 1e5)) #!") + trained()),
    Mistake(
        "single logit",
        "softmax-single-logit",
        ("c.weight", "c.bias"),
        "error",
        net("w = self.c(x).softmax(1) #!\nreturn self.b(self.a(x) * w)", "self.c = nn.Linear(6, 1)") + trained(),
    ),
    Mistake(
        "factor",
        "zero-loss-weight",
        A,
        "error",
        net("return self.b(x), self.a(x)")
        + trained(loss="sum(w * y.pow(2).mean() for w, y in zip((1.0, 0.0), model(*example_inputs()))) #!"),
    ),
    Mistake(
        "zero twice",
        "zero-init",
        ("a.weight", "a.bias", "b.weight"),
        "error",
        net("return self.b(self.a(x)) #!", "for p in self.parameters(): nn.init.zeros_(p)")
        + trained(loss="(model(*example_inputs()) - 1).pow(2).mean()"),
    ),
    Mistake(
        "not in the loss",
        "not-in-loss",
        A,
        "warning",
        net("return self.b(x), self.a(x) #!") + trained(loss="model(*example_inputs())[0].pow(2).mean()"),
    ),
    Mistake(
        "unused",
        "unused-in-forward",
        A,
        "warning",
        net("return self.b(x)").replace("nn.Linear(6, 6)", "nn.Linear(6, 6) #!") + trained(),
    ),
    Mistake("left out", "not-in-optimizer", A, "error", PLAIN + trained("model.b.parameters()")),
    Mistake(
        "stale",
        "stale-optimizer",
        B,
        "error",
        PLAIN
        + """
def train_step(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1) #!
    model.b = nn.Linear(6, 3)
    loss = model(*example_inputs()).pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
""",
    ),
    Mistake("rate zero", "lr-zero", (*A, *B), "warning", PLAIN + trained(lr="0.0")),
    Mistake(
        "warm-up",
        "lr-zero",
        (*A, *B),
        "warning",
        PLAIN
        + """
def train_step(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1) #!
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: s / 100)
    model(*example_inputs()).pow(2).mean().backward()
    optimizer.step()
    scheduler.step() #!
""",
    ),
    Mistake(
        "half",
        "update-underflow",
        ("a.weight", "a.bias", "b.weight", "b.bias"),
        "error",
        PLAIN.replace("torch.randn(8, 6)", "torch.randn(8, 6).bfloat16()")
        + """
def make_model():
    model = Net().bfloat16()
    with torch.no_grad():
        model.a.weight.fill_(1.0)
    return model

def make_optimizer(params):
    return torch.optim.SGD(params, lr=1e-7) #!
""",
    ),
    Mistake(
        "cleared",
        "zero-grad-after-backward",
        (*A, *B),
        "error",
        PLAIN
        + """
def train_step(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(*example_inputs()).pow(2).mean().backward()
    optimizer.zero_grad() #!
    optimizer.step()
""",
    ),
    Mistake(
        "clipped",
        "clipped-to-zero",
        (*A, *B),
        "error",
        PLAIN
        + """
from torch.nn.utils import clip_grad_norm_

def train_step(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(*example_inputs()).pow(2).mean().backward()
    clip_grad_norm_(model.parameters(), 0.0) #!
    optimizer.step()
""",
    ),
    Mistake(
        "no step",
        "missing-step",
        (*A, *B),
        "error",
        PLAIN
        + """
def train_step(model):
    optimizer = torch.optim.Adam(model.parameters())
    optimizer.zero_grad()
    model(*example_inputs()).pow(2).mean().backward() #!
""",
    ),
    Mistake(
        "no backward",
        "missing-backward",
        (*A, *B),
        "error",
        PLAIN
        + """
def train_step(model):
    optimizer = torch.optim.Adam(model.parameters())
    optimizer.zero_grad()
    loss = model(*example_inputs()).pow(2).mean()
    optimizer.step() #!
    return loss
""",
    ),
    Mistake(
        "undone",
        "overwritten-after-step",
        (*A, *B),
        "error",
        PLAIN
        + """
def train_step(model):
    before = {key: value.clone() for key, value in model.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(*example_inputs()).pow(2).mean().backward()
    optimizer.step()
    model.load_state_dict(before) #!
""",
    ),
    Mistake(
        "from_pretrained",
        "requires-grad-false",
        ("word.weight",),
        "warning",
        net(
            "return self.b(self.a(self.word(x).mean(1)))",
            "self.word = nn.Embedding.from_pretrained(torch.randn(9, 6)) #!",
            "def example_inputs():\n    return (torch.randint(0, 9, (4, 5)),)\n",
        )
        + LOSS,
    ),
    Mistake(
        "all frozen",
        "requires-grad-false",
        (*A, *B),
        "error",
        PLAIN.replace("\n\n    def forward", "\n        self.requires_grad_(False) #!\n\n    def forward") + trained(),
    ),
)
"""Each must be named."""

HARMLESS = (
    Mistake(
        "frozen", "requires-grad-false", A, "info", net("return self.b(self.a(x))", "self.a.requires_grad_(False) #!") + LOSS
    ),
    Mistake(
        "linear probe",
        "not-in-optimizer",
        A,
        "info",
        net("with torch.no_grad():\n    h = self.a(x)\nreturn self.b(h)") + trained("model.b.parameters()"),
    ),
    Mistake(
        "idle expert",
        "untaken-branch",
        ("experts.1.weight", "experts.1.bias"),
        "info",
        net("return self.b(self.experts[0](self.a(x)))", "self.experts = nn.ModuleList([nn.Linear(6, 6) for _ in range(2)]) #!")
        + LOSS,
    ),
    Mistake(
        "zero on one side",
        "zero-init",
        A,
        "info",
        net("return x[:, :3] + self.b(self.a(x)) #!", "nn.init.zeros_(self.b.weight)") + LOSS,
    ),
    Mistake("cancels", "no-effect", ("b.bias",), "info", net("y = self.b(self.a(x).tanh()) #!\nreturn y[:1] - y[1:2]") + LOSS),
    Mistake(
        "discriminator",
        "detached",
        A,
        "info",
        net("return self.a(x), self.b")
        + """
def loss_fn(out):
    fake, critic = out
    return critic(fake.detach()).pow(2).mean() #!
""",
    ),
    Mistake(
        "teacher",
        "no-grad-context",
        ("t.weight", "t.bias"),
        "info",
        net(
            "with torch.no_grad():\n    target = self.t(x) #!\nreturn self.b(self.a(x)), self.s(x) - target",
            "import copy\nself.s = nn.Linear(6, 6)\nself.t = copy.deepcopy(self.s)",
        )
        + trained(loss="sum((y + 1).pow(2).mean() for y in model(*example_inputs()))"),
    ),
    Mistake(
        "decay",
        "decay-only",
        ("b.bias",),
        "info",
        net("y = self.b(self.a(x).tanh())\nreturn y[:1] - y[1:2]")
        + LOSS
        + "\ndef make_optimizer(params):\n    return torch.optim.AdamW(params, lr=0.1)\n",
    ),
)
"""Each is told as a remark only."""

CLEAN = {
    "plain": PLAIN + LOSS,
    "gumbel": net("return self.b(F.gumbel_softmax(self.a(x), hard=True))") + trained(),
    "straight through": net("h = self.a(x)\nreturn self.b(h + (torch.round(h) - h).detach())") + trained(),
    "accumulation": PLAIN
    + """
def train_step(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer.zero_grad()
    for x in example_inputs()[0].split(2):
        (model(x).pow(2).mean() / 4).backward()
    optimizer.step()
""",
    "two losses": PLAIN
    + """
def train_step(model):
    optimizer = torch.optim.Adam(model.parameters())
    for _ in range(3):
        optimizer.zero_grad(set_to_none=False)
        model(*example_inputs()).pow(2).mean().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
""",
    "two optimizers": PLAIN
    + """
def train_step(model):
    first, second = torch.optim.Adam(model.a.parameters()), torch.optim.Adam(model.b.parameters())
    x, = example_inputs()
    for _ in range(2):
        second.zero_grad()
        (model.b(model.a(x).detach()) + 1).pow(2).mean().backward()
        second.step()
        first.zero_grad()
        model(x).pow(2).mean().backward()
        first.step()
""",
    "closure": PLAIN
    + """
def train_step(model):
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.1)
    def closure():
        optimizer.zero_grad()
        loss = model(*example_inputs()).pow(2).mean()
        loss.backward()
        return loss
    optimizer.step(closure)
""",
    "cross entropy": PLAIN + "\ndef loss_fn(y):\n    return F.nll_loss(y.log_softmax(1), torch.zeros(8, dtype=torch.long))\n",
}
"""Each moves, without a word."""
