"""The programs adapter: runs the programs and scripts of operations, each as a job.

    pool.py       whose turn it is (turns.py), Begin, and a Finish for each job
    perform.py    one job: refuse it (argv.py), find what to run (paths.py, scripts.py), run it, say what became of it
    process.py    one process, from exec to the end of its group; the only module that names subprocess

`policy.py` says what may run. Knows: model and engine.ports. Must not know: core, MQTT, the store.
"""
