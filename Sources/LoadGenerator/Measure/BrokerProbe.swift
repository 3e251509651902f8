import Glibc

/// What /proc tells about the broker's process: CPU time per thread, and resident memory.
package struct BrokerProbe: Sendable {
    package let pid: Int32
    /// `true` when the scheduler's own clock (nanoseconds) can be read; otherwise ticks of 10 ms are.
    package let isFine: Bool

    package init(pid: Int32) throws {
        self.pid = pid
        let fine = ProcFile.read("/proc/\(pid)/schedstat")
        isFine = fine.flatMap(Self.runtime) != nil
        if !isFine, ProcFile.read("/proc/\(pid)/stat") == nil {
            throw LoadError(
                "there is no process \(pid) that can be looked at; --pid takes the broker's, on this machine"
            )
        }
    }

    /// CPU time that each living thread has used.
    package struct Threads: Sendable {
        /// Nanoseconds by thread id.
        package var nanoseconds: [Int32: UInt64]

        package init(nanoseconds: [Int32: UInt64] = [:]) { self.nanoseconds = nanoseconds }

        package var total: UInt64 { nanoseconds.values.reduce(0, &+) }

        /// The time used since `earlier`; threads that are new count in full.
        package func since(_ earlier: Threads) -> Threads {
            Threads(
                nanoseconds: Dictionary(
                    uniqueKeysWithValues: nanoseconds.map { id, time in
                        (id, time &- min(time, earlier.nanoseconds[id] ?? 0))
                    }
                )
            )
        }
    }

    package func threads() -> Threads {
        var threads = Threads()
        for id in ProcFile.entries("/proc/\(pid)/task").compactMap({ Int32($0) }) {
            if isFine {
                if let text = ProcFile.read("/proc/\(pid)/task/\(id)/schedstat"),
                    let time = Self.runtime(text)
                {
                    threads.nanoseconds[id] = time
                }
            } else if let text = ProcFile.read("/proc/\(pid)/task/\(id)/stat"), let ticks = Self.ticks(text) {
                threads.nanoseconds[id] = ticks * UInt64(1_000_000_000 / max(1, sysconf(Int32(_SC_CLK_TCK))))
            }
        }
        return threads
    }

    /// Waits until the broker stops using CPU (at most `seconds`) and tells what it has used.
    ///
    /// The scheduler brings a running thread's time up to date only when it is switched or the tick comes, so
    /// that a reading while the broker works is a few milliseconds old.
    package func settledThreads(withinSeconds seconds: Double = 1) -> Threads {
        let end = Clock.now() + Clock.nanoseconds(seconds)
        var before = threads()
        repeat {
            usleep(5_000)
            let after = threads()
            // A timer that ticks in the broker uses some microseconds.
            if after.total &- before.total < 100_000 { return after }
            before = after
        } while Clock.now() < end
        return before
    }

    /// Resident bytes; 0 when the process has gone.
    package func residentBytes() -> UInt64 {
        if let text = ProcFile.read("/proc/\(pid)/smaps_rollup"), let bytes = Self.kilobytes("Rss:", in: text)
        {
            return bytes
        }
        guard let text = ProcFile.read("/proc/\(pid)/statm") else { return 0 }
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = UInt64(fields[1]) else { return 0 }
        return pages * UInt64(max(1, getpagesize()))
    }

    /// Resident bytes by the cheap counter, which may be some pages off; for sampling during a run.
    package func residentBytesRoughly() -> UInt64 {
        guard let text = ProcFile.read("/proc/\(pid)/statm") else { return 0 }
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = UInt64(fields[1]) else { return 0 }
        return pages * UInt64(max(1, getpagesize()))
    }

    /// The first field of a schedstat file: nanoseconds on a processor.
    package static func runtime(_ schedstat: String) -> UInt64? {
        schedstat.split(whereSeparator: \.isWhitespace).first.flatMap { UInt64($0) }
    }

    /// User and system time of a stat file, in ticks.
    package static func ticks(_ stat: String) -> UInt64? {
        // The command's name stands in brackets and may hold blanks and brackets itself.
        guard let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let user = UInt64(fields[11]), let system = UInt64(fields[12]) else {
            return nil
        }
        return user + system
    }

    /// The value of a line such as `Rss:   1234 kB`, in bytes.
    package static func kilobytes(_ key: String, in text: String) -> UInt64? {
        for line in text.split(separator: "\n") where line.hasPrefix(key) {
            let fields = line.split(separator: " ")
            if fields.count > 1, let value = UInt64(fields[1]) { return value * 1024 }
        }
        return nil
    }
}
