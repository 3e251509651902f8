import Foundation

/// A child that is surely gone when its test is.
///
/// Foundation's Process waits on a run loop, which can wait for ever on the threads that tests run on.
package final class ChildProcess: Sendable {
    package let pid: Int32
    private let ended = Ended()

    private final class Ended: @unchecked Sendable {
        // Every access is between lock and unlock.
        private let lock = NSLock()
        private var status: Int32?

        func check(_ pid: Int32) -> Int32? {
            lock.lock()
            defer { lock.unlock() }
            if status == nil {
                var raw: Int32 = 0
                if waitpid(pid, &raw, WNOHANG) == pid {
                    status = raw & 0x7F == 0 ? raw >> 8 & 0xFF : -(raw & 0x7F)
                }
            }
            return status
        }
    }

    /// - Parameter output: a file for standard output and error; `nil` drops both.
    package init(_ path: String, _ arguments: [String], output: String? = nil) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(
            &actions,
            1,
            output ?? "/dev/null",
            O_WRONLY | O_CREAT | O_TRUNC,
            0o600
        )
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The test runner's threads block signals, which a child would inherit.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var child: pid_t = 0
        let result = posix_spawn(&child, path, &actions, &attributes, words, environ)
        guard result == 0 else {
            throw MosquittoBroker.Failure(
                description: "\(path) cannot be started: \(String(cString: strerror(result)))"
            )
        }
        pid = child
    }

    deinit { stop() }

    package var isRunning: Bool { ended.check(pid) == nil }

    /// Waits for its end.
    ///
    /// - Returns: its exit status, or minus the signal that ended it; `nil` when it goes on.
    package func wait(seconds: Double) -> Int32? {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < deadline {
            if let status = ended.check(pid) { return status }
            usleep(2_000)
        }
        return ended.check(pid)
    }

    /// SIGTERM, and SIGKILL if that does not help.
    package func stop() {
        guard isRunning else { return }
        kill(pid, SIGTERM)
        if wait(seconds: 5) == nil {
            kill(pid, SIGKILL)
            _ = wait(seconds: 5)
        }
    }

    /// Runs a command to its end.
    package static func run(_ path: String, _ arguments: [String]) throws {
        let status = try ChildProcess(path, arguments).wait(seconds: 30)
        guard status == 0 else {
            let line = ([path] + arguments).joined(separator: " ")
            throw MosquittoBroker.Failure(
                description: "\(line) failed: \(status.map(String.init) ?? "no end")"
            )
        }
    }
}
