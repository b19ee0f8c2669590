"""``torchrun -m posrank.evaluation RUN``: one run, evaluated and written by all processes together."""

import sys

from posrank.evaluation.results import main

sys.exit(main())
