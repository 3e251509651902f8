import CJournal
import Glibc
import Synchronization

/// What makes a log commit: a thread, or a simulation by hand.
package protocol CommitDriver: AnyObject {
    /// Asks for a commit of what was appended so far.
    func requestCommit()
}

/// Drives the commits of one log on a thread of its own.
///
/// While nothing is staged the thread sleeps in the kernel. ``requestCommit()`` wakes it with one
/// system call, and with none while it is already at work: what gathers during one sync is the next
/// group, so under load the medium's own pace forms the groups and nobody waits for company.
package final class CommitThread: CommitDriver, Sendable {
    /// Between attempts after a failure: doubled from the first to the second, milliseconds.
    private static let retryDelaysMs: (UInt64, UInt64) = (100, 5_000)

    /// How often an idle log is looked after that has something to release sooner or later.
    private static let upkeepMs: UInt64 = 5_000

    private let log: Log
    private let event: Int32
    /// Whether the thread may be asleep, so that a request must wake it.
    private let isAsleep = Atomic<Bool>(false)
    private let isStopping = Atomic<Bool>(false)
    private let thread = Mutex<pthread_t?>(nil)

    /// - Throws: ``LogError`` where the system has no descriptor or no thread left.
    package init(_ log: Log) throws(LogError) {
        self.log = log
        event = cjournal_eventfd()
        guard event >= 0 else { throw Self.error("eventfd") }
        var started = pthread_t()
        let context = Unmanaged.passRetained(self)
        let result = pthread_create(&started, nil, commitThreadMain, context.toOpaque())
        guard result == 0 else {
            context.release()
            throw Self.error("pthread_create")
        }
        let handle = started
        thread.withLock { $0 = handle }
    }

    deinit { close(event) }

    /// Asks for a commit of what was appended so far. Cheap enough for once per burst of appends.
    package func requestCommit() {
        guard isAsleep.load(ordering: .sequentiallyConsistent) else { return }
        guard isAsleep.exchange(false, ordering: .sequentiallyConsistent) else { return }
        wake()
    }

    /// Commits what is staged, marks the log as closed, and ends the thread. Waits for both.
    package func stop() {
        let handle = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        guard let handle else { return }
        isStopping.store(true, ordering: .sequentiallyConsistent)
        wake()
        pthread_join(handle, nil)
    }

    private func wake() {
        var one: UInt64 = 1
        _ = write(event, &one, 8)
    }

    // MARK: - The thread

    fileprivate func run() {
        var retryMs = Self.retryDelaysMs.0
        while !isStopping.load(ordering: .sequentiallyConsistent) {
            gather()
            switch log.commitOnce(now: Self.now()) {
            case .committed:
                retryMs = Self.retryDelaysMs.0
            case .failed:
                // Requests do not hasten a disk that refuses; stopping does.
                sleep(atMostMs: retryMs, endsOnRequest: false)
                retryMs = min(retryMs * 2, Self.retryDelaysMs.1)
            case .idle:
                // A log that is not open is probed even when nothing is staged.
                let limit = log.wantsUpkeep ? Self.upkeepMs : nil
                sleep(atMostMs: log.state.isOpen ? limit : retryMs, unlessStaged: true)
            }
        }
        log.close(now: Self.now())
    }

    /// Waits for company where the configuration asks for it.
    private func gather() {
        let delay = log.configuration.commitDelay
        guard delay > .zero, log.stagedBytes > 0 else { return }
        let until = Self.monotonicMs() + max(1, delay.wholeMilliseconds)
        while log.stagedBytes < log.configuration.commitBytes, !isStopping.load(ordering: .relaxed) {
            let now = Self.monotonicMs()
            guard now < until else { return }
            sleep(atMostMs: until - now)
        }
    }

    /// Sleeps until somebody asks for a commit or for the end, or the time is over.
    private func sleep(atMostMs limit: UInt64?, endsOnRequest: Bool = true, unlessStaged: Bool = false) {
        isAsleep.store(endsOnRequest, ordering: .sequentiallyConsistent)
        // Whoever asked before the store did not wake us, so look once more.
        let mayPoll =
            !isStopping.load(ordering: .sequentiallyConsistent) && !(unlessStaged && log.stagedBytes > 0)
        if mayPoll {
            var descriptor = pollfd(fd: event, events: Int16(POLLIN), revents: 0)
            poll(&descriptor, 1, limit.map { Int32(min($0, 60_000)) } ?? -1)
        }
        isAsleep.store(false, ordering: .sequentiallyConsistent)
        var count: UInt64 = 0
        _ = read(event, &count, 8)
    }

    private static func monotonicMs() -> UInt64 { clock(CLOCK_MONOTONIC) }

    /// Milliseconds since 1970.
    private static func now() -> UInt64 { clock(CLOCK_REALTIME) }

    private static func clock(_ id: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(id, &time)
        return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
    }

    private static func error(_ call: String) -> LogError {
        LogError(.disk, "journal: \(call) failed: \(String(cString: strerror(errno)))")
    }
}

private func commitThreadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    cjournal_name_thread("journal")
    Unmanaged<CommitThread>.fromOpaque(context).takeRetainedValue().run()
    return nil
}
