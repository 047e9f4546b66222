"""The programs adapter: runs the programs and scripts of operations, each as a job, under a supervisor that outlives the worker.

    pool.py        whose turn it is (turns.py), Begin, and a Finish for each job
    perform.py     one job: refuse it (argv.py), find what to run (paths.py, scripts.py), have it run (keeping.py), follow it
    following.py   the worker's end of one program that runs, and what became of it (outcome.py)
    caretaker.py   the same for programs that a worker before this one began
    workspace.py   the directories by which all of that is found again
    supervisor/    what runs in processes of its own, and outlives the worker

`policy.py` says what may run. Knows: model and engine.ports. Must not know: core, MQTT, the store.
"""
