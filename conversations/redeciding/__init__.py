"""Recorded turns decided again under another configuration or charter: nobody is answered, nothing is recorded.

    from conversations.redeciding.deciding import Redecider
    from conversations.redeciding.material import read_materials
    from conversations.redeciding.verdict import change

    redecider = Redecider(charter, configuration)
    for turn, material in zip(turns, read_materials(turns), strict=True):
        if material is not None:  # otherwise what was said is not kept
            after = redecider.verdict(material)
            changed = change(material.recorded, after)

Each turn is decided for itself, in the past that it was met in, as docs/decisions/0024-replay-of-a-draft.md says.
Nothing is imported here: whoever hands replays over need not hold the screens.
"""
