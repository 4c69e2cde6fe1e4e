"""Single bytes that are spoilt: which of a file's bytes are meant, and what dataset they belong to."""
import h5py

# Values that CORR files hold as they are, or that no structure can vouch for.
BULK = ("image/data", "detector/data")


class Bytes:
    """The bytes of an HDF5 file by what they are: pixels, values of a dataset, or structure."""

    def __init__(self, path):
        self.spans = []  # begin, end, dataset
        with h5py.File(path, "r") as file:
            file.visititems(lambda name, item: self._add(name, item) if isinstance(item, h5py.Dataset) else None)
            self.size = file.id.get_filesize()
        self.spans.sort()

    def _add(self, name, dataset):
        if dataset.chunks is None:
            begin = dataset.id.get_offset()
            if begin is not None:
                self.spans.append((begin, begin + dataset.id.get_storage_size(), name))
            return
        for k in range(dataset.id.get_num_chunks()):
            chunk = dataset.id.get_chunk_info(k)
            self.spans.append((chunk.byte_offset, chunk.byte_offset + chunk.size, name))

    def choose(self, random, structure):
        """A random byte: of structure, or of the values of small datasets; returns its address and its dataset."""
        wanted = self._gaps() if structure else [span for span in self.spans if not span[2].endswith(BULK)]
        index = random.randrange(sum(end - begin for begin, end, _ in wanted))
        for begin, end, dataset in wanted:
            if index < end - begin:
                return begin + index, dataset
            index -= end - begin
        raise AssertionError("there is no such byte")

    def _gaps(self):
        ends = [0] + [end for _, end, _ in self.spans]
        begins = [begin for begin, _, _ in self.spans] + [self.size]
        return [(end, begin, None) for end, begin in zip(ends, begins) if end < begin]


def spoil_byte(path, address, random):
    """Gives one byte another value; returns old and new."""
    with open(path, "r+b") as file:
        file.seek(address)
        old = file.read(1)[0]
        new = random.choice([value for value in range(256) if value != old])
        file.seek(address)
        file.write(bytes([new]))
    return old, new
