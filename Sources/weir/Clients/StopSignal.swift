import Dispatch
import Glibc

/// SIGINT and SIGTERM as a descriptor that becomes readable, so that a poll ends with them.
///
/// A second signal ends the process at once.
enum StopSignal {
    /// Made once, before the first connection.
    static func descriptor() -> Int32? {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { return nil }
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGINT)
        sigaddset(&set, SIGTERM)
        pthread_sigmask(SIG_BLOCK, &set, nil)
        let waiting = set
        let writer = ends[1]
        DispatchQueue(label: "weir.client.signals").async {
            var set = waiting
            var number: Int32 = 0
            while sigwait(&set, &number) != 0 {}
            var byte: UInt8 = 1
            _ = write(writer, &byte, 1)
            while sigwait(&set, &number) != 0 {}
            _exit(128 + number)
        }
        return ends[0]
    }
}

extension StopSignal {
    /// - Returns: whether the signal came before `deadline`.
    static func wait(_ descriptor: Int32?, until deadline: ContinuousClock.Instant) -> Bool {
        while true {
            let left = ContinuousClock.now.duration(to: deadline).components
            let milliseconds = max(0, left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000)
            var wanted = pollfd(fd: descriptor ?? -1, events: Int16(POLLIN), revents: 0)
            if poll(&wanted, 1, Int32(clamping: milliseconds)) > 0 { return true }
            if ContinuousClock.now >= deadline { return false }
        }
    }
}
