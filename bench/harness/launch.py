"""Runs one command and writes what it used: launch.py REPORT COMMAND...

A process of its own, with next to nothing loaded, because Linux counts the memory of the process that starts another one
into the other's peak: what is reported is at least the 9 MB or so of this interpreter.
"""
import os
import sys
import time


def main(report, command):
    began = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter() - began
    with open(report, "w") as out:
        print(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, os.waitstatus_to_exitcode(status), file=out)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
