/// What the journal asks of a file system, so that tests can tear, lose, fill and fail it.
///
/// Paths are joined with `/`. Every call is synchronous and may take as long as the medium does;
/// none is made while an append could be waiting for it.
package protocol Disk: Sendable {
    /// Makes `path` and its parents; one that exists is no error.
    func createDirectory(_ path: String) throws(DiskError)

    /// Names and sizes of the files in a directory, in no particular order.
    func list(_ directory: String) throws(DiskError) -> [DiskEntry]

    /// Opens a file. The handle closes when the last reference to it goes.
    func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile

    /// Renames a file, replacing what was there. Durable once the directory is synced.
    func rename(_ path: String, to newPath: String) throws(DiskError)

    /// Removes a file. Its space comes back when the last handle goes.
    func remove(_ path: String) throws(DiskError)

    /// Makes creations, renames and removals in a directory durable.
    func syncDirectory(_ directory: String) throws(DiskError)

    /// Takes the directory for this process alone, until the returned value goes.
    ///
    /// - Throws: ``DiskError/isBusy`` where another process holds it.
    func lock(_ path: String) throws(DiskError) -> any DiskLock
}

package struct DiskEntry: Sendable, Equatable {
    package var name: String
    package var sizeBytes: UInt64

    package init(name: String, sizeBytes: UInt64) {
        self.name = name
        self.sizeBytes = sizeBytes
    }
}

package enum DiskOpenMode: Sendable {
    case read
    case readWrite
    /// The file must not exist.
    case create
}

/// An open file. Calls for different ranges may overlap in time.
package protocol DiskFile: AnyObject, Sendable {
    /// Reads up to `buffer.count` bytes from `offset`.
    ///
    /// - Returns: Fewer than asked only where the file ends.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DiskError) -> Int

    /// Writes all of `bytes`, or throws: then any part of them may have been written.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(DiskError)

    /// Makes everything written so far, and the size, durable (`fdatasync`).
    ///
    /// After a failure nobody knows what of the writes since the last success is on the medium,
    /// and a second call that succeeds says nothing about them.
    func sync() throws(DiskError)

    func truncate(to sizeBytes: UInt64) throws(DiskError)

    func size() throws(DiskError) -> UInt64

    /// Gives the blocks that lie wholly inside a range back to the file system; they read as zeros.
    func punchHole(at offset: UInt64, count: UInt64) throws(DiskError)
}

extension DiskFile {
    /// Writes all of `bytes`, or throws.
    package func write(_ bytes: [UInt8], at offset: UInt64) throws(DiskError) {
        let result = bytes.withUnsafeBytes { buffer -> Result<Void, DiskError> in
            do throws(DiskError) {
                return .success(try write(buffer, at: offset))
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// Up to `count` bytes from `offset`.
    package func read(count: Int, at offset: UInt64) throws(DiskError) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
        defer { buffer.deallocate() }
        return Array(buffer[..<(try read(into: buffer, at: offset))])
    }
}

/// Holds a directory for as long as it lives.
package protocol DiskLock: AnyObject, Sendable {}
