import CJournal
import Glibc

/// A file descriptor that closes with its last reference.
final class POSIXFile: DiskFile, DiskLock {
    private let descriptor: Int32
    private let path: String

    init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DiskError) -> Int {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = pread(descriptor, rest.baseAddress, rest.count, Int(offset) + done)
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw DiskError(.read, path, code: errno)
            }
            done += count
        }
        return done
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(DiskError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = pwrite(descriptor, rest.baseAddress, rest.count, Int(offset) + done)
            if count < 0 {
                if errno == EINTR { continue }
                throw DiskError(.write, path, code: errno)
            }
            // Neither progress nor an error: POSIX leaves this open, and a loop must end.
            if count == 0 { throw DiskError(.write, path, code: ENOSPC) }
            done += count
        }
    }

    func sync() throws(DiskError) {
        // EINTR is an error here like any other: whether the data reached the medium is unknown.
        guard fdatasync(descriptor) == 0 else { throw DiskError(.sync, path, code: errno) }
    }

    func truncate(to sizeBytes: UInt64) throws(DiskError) {
        guard ftruncate(descriptor, Int(sizeBytes)) == 0 else {
            throw DiskError(.truncate, path, code: errno)
        }
    }

    func size() throws(DiskError) -> UInt64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw DiskError(.size, path, code: errno) }
        return UInt64(max(0, status.st_size))
    }

    func punchHole(at offset: UInt64, count: UInt64) throws(DiskError) {
        guard cjournal_punch_hole(descriptor, Int64(offset), Int64(count)) == 0 else {
            throw DiskError(.punchHole, path, code: errno)
        }
    }
}
