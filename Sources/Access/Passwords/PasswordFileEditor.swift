import Glibc

/// A password file on its way through `weir passwd`: comments, blank lines and order stay.
package struct PasswordFileEditor {
    package enum Change: Sendable { case added, changed }

    package let path: String
    private var lines: [String]

    /// Opens the file at `path`.
    ///
    /// - Parameter creating: Begin with an empty file, whatever is there.
    package init(path: String, creating: Bool = false) throws(AccessSettingsError) {
        self.path = path
        lines =
            creating
            ? [] : try TextFile.lines(path, expected: "a readable password file, or --create").map(\.text)
    }

    /// Users in the order of the file.
    package var users: [String] { lines.compactMap(Self.user(of:)) }

    /// Gives `user` a new hash, at the place of the old one or at the end.
    package mutating func set(_ user: String, _ hash: PasswordHash) throws(AccessSettingsError) -> Change {
        try Self.checkName(user, path)
        let line = "\(user):\(hash.text)"
        guard let first = lines.firstIndex(where: { Self.user(of: $0) == user }) else {
            lines.append(line)
            return .added
        }
        lines[first] = line
        // A second line for the same user, which the broker would refuse, goes.
        let rest = lines[(first + 1)...].filter { Self.user(of: $0) != user }
        lines.replaceSubrange((first + 1)..., with: rest)
        return .changed
    }

    /// - Returns: Whether `user` was there.
    package mutating func remove(_ user: String) -> Bool {
        let count = lines.count
        lines.removeAll { Self.user(of: $0) == user }
        return lines.count < count
    }

    /// Adds or changes many users at once, from lines `user:password`.
    ///
    /// - Parameter hash: Makes the hash of a password.
    /// - Returns: How many users were set. On an error nothing has changed.
    package mutating func setAll(
        fromLines text: String,
        name: String,
        hash: ([UInt8]) throws -> PasswordHash
    ) throws -> Int {
        var copy = self
        var count = 0
        for (number, line) in try TextFile.lines(of: Array(text.utf8), name) where !line.isEmpty {
            guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else {
                throw AccessSettingsError(
                    name,
                    line: number,
                    found: "a line without a user and a colon",
                    expected: "user:password"
                )
            }
            let password = Array(line.utf8[line.utf8.index(after: colon)...])
            _ = try copy.set(String(line[..<colon]), try hash(password))
            count += 1
        }
        self = copy
        return count
    }

    /// Replaces the file at once: readers see the old one or the new one, and a crash leaves either.
    ///
    /// A new file is for its owner only (0600). One that was there keeps its owner and group, and its
    /// group's right to read, since a broker that runs as another user must go on reading it.
    package func write() throws(AccessSettingsError) {
        // Through a symbolic link, the file it leads to is replaced and the link stays.
        let target = Self.resolved(path)
        let expected = "a folder in which the password file can be replaced"
        func failure() -> AccessSettingsError {
            let cause = String(cString: strerror(errno))
            return AccessSettingsError(
                path,
                found: "a file that cannot be written (\(cause))",
                expected: expected
            )
        }
        var name = Array((target + ".XXXXXX").utf8CString)
        // mkstemp opens with 0600.
        let descriptor = mkstemp(&name)
        guard descriptor >= 0 else { throw failure() }
        var isDone = false
        defer {
            close(descriptor)
            if !isDone { unlink(name) }
        }
        var old = stat()
        if stat(target, &old) == 0 {
            // Only root may give a file away; for others it is their own already, or it becomes theirs.
            _ = fchown(descriptor, old.st_uid, old.st_gid)
            guard fchmod(descriptor, 0o600 | (old.st_mode & 0o040)) == 0 else { throw failure() }
        }
        var bytes = Array(lines.joined(separator: "\n").utf8)
        if !bytes.isEmpty { bytes.append(UInt8(ascii: "\n")) }
        var place = 0
        while place < bytes.count {
            let count = bytes[place...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure() }
            place += count
        }
        guard fsync(descriptor) == 0, rename(name, target) == 0 else { throw failure() }
        isDone = true
        let folder = target.lastIndex(of: "/").map { String(target[...$0]) } ?? "."
        let folderDescriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folderDescriptor >= 0 {
            fsync(folderDescriptor)
            close(folderDescriptor)
        }
    }

    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    private static func user(of line: String) -> String? { (try? PasswordLine(line))?.user }

    /// - Throws: For a name that the file's format cannot hold.
    package static func checkName(_ user: String, _ place: String) throws(AccessSettingsError) {
        let expected =
            "1 to 65,535 bytes without a colon or control characters, no # in front,"
            + " no white space around"
        let bytes = user.utf8
        guard (1...65_535).contains(bytes.count), bytes.first != UInt8(ascii: "#"),
            bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7f && $0 != UInt8(ascii: ":") }),
            TextFile.trimmed(user[...]).utf8.count == bytes.count
        else { throw AccessSettingsError(place, found: "username \"\(user)\"", expected: expected) }
    }
}
