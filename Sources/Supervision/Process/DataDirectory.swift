import Glibc

/// The directory in which one server keeps everything, locked while it runs.
///
/// The lock is the kernel's (`flock` on `weir.lock`), so it goes away with the process however that ends;
/// the pid in the file only serves messages and `weir reload`.
package struct DataDirectory: ~Copyable {
    package static let lockName = "weir.lock"
    package let path: String
    private let lockDescriptor: Int32

    /// Makes the directory where there is none (mode 0750) and locks it.
    ///
    /// - Throws: ``DataDirectoryError/inUse(path:pid:)`` when another server holds it.
    package init(locking path: String) throws(DataDirectoryError) {
        try Self.makeDirectories(path)
        let file = "\(path)/\(Self.lockName)"
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw .unusable(path: path, SystemError("cannot open \(file)")) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            let pid = code == EWOULDBLOCK ? Self.readPID(descriptor) : nil
            close(descriptor)
            if code == EWOULDBLOCK { throw .inUse(path: path, pid: pid) }
            throw .unusable(path: path, SystemError("cannot lock \(file)", code: code))
        }
        let text = "\(getpid())\n"
        let written = text.utf8.withContiguousStorageIfAvailable { bytes -> Bool in
            ftruncate(descriptor, 0) == 0
                && pwrite(descriptor, bytes.baseAddress, bytes.count, 0) == bytes.count
        }
        guard written == true else {
            let error = SystemError("cannot write \(file)")
            close(descriptor)
            throw .unusable(path: path, error)
        }
        self.path = path
        self.lockDescriptor = descriptor
    }

    deinit {
        // The file stays: removing it would let two servers hold locks on two files of the same name.
        ftruncate(lockDescriptor, 0)
        close(lockDescriptor)
    }

    /// The pid of the server that runs on `path`; `nil` when none does.
    package static func runningServer(on path: String) throws(DataDirectoryError) -> Int32? {
        let file = "\(path)/\(lockName)"
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .unusable(path: path, SystemError("cannot open \(file)"))
        }
        defer { close(descriptor) }
        if flock(descriptor, LOCK_SH | LOCK_NB) == 0 { return nil }
        guard errno == EWOULDBLOCK else { throw .unusable(path: path, SystemError("cannot lock \(file)")) }
        guard let pid = readPID(descriptor) else {
            throw .unusable(path: path, SystemError("found no process number in \(file)", code: EINVAL))
        }
        return pid
    }

    private static func readPID(_ descriptor: Int32) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        let digits = bytes[..<count].prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        return Int32(String(decoding: digits, as: UTF8.self)).flatMap { $0 > 0 ? $0 : nil }
    }

    private static func makeDirectories(_ path: String) throws(DataDirectoryError) {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/\(part)"
            if mkdir(made, 0o750) != 0, errno != EEXIST {
                throw .unusable(path: path, SystemError("cannot make the directory \(made)"))
            }
        }
        guard access(path, R_OK | W_OK | X_OK) == 0 else {
            throw .unusable(path: path, SystemError("cannot write to \(path)"))
        }
    }
}

/// Why a data directory cannot be used.
package enum DataDirectoryError: Error, Equatable, CustomStringConvertible {
    case inUse(path: String, pid: Int32?)
    case unusable(path: String, SystemError)

    package var description: String {
        switch self {
        case .inUse(let path, let pid):
            """
            data directory "\(path)" is in use by another server\(pid.map { " (pid \($0))" } ?? ""); \
            stop that one, or give this one a directory of its own with --data.
            """
        case .unusable(let path, let error):
            "data directory \"\(path)\" cannot be used: \(error); check its owner and permissions."
        }
    }
}
