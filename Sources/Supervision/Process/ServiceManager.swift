import Glibc

/// Word to systemd, by its notify protocol (`sd_notify(3)`): one datagram per change of state.
///
/// Without `NOTIFY_SOCKET` in the environment nothing is sent. Failures are ignored: a service manager that
/// does not listen must not stop the server.
package struct ServiceManager: Sendable {
    /// What the server tells.
    package enum State: Sendable, Equatable {
        case ready
        /// `MONOTONIC_USEC` is added, as `Type=notify-reload` wants it.
        case reloading
        case stopping
        case watchdog
        /// One line for `systemctl status`.
        case status(String)
    }

    private let address: String?
    /// How often systemd wants to hear of us at the least; `nil` when it does not watch.
    package let watchdogInterval: Duration?

    package init(environment: [String: String], pid: Int32 = getpid()) {
        address = environment["NOTIFY_SOCKET"].flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
        let isForUs = environment["WATCHDOG_PID"].map { $0 == String(pid) } ?? true
        let microseconds = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
        watchdogInterval = isForUs && microseconds > 0 && address != nil ? .microseconds(microseconds) : nil
    }

    /// Where systemd lets the service keep its state: the first of `STATE_DIRECTORY`.
    package static func stateDirectory(environment: [String: String]) -> String? {
        environment["STATE_DIRECTORY"]?.split(separator: ":").first.map(String.init)
    }

    package func tell(_ states: State...) {
        guard let address else { return }
        var text = ""
        for state in states {
            switch state {
            case .ready: text += "READY=1\n"
            case .reloading: text += "RELOADING=1\nMONOTONIC_USEC=\(Self.monotonicMicroseconds())\n"
            case .stopping: text += "STOPPING=1\n"
            case .watchdog: text += "WATCHDOG=1\n"
            case .status(let line): text += "STATUS=\(line.replacing("\n", with: " "))\n"
            }
        }
        send(text, to: address)
    }

    private static func monotonicMicroseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }

    private func send(_ text: String, to path: String) {
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8)
        // "@" stands for the NUL of an abstract socket.
        if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
        let capacity = MemoryLayout.size(ofValue: name.sun_path)
        guard bytes.count < capacity else { return }
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)

        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let payload = Array(text.utf8)
        _ = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, payload, payload.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
    }
}
