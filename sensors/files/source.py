"""A file as bytes or as lines, unpacked and decoded stretch by stretch."""

from __future__ import annotations

import codecs
import io
import zlib
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from sensors.errors import RecordingError
from sensors.files.cells import Block
from sensors.files.packed import GZIP, inflate, opened, too_large, unpacked_limit
from sensors.files.text import no_text, nothing_in

__all__ = ["FileSource", "TextSource"]

_PIECE = 1 << 20  #: bytes that are unpacked and decoded together
_HEAD_BYTES = 1 << 16  #: that tell a format
_LONGEST_LINE = 1 << 24  #: characters; no table has it
_HEAD_LINES = 1000  #: that tell how a table is laid out
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\f\x1a"))


class FileSource:
    """A file whose content tells what it is.

    Parameters
    ----------
    path
        A file, perhaps packed with gzip.

    Raises
    ------
    RecordingError
        When it is missing, unreadable or damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._piped = b"" if path.is_file() else _read(path)  # what comes once has to be kept
        with self._raw() as file:
            self._packed = file.read(2) == GZIP
        self._cut = False
        self.head = next(self.pieces(_HEAD_BYTES), b"")  #: its first bytes, unpacked

    @cached_property
    def data(self) -> bytes:
        """All of it, unpacked: for formats that are read by others, and small ones."""
        with self._raw() as file:
            return inflate(file.read(), self._path.name)

    @property
    def size_bytes(self) -> int:
        """Of all of it, unpacked; only what is packed, or comes once, has to be read for it."""
        return len(self.data) if self._packed or self._piped else self._path.stat().st_size

    def file(self) -> BinaryIO:
        """Return the file, unpacked, at its start; whoever asks closes it.

        Returns
        -------
        BinaryIO
            For reading.
        """
        return io.BytesIO(self.data) if self._packed else self._raw()

    def text(self) -> TextSource:
        """Return its lines.

        Returns
        -------
        TextSource
            Of the whole file, which is looked through once.

        Raises
        ------
        RecordingError
            When it is empty, not a text, damaged or too large.
        """
        return TextSource(self.pieces, self._path.name, lambda: self._cut)

    def pieces(self, size: int = _PIECE) -> Iterator[bytes]:
        """Yield the content in order, unpacked.

        Parameters
        ----------
        size
            How many bytes are read together.

        Yields
        ------
        bytes
            Never empty.

        Raises
        ------
        RecordingError
            When it is damaged, or unpacks to more than any recording does.
        """
        with self._raw() as file:
            read = iter(lambda: file.read(size), b"")
            yield from self._unpacked(read) if self._packed else read

    def _raw(self) -> BinaryIO:
        return io.BytesIO(self._piped) if self._piped else opened(self._path)

    def _unpacked(self, packed: Iterator[bytes]) -> Iterator[bytes]:
        """Unpack gzip piece by piece, within the limits of what any recording is."""
        name, total = self._path.name, 0
        limit = unpacked_limit(len(self._piped) or self._path.stat().st_size)
        unpacker = zlib.decompressobj(wbits=31)
        for piece in packed:
            while piece:
                try:
                    plain = unpacker.decompress(piece, _PIECE)
                except zlib.error as error:
                    raise RecordingError(
                        f"{name} is damaged: {error}", hint="Copy or download the recording again."
                    ) from error
                piece, total = unpacker.unconsumed_tail, total + len(plain)
                if total > limit:
                    raise too_large(name)
                if plain:
                    yield plain
        self._cut = not unpacker.eof


class TextSource:
    """The lines of a file, without their ends.

    Parameters
    ----------
    pieces
        Starts to yield its content from the beginning.
    name
        The file's, for errors.
    was_cut
        Whether the content, once it has been read, ended before its end.
    """

    def __init__(
        self, pieces: Callable[[], Iterator[bytes]], name: str, was_cut: Callable[[], bool]
    ) -> None:
        self._pieces, self._name, self._was_cut = pieces, name, was_cut
        self._encoding = _encoding_of(pieces(), name)

    @cached_property
    def head(self) -> list[str]:
        """The first thousand of them."""
        return [line for _, lines in islice(self.blocks(), 1) for line in lines[:_HEAD_LINES]]

    def blocks(self) -> Iterator[Block]:
        """Yield all lines, thousands at a time.

        Yields
        ------
        Block
            At least a thousand lines, but for the last.
        """
        number, lines, rest = 0, list[str](), ""
        for text in self._decoded():
            *whole, rest = (rest + text).split("\n")
            if len(rest) > _LONGEST_LINE:
                raise no_text(self._name)
            lines += whole
            if len(lines) >= _HEAD_LINES:
                yield number, lines
                number, lines = number + len(lines), []
        # A cut stream ends anywhere, also inside a number that still reads as one.
        if rest and not self._was_cut():
            lines.append(rest)
        if lines:
            yield number, lines

    def whole(self) -> str:
        """Return all of the text, for formats whose files are small.

        Returns
        -------
        str
            Its lines parted by line feeds alone.
        """
        return "\n".join(line for _, lines in self.blocks() for line in lines)

    def replaced(self, text: str) -> TextSource:
        """Return a text that stands for the whole of this one.

        Parameters
        ----------
        text
            Not empty.

        Returns
        -------
        TextSource
            Of the same file.
        """
        return TextSource(lambda: iter([text.encode()]), self._name, lambda: False)

    def _decoded(self) -> Iterator[str]:
        decoder = io.IncrementalNewlineDecoder(
            codecs.getincrementaldecoder(self._encoding)("replace"), translate=True
        )
        for piece in self._pieces():
            yield decoder.decode(piece)
        yield decoder.decode(b"", final=True)


def _encoding_of(pieces: Iterator[bytes], name: str) -> str:
    """Return how a text is encoded: UTF-16 with a mark, UTF-8, or Latin-1."""
    utf8 = codecs.getincrementaldecoder("utf-8-sig")()
    encoding, blank, first = "utf-8-sig", True, True
    for piece in pieces:
        if first and piece.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            encoding = "utf-16"
        first = False
        if encoding == "utf-16":
            blank = blank and not piece.strip(b"\x00\xfe\xff \t\r\n\f\x1a")
            continue
        if piece.translate(None, _CONTROL) != piece:
            raise no_text(name)
        blank = blank and not piece.strip(b"\xef\xbb\xbf \t\r\n\f\x1a")
        try:
            if encoding == "utf-8-sig":
                utf8.decode(piece)
        except UnicodeDecodeError:
            encoding = "latin-1"
    if blank:
        raise nothing_in(name)
    try:
        utf8.decode(b"", final=encoding == "utf-8-sig")
    except UnicodeDecodeError:
        encoding = "latin-1"
    return encoding


def _read(path: Path) -> bytes:
    with opened(path) as file:
        return file.read()
