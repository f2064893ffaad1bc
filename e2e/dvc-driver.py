"""One DVC for many calls: starting it takes longer than most of what it is asked.

Reads a line of JSON a call ({"cwd": ..., "argv": [...]}) and answers with one: the exit status and
what DVC logged. The calls are those of the command line, in the same process.
"""

import json
import logging
import os
import sys

answers = os.fdopen(os.dup(1), "w")
# Whatever commands and progress bars print is nobody's answer.
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
os.dup2(1, 2)

from dvc.cli import main  # noqa: E402


class Lines(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


lines = Lines()
for call in sys.stdin:
    request = json.loads(call)
    os.chdir(request["cwd"])
    lines.lines = []
    logging.getLogger("dvc").addHandler(lines)
    status = main(request["argv"])
    answers.write(json.dumps({"status": status, "lines": lines.lines}) + "\n")
    answers.flush()
