"""`clarion chaos`: faults on purpose, on a throwaway system of our own, judged from outside.

`commands.py` is the door, `experiments.py` the list. `course.py` is the course of an experiment with a fault of ours:
`faults.py` is what is done to the system, `victims.py` whom it may be done to, `senders.py` the clients with their log,
`verdict.py` the judgement (pure). In `troubles.py` and `resets.py` a provider is at fault, in `callers.py` the callers.
The system, its sinks and the report are `clarion bench`'s.

`points.py` with its `point_….py` is `clarion chaos points`, `simulation/` is `clarion chaos simulate`, `time_….py` is
`clarion chaos time`: `time_oracle.py` judges what `time_zones.py` plays.
"""
