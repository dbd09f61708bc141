"""`coord`: a hook takes the short way, everything else is the command line."""

import gc
import os
import sys


def main() -> None:
    if sys.argv[1:2] == ["hook"]:
        gc.disable()  # it lives for 20 ms
        from coord.client import hook

        hook.main(sys.argv[2:])
        # whatever else would want to fail at the end; and taking down the modules costs 3 ms
        os._exit(0)
    else:
        from coord.client import cli

        cli.main()


if __name__ == "__main__":
    main()
