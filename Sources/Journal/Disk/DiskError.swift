import Glibc

/// What a file system refused, and where.
package struct DiskError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Operation: String, Sendable {
        case open, create, read, write, sync, truncate, size, rename, remove, list, lock, seal
        case createDirectory = "create directory"
        case syncDirectory = "sync directory"
        case punchHole = "punch hole"
    }

    package var operation: Operation
    package var path: String
    /// As in `errno.h`.
    package var code: Int32

    package init(_ operation: Operation, _ path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    /// The medium or the user's quota is full: goes away when somebody makes room.
    package var isFull: Bool { code == ENOSPC || code == EDQUOT }

    /// The file system is mounted read-only, which is also how ext4 answers its own damage.
    package var isReadOnly: Bool { code == EROFS }

    /// Another process holds the lock.
    package var isBusy: Bool { operation == .lock && (code == EWOULDBLOCK || code == EAGAIN) }

    package var isMissing: Bool { code == ENOENT }

    package var description: String {
        "\(operation.rawValue) of \"\(path)\" failed: \(reason) (errno \(code))\(advice)"
    }

    private var reason: String {
        guard let text = strerror(code) else { return "unknown error" }
        return String(cString: text)
    }

    private var advice: String {
        switch code {
        case ENOSPC: "; free space on that file system, writing resumes by itself"
        case EDQUOT: "; raise the quota or free space, writing resumes by itself"
        case EROFS: "; remount that file system writable, writing resumes by itself"
        case EACCES, EPERM: "; check the owner and mode of the path"
        case EIO: "; the medium or its driver reports a fault: check the kernel log and replace the medium"
        case EMFILE, ENFILE: "; raise the limit on open files"
        default: ""
        }
    }
}
