import Glibc
import Synchronization

/// Files in memory: what a log of ``Durability/memory`` is kept on. Bounded by that log's retention.
package final class MemoryDisk: Disk {
    private let files = Mutex<[String: MemoryFile]>([:])

    package init() {}

    package func createDirectory(_ path: String) {}

    package func list(_ directory: String) -> [DiskEntry] {
        let prefix = directory + "/"
        return files.withLock { files in
            files.compactMap { path, file in
                guard path.hasPrefix(prefix) else { return nil }
                return DiskEntry(name: String(path.dropFirst(prefix.count)), sizeBytes: file.size())
            }
        }
    }

    package func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile {
        try files.withLock { files throws(DiskError) -> any DiskFile in
            let found = files[path]
            switch mode {
            case .create:
                guard found == nil else { throw DiskError(.create, path, code: EEXIST) }
                let file = MemoryFile()
                files[path] = file
                return file
            case .read, .readWrite:
                guard let found else { throw DiskError(.open, path, code: ENOENT) }
                return found
            }
        }
    }

    package func rename(_ path: String, to newPath: String) throws(DiskError) {
        try files.withLock { files throws(DiskError) in
            guard let file = files.removeValue(forKey: path) else {
                throw DiskError(.rename, path, code: ENOENT)
            }
            files[newPath] = file
        }
    }

    package func remove(_ path: String) throws(DiskError) {
        try files.withLock { files throws(DiskError) in
            guard files.removeValue(forKey: path) != nil else {
                throw DiskError(.remove, path, code: ENOENT)
            }
        }
    }

    package func syncDirectory(_ directory: String) {}

    package func lock(_ path: String) -> any DiskLock { MemoryLock() }
}

private final class MemoryLock: DiskLock {}

/// A file as pieces of memory, so that growing it moves nothing.
private final class MemoryFile: DiskFile {
    private let contents = Mutex(Pieces())

    deinit { contents.withLock { $0.deallocate() } }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) -> Int {
        contents.withLock { contents in
            let count = Int(min(UInt64(buffer.count), contents.size - min(contents.size, offset)))
            contents.forEach(at: offset, count: count) { piece, done in
                UnsafeMutableRawBufferPointer(rebasing: buffer[done...]).copyMemory(
                    from: UnsafeRawBufferPointer(piece)
                )
            }
            return count
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) {
        contents.withLock { contents in
            contents.grow(to: offset + UInt64(bytes.count))
            contents.forEach(at: offset, count: bytes.count) { piece, done in
                piece.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[done..<done + piece.count]))
            }
        }
    }

    func sync() {}

    func truncate(to sizeBytes: UInt64) {
        contents.withLock { $0.size = min($0.size, sizeBytes) }
    }

    func size() -> UInt64 { contents.withLock { $0.size } }

    func punchHole(at offset: UInt64, count: UInt64) {}
}

/// Sendable because it is only reached under its file's lock.
private struct Pieces: @unchecked Sendable {
    private static let pieceBytes = 256 << 10

    private var pieces: [UnsafeMutableRawPointer] = []
    var size: UInt64 = 0

    mutating func deallocate() {
        for piece in pieces { piece.deallocate() }
        pieces = []
    }

    mutating func grow(to newSize: UInt64) {
        size = max(size, newSize)
        while UInt64(pieces.count * Self.pieceBytes) < size {
            pieces.append(.allocate(byteCount: Self.pieceBytes, alignment: 4096))
        }
    }

    /// Calls `body` with each part of a range that lies in one piece, and the bytes before it.
    func forEach(at offset: UInt64, count: Int, _ body: (UnsafeMutableRawBufferPointer, Int) -> Void) {
        var done = 0
        while done < count {
            let at = Int(offset) + done
            let within = at % Self.pieceBytes
            let part = min(count - done, Self.pieceBytes - within)
            let start = pieces[at / Self.pieceBytes] + within
            body(UnsafeMutableRawBufferPointer(start: start, count: part), done)
            done += part
        }
    }
}
