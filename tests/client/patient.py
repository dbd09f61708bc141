"""`python -m tests.client.patient hook`: the command line, but hooks, an agent's and git's, wait
ten times as long for coord, or as many times as `PATIENCE` says. For tests whose subject is not
that limit, on a machine that does much else meanwhile.
"""

import os
import sys

from coord.client.__main__ import main
from coord.client.hook import context

if __name__ == "__main__":
    patience = int(os.environ.get("PATIENCE", "10"))
    context.CALL_TIMEOUT_S *= patience
    if sys.argv[1:2] != ["hook"]:
        from coord.client.setup.guard import check

        check.DEADLINE_S *= patience
    main()
