import CLinux
import Glibc

/// Runs iproute2's `tc`; what it says comes back whole.
package protocol TCRunning: Sendable {
    /// Blocks until it is done.
    ///
    /// - Parameter input: Its standard input.
    /// - Throws: ``TCError`` when it could not be run or was not pleased.
    func run(_ arguments: [String], input: String) throws(TCError) -> String
}

/// Why the kernel's queues are not as they should be.
package struct TCError: Error, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// The `tc` of this machine. It needs CAP_NET_ADMIN.
package struct TCCommand: TCRunning {
    private static let places = ["/usr/sbin/tc", "/sbin/tc", "/usr/bin/tc"]
    /// Bytes of what it says that are kept.
    private static let outputLimit = 1 << 20

    package init() {}

    package func run(_ arguments: [String], input: String) throws(TCError) -> String {
        guard let path = Self.places.first(where: { access($0, X_OK) == 0 }) else {
            throw TCError("tc is in none of \(Self.places.joined(separator: ", ")); install iproute2")
        }
        // Files without a name instead of pipes: neither side ever waits for the other to read.
        let files = try (0..<3).map { _ throws(TCError) in try Self.file() }
        defer { for file in files { close(file) } }
        guard input.isEmpty || Self.write(input, to: files[0]) else {
            throw TCError("tc: its input cannot be written, errno \(errno)")
        }
        lseek(files[0], 0, SEEK_SET)
        let status = try Self.spawn(path, arguments, files)
        let output = Self.contents(files[1])
        guard status == 0 else {
            let complaint = Self.contents(files[2]).split(separator: "\n").prefix(4).joined(separator: "; ")
            throw TCError("tc \(arguments.joined(separator: " ")) failed with \(status): \(complaint)")
        }
        return output
    }

    private static func file() throws(TCError) -> Int32 {
        let file = weir_memfd("weir.tc")
        guard file >= 0 else { throw TCError("tc: no file for its input, errno \(errno)") }
        return file
    }

    private static func write(_ text: String, to file: Int32) -> Bool {
        Array(text.utf8).withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let count = Glibc.write(file, bytes.baseAddress.map { $0 + done }, bytes.count - done)
                guard count > 0 else { return false }
                done += count
            }
            return true
        }
    }

    private static func contents(_ file: Int32) -> String {
        lseek(file, 0, SEEK_SET)
        var bytes = [UInt8](repeating: 0, count: outputLimit)
        let count = read(file, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    /// The exit status; 128 and the signal where one ended it.
    private static func spawn(_ path: String, _ arguments: [String], _ files: [Int32]) throws(TCError)
        -> Int32
    {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, file) in files.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, file, Int32(number))
        }
        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        let failure = posix_spawn(&process, path, &actions, nil, words, environ)
        guard failure == 0 else { throw TCError("\(path) cannot be started, errno \(failure)") }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { throw TCError("\(path) was lost, errno \(errno)") }
        }
        return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
    }
}
