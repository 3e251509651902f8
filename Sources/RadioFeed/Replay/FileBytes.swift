#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The bytes of a file.
package struct FileBytes: ByteSource {
    package let path: String
    fileprivate let file: OpenFile

    /// - Throws: ``InputError`` with the system's reason.
    package init(path: String) throws(InputError) {
        self.path = path
        file = try OpenFile(path: path)
    }

    package mutating func read(atMost count: Int) throws(InputError) -> [UInt8] {
        guard count > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: count)
        while true {
            let read = bytes.withUnsafeMutableBytes { Self.read(file.descriptor, $0.baseAddress, $0.count) }
            if read >= 0 {
                bytes.removeLast(count - read)
                return bytes
            }
            if errno != EINTR { throw InputError("\(path) cannot be read (\(OpenFile.reason(errno)))") }
        }
    }

    package mutating func rewind() throws(InputError) {
        guard lseek(file.descriptor, 0, SEEK_SET) == 0 else {
            throw InputError(
                "\(path) cannot be rewound (\(OpenFile.reason(errno))); only a plain file can be looped"
            )
        }
    }

    /// Device and inode of the open file, to see whether the name means another one by now.
    package var identity: (device: UInt64, inode: UInt64, size: Int64)? {
        Self.identity { fstat(file.descriptor, $0) }
    }

    /// The same of whatever has the name now.
    package static func identity(path: String) -> (device: UInt64, inode: UInt64, size: Int64)? {
        identity { stat(path, $0) }
    }

    private static func identity(_ ask: (UnsafeMutablePointer<stat>) -> Int32) -> (
        device: UInt64, inode: UInt64, size: Int64
    )? {
        var status = stat()
        guard ask(&status) == 0 else { return nil }
        return (
            UInt64(truncatingIfNeeded: status.st_dev), UInt64(truncatingIfNeeded: status.st_ino),
            Int64(status.st_size)
        )
    }

    private static func read(_ descriptor: Int32, _ base: UnsafeMutableRawPointer?, _ count: Int) -> Int {
        #if canImport(Glibc)
            Glibc.read(descriptor, base, count)
        #else
            Darwin.read(descriptor, base, count)
        #endif
    }
}

/// A descriptor that is closed with its last owner.
final class OpenFile: Sendable {
    let descriptor: Int32

    init(path: String) throws(InputError) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw InputError(
                "\(path) cannot be opened (\(OpenFile.reason(errno))); check the path and its owner"
            )
        }
    }

    deinit { close(descriptor) }

    static func reason(_ number: Int32) -> String { String(cString: strerror(number)) }
}

extension FileBytes {
    /// Goes to a byte.
    mutating func skip(to offset: Int64) throws(InputError) {
        guard lseek(file.descriptor, off_t(offset), SEEK_SET) >= 0 else {
            throw InputError("\(path) cannot be skipped in (\(OpenFile.reason(errno)))")
        }
    }
}
