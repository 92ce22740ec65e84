"""Right solutions. Each is the source of a file as a student might hand it in."""

HEAD = """
import math, random
import numpy as np
import torch
import torch.nn as nn
from torch.nn import functional as F
"""

INIT = """
class CharCorruptionDataset(torch.utils.data.Dataset):
    def __init__(self, data, block_size):
        self.MASK_CHAR = "\\u2047"
        self.PAD_CHAR = "\\u25A1"
        chars = list(sorted(list(set(data))))
        chars.insert(0, self.MASK_CHAR)
        chars.insert(0, self.PAD_CHAR)
        self.stoi = {ch: i for i, ch in enumerate(chars)}
        self.itos = {i: ch for i, ch in enumerate(chars)}
        print('data has %d characters, %d unique.' % (len(data), len(chars)))
        self.block_size, self.vocab_size = block_size, len(chars)
        self.data = data.split('\\n')

    def __len__(self):
        return len(self.data)
"""

DATASET = (
    HEAD
    + INIT
    + """
    def __getitem__(self, idx):
        doc = self.data[idx]
        doc = doc[:random.randint(4, int(self.block_size * 7 / 8))]
        n = len(doc)
        k = random.randint(n // 8, 3 * n // 8)
        s = random.randint(0, n - k)
        text = doc[:s] + self.MASK_CHAR + doc[s + k:] + self.MASK_CHAR + doc[s:s + k]
        text += self.PAD_CHAR * (self.block_size - len(text))
        ids = torch.tensor([self.stoi[c] for c in text], dtype=torch.long)
        return ids[:-1], ids[1:]
"""
)

# numpy's generator, whose upper ends are left out; a third MASK; empty documents left out.
DATASET_NUMPY = (
    HEAD
    + INIT.replace("data.split('\\n')", "[d for d in data.split('\\n') if d]")
    + """
    def __getitem__(self, idx):
        document = self.data[idx]
        length = min(len(document), np.random.randint(4, int(self.block_size * 7 / 8) + 1))
        document = document[:length]
        size = max(1, np.random.randint(0, length // 2 + 1))
        start = np.random.randint(0, length - size + 1)
        prefix, masked, suffix = document[:start], document[start:start + size], document[start + size:]
        masked_string = prefix + self.MASK_CHAR + suffix + self.MASK_CHAR + masked + self.MASK_CHAR
        masked_string = masked_string.ljust(self.block_size, self.PAD_CHAR)
        x = torch.LongTensor([self.stoi[c] for c in masked_string[:-1]])
        y = torch.LongTensor([self.stoi[c] for c in masked_string[1:]])
        return x, y
"""
)

# A length from two draws, a span from a normal distribution.
DATASET_NORMAL = (
    HEAD
    + INIT
    + """
    def __getitem__(self, idx):
        doc = self.data[idx]
        limit = int(self.block_size * 7 / 8)
        doc = doc[:max(random.randint(4, limit), random.randint(4, limit))]
        n = len(doc)
        k = min(n, max(0, int(round(random.gauss(n / 4, n / 16)))))
        s = int(torch.randint(0, n - k + 1, (1,)))
        text = "".join([doc[:s], self.MASK_CHAR, doc[s + k:], self.MASK_CHAR, doc[s:s + k]])
        text = text + self.PAD_CHAR * (self.block_size - len(text))
        return tuple(torch.tensor([self.stoi[c] for c in part]) for part in (text[:-1], text[1:]))
"""
)

# The edition whose text pads to block_size + 1.
DATASET_PLUS_ONE = (
    "# PAD_CHAR characters chosen so that the entire string is of length\n#     self.block_size + 1.\n"
    + DATASET.replace("(self.block_size - len(text))", "(self.block_size + 1 - len(text))")
)

LAYERS = """
        self.value = nn.Linear(config.n_embd, config.n_embd)
        self.attn_drop = nn.Dropout(config.attn_pdrop)
        self.resid_drop = nn.Dropout(config.resid_pdrop)
        self.proj = nn.Linear(config.n_embd, config.n_embd)
        self.register_buffer("mask", torch.tril(torch.ones(config.block_size, config.block_size)).view(
            1, 1, config.block_size, config.block_size))
        self.n_head = config.n_head
"""

SYNTHESIZER_INIT = (
    """
class SynthesizerAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.w1 = nn.Linear(config.n_embd, config.n_embd)
        self.w2 = nn.Parameter(torch.zeros(config.n_embd // config.n_head, config.block_size - 1))
        self.b2 = nn.Parameter(torch.zeros(config.block_size - 1))
"""
    + LAYERS
    + """
        self.block_size = config.block_size
        nn.init.uniform_(self.w2, -0.001, 0.001)
"""
)

SYNTHESIZER = (
    HEAD
    + SYNTHESIZER_INIT
    + """
    def forward(self, x, layer_past=None):
        B, T, C = x.size()
        h = F.relu(self.w1(x)).view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        v = self.value(x).view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        att = h @ self.w2[:, :T] + self.b2[:T]
        att = att.masked_fill(self.mask[:, :, :T, :T] == 0, -1e10)
        att = F.softmax(att, dim=-1)
        att = self.attn_drop(att)
        y = (att @ v).transpose(1, 2).contiguous().view(B, T, C)
        return self.resid_drop(self.proj(y))
"""
)

# einsum, a mask that is added, functional dropout.
SYNTHESIZER_EINSUM = (
    HEAD
    + SYNTHESIZER_INIT
    + """
    def forward(self, x):
        B, T, C = x.shape
        a = self.w1(x).reshape(B, T, self.n_head, -1).clamp(min=0)
        scores = torch.einsum("bthd,ds->bhts", a, self.w2)[..., :T] + self.b2[None, None, None, :T]
        scores = scores + torch.full((T, T), float("-inf")).triu(1)
        weights = F.dropout(torch.softmax(scores, -1), self.attn_drop.p, self.training)
        v = self.value(x).reshape(B, T, self.n_head, -1)
        y = torch.einsum("bhts,bshd->bthd", weights, v).reshape(B, T, C)
        return F.dropout(self.proj(y), self.resid_drop.p, self.training)
"""
)

SELF = (
    """
class CausalSelfAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.key = nn.Linear(config.n_embd, config.n_embd)
        self.query = nn.Linear(config.n_embd, config.n_embd)
        self.rope = config.rope
        if self.rope:
            self.register_buffer("rope_cache", precompute_rotary_emb(config.n_embd // config.n_head, config.block_size))
"""
    + LAYERS
    + """
    def forward(self, x):
        B, T, C = x.size()
        k = self.key(x).view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        q = self.query(x).view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        v = self.value(x).view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        if self.rope:
            q = apply_rotary_emb(q, self.rope_cache)
            k = apply_rotary_emb(k, self.rope_cache)
        att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        att = att.masked_fill(self.mask[:, :, :T, :T] == 0, -1e10)
        att = F.softmax(att, dim=-1)
        att = self.attn_drop(att)
        y = (att @ v).transpose(1, 2).contiguous().view(B, T, C)
        y = self.resid_drop(self.proj(y))
        return y
"""
)

ROPE = (
    HEAD
    + """
def precompute_rotary_emb(dim, max_positions):
    theta = 1.0 / 10000 ** (torch.arange(0, dim, 2) / dim)
    angle = torch.outer(torch.arange(max_positions), theta)
    return torch.stack([torch.cos(angle), torch.sin(angle)], dim=-1)

def apply_rotary_emb(x, rope_cache):
    T = x.size(-2)
    cos, sin = rope_cache[:T, :, 0], rope_cache[:T, :, 1]
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack([a * cos - b * sin, a * sin + b * cos], dim=-1).flatten(-2)
"""
    + SELF
)

# Complex numbers; heads one at a time, three dimensions; written into place.
ROPE_COMPLEX = (
    HEAD
    + """
def precompute_rotary_emb(dim, max_positions):
    cache = torch.zeros(max_positions, dim // 2, 2)
    for t in range(max_positions):
        for i in range(1, dim // 2 + 1):
            angle = t * 10000 ** (-2 * (i - 1) / dim)
            cache[t, i - 1, 0], cache[t, i - 1, 1] = math.cos(angle), math.sin(angle)
    return cache

def apply_rotary_emb(x, rope_cache):
    b, t, d = x.shape
    pairs = torch.view_as_complex(x.reshape(b, t, d // 2, 2).contiguous())
    return torch.view_as_real(pairs * torch.view_as_complex(rope_cache[:t].contiguous())).reshape(b, t, d)
"""
    + SELF.replace(
        """            q = apply_rotary_emb(q, self.rope_cache)
            k = apply_rotary_emb(k, self.rope_cache)
""",
        """            for h in range(self.n_head):
                q[:, h] = apply_rotary_emb(q[:, h], self.rope_cache)
                k[:, h] = apply_rotary_emb(k[:, h], self.rope_cache)
""",
    )
)

# Turned before the transposition, as LLaMA's own code does it.
ROPE_BY_TIME = ROPE.replace(
    """    T = x.size(-2)
    cos, sin = rope_cache[:T, :, 0], rope_cache[:T, :, 1]
""",
    """    T = x.size(1)
    cos, sin = rope_cache[None, :T, None, :, 0], rope_cache[None, :T, None, :, 1]
""",
)
for name in "qk":
    call = f"apply_rotary_emb({name}, self.rope_cache)"
    ROPE_BY_TIME = ROPE_BY_TIME.replace(
        call, call.replace(f"({name},", f"({name}.transpose(1, 2),") + ".transpose(1, 2)"
    )

VANILLA = HEAD + SELF
# torch's own attention.
VANILLA_FUSED_KERNEL = VANILLA.replace(
    VANILLA[VANILLA.index("        att = (q @ k") : VANILLA.index("        y = (att @ v)")],
    "        y = F.scaled_dot_product_attention(\n"
    "            q, k, v, is_causal=True, dropout_p=self.attn_drop.p if self.training else 0.0)\n",
).replace("(att @ v)", "y")

CROSS = (
    """
class CausalCrossAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.key = nn.Linear(config.n_embd, config.n_embd)
        self.query = nn.Linear(config.n_embd, config.n_embd)
"""
    + LAYERS
    + """
    def forward(self, x_kv, x_q):
        Bk, Tk, Ck = x_kv.size()
        Bq, Tq, Cq = x_q.size()
        k = self.key(x_kv).view(Bk, Tk, self.n_head, Ck // self.n_head).transpose(1, 2)
        q = self.query(x_q).view(Bq, Tq, self.n_head, Cq // self.n_head).transpose(1, 2)
        v = self.value(x_kv).view(Bk, Tk, self.n_head, Ck // self.n_head).transpose(1, 2)
        att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        att = att.masked_fill(self.mask[:, :, :Tq, :Tk] == 0, -1e10)
        att = F.softmax(att, dim=-1)
        att = self.attn_drop(att)
        y = (att @ v).transpose(1, 2).contiguous().view(max(Bk, Bq), Tq, Cq)
        return self.resid_drop(self.proj(y))
"""
)
PERCEIVER_ATTENTION = HEAD + CROSS

BLOCKS = """
class DownProjectBlock(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.ln1 = nn.LayerNorm(config.n_embd)
        self.ln2 = nn.LayerNorm(config.n_embd)
        self.attn = CausalCrossAttention(config)
        self.mlp = nn.Sequential(
            nn.Linear(config.n_embd, 4 * config.n_embd), nn.GELU(), nn.Linear(4 * config.n_embd, config.n_embd),
            nn.Dropout(config.resid_pdrop))
        self.C = nn.Parameter(torch.empty(1, config.bottleneck_dim, config.n_embd))
        nn.init.xavier_uniform_(self.C)

    def forward(self, x_input):
        x = self.C + self.attn(x_input, self.ln1(self.C))
        return x + self.mlp(self.ln2(x))


class UpProjectBlock(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.ln1 = nn.LayerNorm(config.n_embd)
        self.ln2 = nn.LayerNorm(config.n_embd)
        self.attn = CausalCrossAttention(config)
        self.mlp = nn.Sequential(
            nn.Linear(config.n_embd, 4 * config.n_embd), nn.GELU(), nn.Linear(4 * config.n_embd, config.n_embd),
            nn.Dropout(config.resid_pdrop))

    def forward(self, y, x_input):
        x = x_input + self.attn(self.ln1(y), x_input)
        return x + self.mlp(self.ln2(x))
"""
PERCEIVER = HEAD + CROSS + BLOCKS
# Both inputs normalised: the handout leaves that open.
PERCEIVER_BOTH_NORMS = (
    PERCEIVER.replace("self.attn(x_input, self.ln1(self.C))", "self.attn(self.ln1(x_input), self.ln1(self.C))")
    .replace("self.attn(self.ln1(y), x_input)", "self.attn(self.ln1(y), self.ln1(x_input))")
)  # fmt: skip
# No residual around the attention, C made in one line.
PERCEIVER_NO_RESIDUAL = (
    PERCEIVER.replace("self.C + self.attn", "self.attn").replace("x_input + self.attn", "self.attn")
    .replace("nn.Parameter(torch.empty(1, config.bottleneck_dim, config.n_embd))",
             "nn.Parameter(nn.init.xavier_uniform_(torch.zeros(1, config.bottleneck_dim, config.n_embd)))")
    .replace("        nn.init.xavier_uniform_(self.C)\n", "")
)  # fmt: skip

# The course's given layer with one fused map: right, and not comparable by names.
FUSED = VANILLA.replace(
    '''        self.key = nn.Linear(config.n_embd, config.n_embd)
        self.query = nn.Linear(config.n_embd, config.n_embd)
''',
    "        self.qkv = nn.Linear(config.n_embd, 3 * config.n_embd)\n",
).replace("        self.value = nn.Linear(config.n_embd, config.n_embd)\n", "").replace(
    VANILLA[VANILLA.index("        k = self.key(x)") : VANILLA.index("        if self.rope:\n            q")],
    "        q, k, v = (p.reshape(B, T, self.n_head, -1).transpose(1, 2) for p in self.qkv(x).chunk(3, -1))\n",
)  # fmt: skip

CUDA = VANILLA.replace("def forward(self, x):", "def forward(self, x):\n        x = x.cuda()").replace(
    "att = self.attn_drop(att)", "att = self.attn_drop(att.to('cuda:0')) + torch.zeros(1, device='cuda')"
)

# Name: (edition, file, source, how many findings cannot be judged and are told).
RIGHT = {
    "dataset": ("all", "dataset.py", DATASET, 0),
    "dataset with numpy, a third MASK, without empty documents": ("all", "dataset.py", DATASET_NUMPY, 0),
    "dataset with normal spans and lengths from two draws": ("all", "dataset.py", DATASET_NORMAL, 0),
    "dataset padded to block_size + 1, as its handout says": ("one", "dataset.py", DATASET_PLUS_ONE, 0),
    "Synthesizer": ("2021-22", "attention.py", SYNTHESIZER, 0),
    "Synthesizer with einsum and an added mask": ("2021-22", "attention.py", SYNTHESIZER_EINSUM, 0),
    "softmax attention": ("all", "attention.py", VANILLA, 0),
    "softmax attention by torch's own function": ("all", "attention.py", VANILLA_FUSED_KERNEL, 0),
    "cross-attention": ("2023", "attention.py", PERCEIVER_ATTENTION, 0),
    "Perceiver blocks": ("2023", "model.py", PERCEIVER, 0),
    "Perceiver blocks, both inputs normalised": ("2023", "model.py", PERCEIVER_BOTH_NORMS, 2),
    "Perceiver blocks, no residual around attention": ("2023", "model.py", PERCEIVER_NO_RESIDUAL, 2),
    "rotary positions": ("2024", "attention.py", ROPE, 0),
    "rotary positions with complex numbers, a head at a time": ("2024", "attention.py", ROPE_COMPLEX, 0),
    "rotary positions before the transposition": ("2024", "attention.py", ROPE_BY_TIME, 0),
    "one fused qkv layer": ("other", "attention.py", FUSED, 1),
}
