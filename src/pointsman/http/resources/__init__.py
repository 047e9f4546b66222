"""What both APIs are about, in one place: things as they are read, and how they are changed.

It knows the documents of definitions, what the store says of entities at present, and the commands that change either. It does
not know what an API makes of them: no field is renamed, no id becomes a number here.
"""
