"""Implementation of `scorer.score` for many texts at once, over flat tables.

A shared library with a C interface: `mojo_scorer.py` builds the tables and reads the results. It
allocates no memory and calls no other library, so that it does not need Mojo's runtime library.

Texts are normalised and in lower case (see `words.normalise`) and concatenated: bytes if all of
them are ASCII, 32-bit code points otherwise.
"""

comptime Integers = Pointer[Int64, ImmUntrackedOrigin]
comptime Characters[dtype: DType] = Pointer[Scalar[dtype], ImmUntrackedOrigin]

# Classes of characters.
comptime WORD = 1
comptime SPACE = 2
comptime APOSTROPHE = 3
comptime HYPHEN = 4

# The joiner of a word and the word before it is one of the classes above, or NOTHING.
comptime NOTHING = 0

# Roles of words, as bits.
comptime NEGATOR = 1
comptime BOOSTER = 2
comptime DAMPENER = 4
comptime T = 8

comptime ABSENT = -1


struct Lexicon:
    """A word list and the words that modify scores; `_Lexicon` in `mojo_scorer.py` is the same."""

    var classes: Pointer[UInt8, ImmUntrackedOrigin]
    """Class of each code point, at least of those in the texts."""

    var slots: Pointer[Int64, MutUntrackedOrigin]
    """Hash table with open addressing: ids of words, or ABSENT. It is never full."""
    var slot_mask: Int64
    """Number of slots, a power of two, minus 1."""

    var words: Int64
    """Number of known words; their ids count from 0."""
    var letters: Characters[DType.uint32]
    """All words, concatenated."""
    var letter_starts: Integers
    """Start of each word in `letters`, and the end of the last one."""
    var roles: Integers
    """Roles of each word."""
    var roots: Integers
    """Node of each word that begins a term, or ABSENT."""

    var edge_starts: Integers
    """Start of the edges of each node in `edge_keys`, and the end of those of the last one."""
    var edge_keys: Integers
    """8 * word + joiner of each edge, ascending within a node."""
    var edge_nodes: Integers
    """Target node of each edge."""
    var is_term: Integers
    """1 for nodes where a term ends."""
    var scores: Characters[DType.float64]
    """Score of each such node."""

    var factors: Characters[DType.float64]
    """Factors of a score: plain, boosted, dampened, and the same three negated."""


struct Results:
    """Arrays for the matches; `_Results` in `mojo_scorer.py` is the same."""

    var word_counts: Pointer[Int64, MutUntrackedOrigin]
    """Number of words of each text."""
    var match_ends: Pointer[Int64, MutUntrackedOrigin]
    """End of the matches of each text among all matches."""

    var capacity: Int64
    """Maximum matches that the arrays can store; further ones are only counted."""
    var scores: Pointer[Float64, MutUntrackedOrigin]
    """Score of each match, changed by modifiers if they are on."""
    var nodes: Pointer[Int64, MutUntrackedOrigin]
    """Node of each match."""
    var starts: Pointer[Int64, MutUntrackedOrigin]
    """Position in its text at which each match starts."""
    var ends: Pointer[Int64, MutUntrackedOrigin]
    """Position in its text at which each match ends."""


@fieldwise_init
struct Word(ImplicitlyCopyable):
    """A word of a text."""

    var start: Int
    var end: Int
    var joiner: Int
    var id: Int


@always_inline
def hash_step(hash: UInt64, letter: UInt64) -> UInt64:
    """Returns the hash with one more letter (FNV-1a)."""
    return (hash ^ letter) * 0x100000001B3


comptime HASH_START = UInt64(0xCBF29CE484222325)


@always_inline
def slot_of(lexicon: Lexicon, hash: UInt64) -> Int:
    return Int((hash ^ (hash >> 32)) & UInt64(lexicon.slot_mask))


def find_word[
    dtype: DType
](lexicon: Lexicon, text: Characters[dtype], start: Int, end: Int, hash: UInt64) -> Int:
    """Returns the id of a word, or ABSENT."""
    var slot = slot_of(lexicon, hash)
    while True:
        var id = Int(lexicon.slots[unsafe_offset=slot])
        if id == ABSENT:
            return ABSENT
        var first = Int(lexicon.letter_starts[unsafe_offset=id])
        if Int(lexicon.letter_starts[unsafe_offset=id + 1]) - first == end - start:
            var same = 0
            while same < end - start and UInt32(
                text[unsafe_offset=start + same]
            ) == UInt32(lexicon.letters[unsafe_offset=first + same]):
                same += 1
            if same == end - start:
                return id
        slot = (slot + 1) & Int(lexicon.slot_mask)


@always_inline
def next_word[
    dtype: DType
](lexicon: Lexicon, text: Characters[dtype], position: Int, end: Int) -> Word:
    """Returns the first word at or after a position; it starts at `end` if there is none."""
    var start = position
    var all_spaces = True
    while start < end:
        var kind = Int(lexicon.classes[unsafe_offset=Int(text[unsafe_offset=start])])
        if kind == WORD:
            break
        all_spaces &= kind == SPACE
        start += 1
    var joiner = NOTHING
    if start > position and all_spaces:
        joiner = SPACE
    elif start == position + 1:
        var kind = Int(lexicon.classes[unsafe_offset=Int(text[unsafe_offset=position])])
        if kind == APOSTROPHE or kind == HYPHEN:
            joiner = kind
    var stop = start
    var hash = HASH_START
    while stop < end:
        var letter = text[unsafe_offset=stop]
        if Int(lexicon.classes[unsafe_offset=Int(letter)]) != WORD:
            break
        hash = hash_step(hash, UInt64(letter))
        stop += 1
    var id = find_word(lexicon, text, start, stop, hash) if stop > start else ABSENT
    return Word(start, stop, joiner, id)


def follow(lexicon: Lexicon, node: Int, word: Word) -> Int:
    """Returns the node that a word leads to, or ABSENT."""
    var key = Int64(8 * word.id + word.joiner)
    var low = Int(lexicon.edge_starts[unsafe_offset=node])
    var end = Int(lexicon.edge_starts[unsafe_offset=node + 1])
    var high = end
    while low < high:
        var middle = (low + high) // 2
        if lexicon.edge_keys[unsafe_offset=middle] < key:
            low = middle + 1
        else:
            high = middle
    if low < end and lexicon.edge_keys[unsafe_offset=low] == key:
        return Int(lexicon.edge_nodes[unsafe_offset=low])
    return ABSENT


def longest_term[
    dtype: DType
](lexicon: Lexicon, text: Characters[dtype], first: Word, end: Int) -> Tuple[Int, Int]:
    """Returns node and end of the longest term that begins at a word; ABSENT if none does."""
    var node = Int(lexicon.roots[unsafe_offset=first.id])
    var found = ABSENT
    var found_end = first.end
    var word = first
    while node != ABSENT:
        if lexicon.is_term[unsafe_offset=node]:
            found = node
            found_end = word.end
        if lexicon.edge_starts[unsafe_offset=node] == lexicon.edge_starts[unsafe_offset=node + 1]:
            break
        word = next_word(lexicon, text, word.end, end)
        node = follow(lexicon, node, word) if word.id != ABSENT else ABSENT
    return found, found_end


def score_texts[
    dtype: DType
](
    lexicon: Lexicon,
    text: Characters[dtype],
    text_ends: Integers,
    texts: Int,
    modifiers: Bool,
    results: Results,
) -> Int:
    """Scores texts and returns the number of matches."""
    var matches = 0
    var begin = 0
    for index in range(texts):
        var end = Int(text_ends[unsafe_offset=index])
        var words = 0
        var free = begin  # position after the last match
        var negations = 0  # bit i is set if the word i + 1 words earlier is a negator
        var before = 0  # roles of the previous word
        var before_ends_with_n = False
        var word = next_word(lexicon, text, begin, end)
        while word.start < end:
            # Words joined by an apostrophe or a hyphen count as one word.
            var joined = word.joiner == APOSTROPHE or word.joiner == HYPHEN
            if not joined or words == 0:
                words += 1
            var roles = 0
            if word.id != ABSENT:
                roles = Int(lexicon.roles[unsafe_offset=word.id])
                if word.start >= free and lexicon.roots[unsafe_offset=word.id] != ABSENT:
                    var term = longest_term(lexicon, text, word, end)
                    if term[0] != ABSENT:
                        free = term[1]
                        if matches < Int(results.capacity):
                            var score = lexicon.scores[unsafe_offset=term[0]]
                            if modifiers:
                                var factor = 3 if negations else 0
                                if before & BOOSTER:
                                    factor += 1
                                elif before & DAMPENER:
                                    factor += 2
                                score *= lexicon.factors[unsafe_offset=factor]
                            results.scores[unsafe_offset=matches] = score
                            results.nodes[unsafe_offset=matches] = Int64(term[0])
                            results.starts[unsafe_offset=matches] = Int64(word.start - begin)
                            results.ends[unsafe_offset=matches] = Int64(free - begin)
                        matches += 1
            # "don't" is split into the words "don" and "t".
            var negates = roles & NEGATOR != 0 or (roles & T != 0 and before_ends_with_n)
            negations = ((negations << 1) | (1 if negates else 0)) & 7
            before = roles
            before_ends_with_n = Int(text[unsafe_offset=word.end - 1]) == ord("n")
            word = next_word(lexicon, text, word.end, end)
        results.word_counts[unsafe_offset=index] = Int64(words)
        results.match_ends[unsafe_offset=index] = Int64(matches)
        begin = end
    return matches


@export
def index_words(lexicon: Pointer[Lexicon, ImmUntrackedOrigin]) abi("C"):
    """Inserts all words into the hash table, whose slots must all be ABSENT."""
    ref table = lexicon[]
    var start = 0
    for id in range(Int(table.words)):
        var end = Int(table.letter_starts[unsafe_offset=id + 1])
        var hash = HASH_START
        for letter in range(start, end):
            hash = hash_step(hash, UInt64(table.letters[unsafe_offset=letter]))
        var slot = slot_of(table, hash)
        while table.slots[unsafe_offset=slot] != ABSENT:
            slot = (slot + 1) & Int(table.slot_mask)
        table.slots[unsafe_offset=slot] = Int64(id)
        start = end


@export
def score_ascii(
    lexicon: Pointer[Lexicon, ImmUntrackedOrigin],
    text: Characters[DType.uint8],
    text_ends: Integers,
    texts: Int64,
    modifiers: Int64,
    results: Pointer[Results, ImmUntrackedOrigin],
) abi("C") -> Int64:
    """Scores texts of bytes and returns the number of matches."""
    return Int64(
        score_texts(lexicon[], text, text_ends, Int(texts), modifiers != 0, results[])
    )


@export
def score_unicode(
    lexicon: Pointer[Lexicon, ImmUntrackedOrigin],
    text: Characters[DType.uint32],
    text_ends: Integers,
    texts: Int64,
    modifiers: Int64,
    results: Pointer[Results, ImmUntrackedOrigin],
) abi("C") -> Int64:
    """Scores texts of code points and returns the number of matches."""
    return Int64(
        score_texts(lexicon[], text, text_ends, Int(texts), modifiers != 0, results[])
    )
