"""What outlives the worker: one supervisor for each program, forked by a keeper. It runs in processes of its own.

    record.py      what worker and supervisor tell each other: the files and pipes in a job's directory
    keeper.py      the process that the worker starts once, and that forks a supervisor for each program
    supervise.py   one supervisor: from the launch that it takes to the outcome that it leaves
    spawn.py       the program's process: limits, its session, and the tether by which it dies with its supervisor
    watch.py       feeds on a program's output until it has ended, or until its time is up

Knows: capture.py, and of the standard library what costs nothing to import. Must not know: the model, the engine, anything that
the rest of this package imports. These processes hold no descriptor of the worker's: no socket, no database, no standard error.
"""
