"""Options that several commands have, with their limits and their line in the help."""

from typing import Annotated

from cyclopts import Parameter, validators

NotNegative = Annotated[int, Parameter(validator=validators.Number(gte=0))]
AtLeastOne = Annotated[int, Parameter(validator=validators.Number(gte=1))]
Json = Annotated[bool, Parameter(help="Print one JSON object on standard output, everything else on standard error.")]
SET = "Override one value of the recipe, such as model.width=128 or stages.pretrain.epochs=20; may be repeated."
Overrides = Annotated[list[str] | None, Parameter(name="--set", help=SET)]
Threads = Annotated[int | None, Parameter(help="CPU threads; one per core, at most 8, if left out.")]
OWN_MIXER = "FILE.py:CLASS, a mixer of your own in place of the recipe's (docs/mixers.md); the file is executed."
OwnMixer = Annotated[str | None, Parameter(help=OWN_MIXER)]
RUNS_MIXER = "FILE.py:CLASS, the file that a run's own mixer is in (docs/mixers.md); it is executed."
RunsMixer = Annotated[str | None, Parameter(help=RUNS_MIXER)]
RunsMixers = Annotated[list[str] | None, Parameter(help=f"{RUNS_MIXER} May be repeated.")]
