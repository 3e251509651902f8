import Glibc

/// A small file that is replaced as a whole: after a crash it is the old one or the new one.
enum DurableFile {
    struct Failure: Error, CustomStringConvertible {
        let description: String

        init(_ what: String) {
            description = "\(what): \(String(cString: strerror(errno)))"
        }
    }

    static func replace(_ path: String, with bytes: [UInt8]) throws {
        let temporary = path + ".new"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Failure("open") }
        defer { close(file) }
        try bytes.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
                let count = write(file, rest.baseAddress, rest.count)
                guard count > 0 || errno == EINTR else { throw Failure("write") }
                done += max(0, count)
            }
        }
        guard fsync(file) == 0 else { throw Failure("fsync") }
        guard rename(temporary, path) == 0 else { throw Failure("rename") }
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw Failure("open of the directory") }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw Failure("fsync of the directory") }
    }
}
