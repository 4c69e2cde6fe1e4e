"""Whether the answer to a spoilt input is right: what is written must be what the sound run gives, or be named.

equal    the result is that of the sound run
told     a number that nothing contradicts is passed on, exactly as the file has it
named    what is left out or doubtful is named, exit 1; all else is that of the sound run
refused  at least one module is given up as a whole, named, exit 1
unseen   a check had nothing to say of a number that no other contradicts
FAULT    anything else: a crash, a hang, a wrong pixel, a silent loss
"""
import math
import os
from collections import Counter
from dataclasses import dataclass

from detcal import DONE

# What says which frames there are, and which is which.
IDENTITY = ("INDEX/trainId", "INDEX/flag", "INDEX/image/", "image/trainId", "image/pulseId", "image/cellId")


@dataclass
class Verdict:
    name: str
    why: str = ""
    lost: int = 0


@dataclass
class Suspect:
    """What is known of the spoiling: where it is, and the numbers that the file has from now on (None: any)."""

    dataset: str = None
    values: object = None
    everywhere: bool = False  # in all modules alike, so that none contradicts another
    words: tuple = ()  # a message about it has one of these

    @property
    def identity(self):
        return self.dataset is not None and self.dataset.startswith(IDENTITY)


def fault(why, lost=0):
    return Verdict("FAULT", why, lost)


def judge_correction(base, suspect, ended, content):
    if ended.breakdown:
        return fault(ended.breakdown)
    if content.torn:
        return fault(f"CORR contradicts itself: {content.torn[0]}")
    found = _compare(base.expected, content, suspect)
    if found.wrong:
        return fault(found.wrong[0], found.lost)
    if ended.code == DONE:
        return _silent(base, suspect, ended, found)
    news = [problem for problem in ended.problems if problem not in base.said]
    words = suspect.words + tuple(f"module {m}" for m in base.expected.modules) + ('"module"', "modules ")
    if not any(word in line for line in news for word in words):
        return fault(f"exit {ended.code}, but nobody says where: {' '.join(news)[:100]}", found.lost)
    gone = [m for m in base.expected.modules if not any(t.frames for t in content.modules.get(m, {}).values())]
    return Verdict("refused" if gone else "named", f"modules {gone}" if gone else "", found.lost)


def _silent(base, suspect, ended, found):
    """What exit 0 may stand for."""
    if found.lost:
        flagged = suspect.dataset == "INDEX/flag" and any(str(train) in ended.stderr for train in found.trains)
        return Verdict("told", "flag 0, said", found.lost) if flagged else fault("silent loss", found.lost)
    if found.strange:
        unopposed = suspect.everywhere and suspect.dataset in ("image/pulseId", "image/cellId")
        exact = all(str(value) in map(str, suspect.values or ()) for value in found.strange)
        if not (unopposed and exact and not found.twice):
            return fault(f"{suspect.dataset or 'an id'} is now {found.strange[0]}, in silence")
    if found.altered:
        return fault(found.altered[0])
    return Verdict("told" if found.strange or found.told else "equal")


class _Found:
    def __init__(self):
        self.wrong, self.strange, self.altered, self.trains = [], [], [], []
        self.lost, self.told, self.twice = 0, False, False


def _compare(expected, content, suspect):
    found = _Found()
    for module, trains in expected.modules.items():
        there = content.modules.get(module, {})
        for train, want in trains.items():
            got = there.get(train)
            missing = _frames(found, f"module {module}, train {train}", want, got, suspect)
            if missing:
                found.trains.append(train)
            elif got is not None:
                _values(found, want, got, suspect)
        for train in set(there) - set(trains):
            if there[train].frames or not suspect.identity:
                found.strange.append(train)
    return found


def _frames(found, place, want, got, suspect):
    """Frames that are missing or all masked; wrong and relabelled ones are entered."""
    frames = [frame for frame in (got.frames if got else []) if not frame.masked]
    labels = Counter((frame.pulse, frame.cell) for frame in frames)
    found.twice |= any(count > 1 for count in Counter(f.pulse for f in frames).values())
    found.twice |= any(count > 1 for count in Counter(f.cell for f in frames).values())
    due = {(frame.pulse, frame.cell): frame.pixels for frame in want.frames}
    for frame in frames:
        label = (frame.pulse, frame.cell)
        if labels[label] == 1 and due.get(label) == frame.pixels:
            continue
        if label in due and due[label] != frame.pixels:
            found.wrong.append(f"{place}: wrong pixels of pulse {frame.pulse}, cell {frame.cell}")
        # With another cell come that cell's constants.
        elif frame.pixels in due.values() or suspect.dataset == "image/cellId":
            cells = {cell for _, cell in due}
            is_cell = suspect.dataset == "image/cellId" or frame.cell not in cells
            found.strange.append(frame.cell if is_cell else frame.pulse)
        else:
            found.wrong.append(f"{place}: wrong pixels under pulse {frame.pulse}, cell {frame.cell}")
    missing = max(0, len(due) - len(frames))
    found.lost += missing
    return missing


def _values(found, want, got, suspect):
    for key in sorted(want.values.keys() | got.values.keys()):
        old, new = want.values.get(key), got.values.get(key)
        if _plain(old) == _plain(new):
            continue
        if not _concerns(suspect.dataset, key):
            found.altered.append(f"{key} has changed, too: {_some(old)} became {_some(new)}")
        elif suspect.dataset == key and suspect.values is not None and not set(_plain(new)) <= set(_plain(suspect.values)):
            found.altered.append(f"{key} is {_some(new)}, which the file does not hold")
        else:
            found.told = True


def _concerns(dataset, key):
    """Whether a number of CORR is allowed to follow the spoilt dataset: itself, or all of a group with its own index."""
    if dataset is None:
        return False
    parts = dataset.split("/")
    group = parts[1] if parts[0] == "INDEX" and len(parts) == 3 and parts[1] != "image" else None
    return key == dataset or (group is not None and (key.startswith(f"{group}/") or key.startswith(f"INDEX/{group}/")))


def _plain(values):
    """Numbers to compare: 64 bits are 64 bits, whatever their sign; a NaN equals another."""
    if values is None:
        return None
    return ["nan" if isinstance(v, float) and math.isnan(v) else int(v) % 2**64 for v in (getattr(x, "item", lambda: x)() for x in values)]


def _some(values):
    return "nothing" if values is None else " ".join(str(value) for value in values[:3])


def judge_check(command, suspect, ended, sound):
    """`inspect` and `validate`: they end well, and validate sees what contradicts the rest of the run."""
    if ended.breakdown:
        return fault(ended.breakdown)
    if ended.code != DONE:
        return Verdict("named")
    if set(ended.stderr.splitlines()) - set(sound.stderr.splitlines()) or ended.stdout != sound.stdout:
        return Verdict("told")
    seen_by_nobody = command == "validate" and suspect.identity and not suspect.everywhere
    return fault("validate sees nothing") if seen_by_nobody else Verdict("unseen")


def judge_dark(expected, found, ended):
    """`dark`: constants as of the sound run, or a word of why not."""
    if ended.breakdown:
        return fault(ended.breakdown)
    lost = len(expected) - len(set(found) & set(expected))
    if ended.code == DONE:
        return Verdict("equal") if found == expected else fault(f"other constants in silence, {lost} missing", lost)
    return Verdict("refused" if lost else "named", lost=lost)


def words_of(paths):
    return tuple(os.path.basename(path) for path in paths)
