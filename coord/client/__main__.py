"""`coord`: a hook takes the short way, everything else is the command line."""

import sys


def main() -> None:
    if sys.argv[1:2] == ["hook"]:
        from coord.client import hook

        hook.main(sys.argv[2:])
    else:
        from coord.client import cli

        cli.main()


if __name__ == "__main__":
    main()
