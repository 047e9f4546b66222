"""What would be decided, on a virtual clock: nothing is stored, published or run.

    stage.py        all that is known, in memory, and the timers that wait: one command after the other goes to `core.decide`
    rehearsal.py    a course of messages, time going on between them, every job succeeding at once: `simulate`, rule tests
    scenario.py     runs a rule test, and says where it went otherwise
    replay.py       recorded history against a catalog, its jobs held against those on record: `replay`
    course.py       what a replay has on its stage: decisions, and time that goes on
    recorded.py     what is on record, and as which command it happens again; ids.py: under which id
    cues.py         what became of jobs on record; timing.py: when timers came up; lead_in.py: how far back that has to be known
    comparison.py   jobs on record × jobs that would be made → what is the same, changed, added or dropped (difference.py)

Knows core and model; what reads a delivery is a function that it is given. Must not know: store, MQTT, settings, the clock.
"""
