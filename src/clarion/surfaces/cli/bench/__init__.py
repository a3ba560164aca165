"""`clarion bench`: load experiments on this machine, on a system of their own and against loopback only.

`commands.py` is the door, `experiments.py` the list; an experiment is one file with a function and a result
dataclass. What they stand on: `ground.py` (the system, its sinks and people), `side_process.py`, `inside.py` and
`load.py` (work in processes of its own). Faults on purpose are `clarion chaos`'s.
"""
