"""Files for the programs beside this file."""


struct Reader(Movable):
    """The bytes of a file, piece by piece."""

    var bytes: List[UInt8]
    var place: Int

    def __init__(out self, path: String) raises:
        with open(path, "r") as file:
            self.bytes = file.read_bytes()
        self.place = 0

    def take(mut self, size: Int) -> Int:
        """Returns the address of the next bytes."""
        var address = Int(self.bytes.unsafe_ptr()) + self.place
        self.place += size
        return address

    def integer(mut self) -> Int:
        var address = self.take(8)
        return Int(Pointer[Int64, MutUntrackedOrigin](unsafe_from_address=address).unsafe_load())
