"""`clarion chaos`: faults on purpose, on a throwaway system of our own, judged from outside.

`commands.py` is the door, `experiments.py` the list and one experiment's course, `faults.py` what is done to the
system, `victims.py` whom it may be done to, `senders.py` the clients with their log, `verdict.py` the judgement (pure).
The system, its sinks and the report are `clarion bench`'s.
"""
