internal import Glibc
package import Reactor

/// A program that this one started: its output goes to a file, and it ends when this process does.
package final class ChildProcess {
    package let name: String
    /// What it wrote, standard output and standard error together unless they were parted.
    package let log: String
    private let pid: pid_t
    private var status: Int32?

    /// Starts a program in a group of its own, so that a Ctrl-C is not for it too.
    ///
    /// - Parameters:
    ///   - words: the program, with a path or found by `PATH`, and its arguments.
    ///   - log: a file that is emptied first.
    ///   - output: where standard output goes; `nil` for the log.
    package init(_ name: String, _ words: [String], log: String, output: String? = nil) throws(SystemError) {
        self.name = name
        self.log = log
        // util-linux's setpriv lets the kernel end the program even if this process is killed.
        let guarded = ["setpriv", "--pdeathsig", "TERM", "--"] + words
        do {
            pid = try Self.spawn(guarded, log: log, output: output ?? log)
        } catch  where error.code == ENOENT {
            pid = try Self.spawn(words, log: log, output: output ?? log)
        }
    }

    private static func spawn(_ words: [String], log: String, output: String) throws(SystemError) -> pid_t {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&files, 1, output, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0o644)
        if output == log {
            posix_spawn_file_actions_adddup2(&files, 1, 2)
        } else {
            posix_spawn_file_actions_addopen(&files, 2, log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0o644)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var (none, defaults) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigemptyset(&defaults)
        sigaddset(&defaults, SIGPIPE)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid = pid_t()
        let code = posix_spawnp(&pid, words[0], &files, &attributes, &arguments, environ)
        guard code == 0 else { throw SystemError("posix_spawn \(words[0])", code: code) }
        return pid
    }

    deinit { stop(patience: .zero) }

    package var isRunning: Bool {
        if status != nil { return false }
        var word: Int32 = 0
        guard waitpid(pid, &word, WNOHANG) == pid else { return true }
        status = word
        return false
    }

    /// Asks it to end, and makes it after `patience`.
    package func stop(patience: Duration) {
        guard isRunning else { return }
        kill(pid, SIGTERM)
        let deadline = ContinuousClock.now + patience
        while isRunning, ContinuousClock.now < deadline { MonotonicClock.sleep(nanoseconds: 20_000_000) }
        guard isRunning else { return }
        kill(pid, SIGKILL)
        var word: Int32 = 0
        while waitpid(pid, &word, 0) < 0, errno == EINTR {}
        status = word
    }

    /// The last lines that it wrote, for a message about its end.
    package func lastWords(_ count: Int = 8) -> String {
        guard let bytes = Self.contents(of: log) else { return "" }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").suffix(count)
            .joined(separator: "\n")
    }

    private static func contents(of path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        // The end of a long log is enough.
        let size = lseek(file, 0, SEEK_END)
        let start = max(0, size - 65_536)
        var bytes = [UInt8](repeating: 0, count: Int(size - start))
        let length = pread(file, &bytes, bytes.count, start)
        return Array(bytes.prefix(max(0, length)))
    }
}
