import CJournal
import Glibc

/// The file system of the machine.
package struct POSIXDisk: Disk {
    package init() {}

    package func createDirectory(_ path: String) throws(DiskError) {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += (made.isEmpty || made.hasSuffix("/") ? "" : "/") + part
            if mkdir(made, 0o750) != 0, errno != EEXIST {
                throw DiskError(.createDirectory, made, code: errno)
            }
        }
    }

    package func list(_ directory: String) throws(DiskError) -> [DiskEntry] {
        guard let stream = opendir(directory) else { throw DiskError(.list, directory, code: errno) }
        defer { closedir(stream) }
        var entries: [DiskEntry] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            var status = stat()
            guard fstatat(dirfd(stream), name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
                if errno == ENOENT { continue }
                throw DiskError(.list, directory + "/" + name, code: errno)
            }
            guard status.st_mode & S_IFMT == S_IFREG else { continue }
            entries.append(DiskEntry(name: name, sizeBytes: UInt64(max(0, status.st_size))))
        }
        return entries
    }

    package func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile {
        let flags =
            switch mode {
            case .read: O_RDONLY
            case .readWrite: O_RDWR
            case .create: O_RDWR | O_CREAT | O_EXCL
            }
        let descriptor = cjournal_open(path, flags | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else {
            throw DiskError(mode == .create ? .create : .open, path, code: errno)
        }
        return POSIXFile(descriptor: descriptor, path: path)
    }

    package func rename(_ path: String, to newPath: String) throws(DiskError) {
        guard Glibc.rename(path, newPath) == 0 else { throw DiskError(.rename, path, code: errno) }
    }

    package func remove(_ path: String) throws(DiskError) {
        guard unlink(path) == 0 else { throw DiskError(.remove, path, code: errno) }
    }

    package func syncDirectory(_ directory: String) throws(DiskError) {
        let descriptor = cjournal_open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        guard descriptor >= 0 else { throw DiskError(.syncDirectory, directory, code: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw DiskError(.syncDirectory, directory, code: errno) }
    }

    package func lock(_ path: String) throws(DiskError) -> any DiskLock {
        let descriptor = cjournal_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw DiskError(.lock, path, code: errno) }
        let file = POSIXFile(descriptor: descriptor, path: path)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw DiskError(.lock, path, code: errno) }
        return file
    }
}
