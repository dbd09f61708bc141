"""`python -m tests.client.patient hook`: the command line, but its hooks wait ten times as long for
coord. For tests whose subject is not that limit, on a machine that does much else meanwhile.
"""

from coord.client.__main__ import main
from coord.client.hook import context

if __name__ == "__main__":
    context.CALL_TIMEOUT_S *= 10
    main()
