import Dispatch
package import Logging
import Synchronization

import Glibc

/// Takes finished log lines from any thread and writes them to a file descriptor on a thread of its own.
///
/// A caller never waits for the reader of the log: it holds a lock for the time of one append. When lines come
/// faster than they are read, those beyond ``LogSettings/queueSizeBytes`` are dropped, counted in ``droppedCount``,
/// and a line says how many there were.
package final class LogSink: Sendable {
    private struct State {
        var pending: [UInt8] = []
        var isWriting = false
        var droppedUntold = 0
        var droppedInAll = 0
    }

    package let format: LogSettings.Format
    private let descriptor: Int32
    private let limit: Int
    private let threshold: Atomic<Int>
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "weir.log")

    /// - Parameter descriptor: Where lines go; stays open.
    package init(_ settings: LogSettings, descriptor: Int32 = 2) {
        self.format = settings.format
        self.descriptor = descriptor
        self.limit = settings.queueSizeBytes
        self.threshold = Atomic(Self.rank(settings.level))
    }

    /// The lowest level that is logged. May be changed at any time; every logger over this sink follows.
    package var level: Logger.Level {
        get { Logger.Level.allCases[threshold.load(ordering: .relaxed)] }
        set { threshold.store(Self.rank(newValue), ordering: .relaxed) }
    }

    /// Lines dropped since the start because nobody read the others in time.
    package var droppedCount: Int {
        state.withLock { $0.droppedInAll }
    }

    /// A logger whose lines end here.
    package func logger(_ label: String = "weir") -> Logger {
        Logger(label: label) { _ in LineLogHandler(sink: self) }
    }

    private static func rank(_ level: Logger.Level) -> Int {
        Logger.Level.allCases.firstIndex(of: level) ?? 0
    }

    func append(_ line: [UInt8]) {
        let mustStart = state.withLock { state -> Bool in
            guard state.pending.count + line.count <= limit else {
                state.droppedUntold += 1
                state.droppedInAll += 1
                return false
            }
            state.pending += line
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if mustStart { queue.async { self.drain() } }
    }

    /// Waits until every line taken so far was written, or `timeout` has passed.
    package func flush(timeout: Duration = .seconds(2)) {
        let done = DispatchSemaphore(value: 0)
        queue.async { done.signal() }
        let (seconds, attoseconds) = timeout.components
        let nanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
        _ = done.wait(timeout: .now() + .nanoseconds(Int(clamping: nanoseconds)))
    }

    private func drain() {
        while true {
            let (lines, dropped) = state.withLock { state -> ([UInt8], Int) in
                let taken = (state.pending, state.droppedUntold)
                state.pending = []
                state.droppedUntold = 0
                state.isWriting = !taken.0.isEmpty
                return taken
            }
            if lines.isEmpty { return }
            writeAll(lines)
            if dropped > 0 {
                let note = LogLine.make(
                    format,
                    time: LogLine.now(),
                    level: .warning,
                    message: "log lines dropped",
                    metadata: [("log.dropped.count", .stringConvertible(dropped))]
                )
                writeAll(note)
            }
        }
    }

    private func writeAll(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { buffer in
            var offset = 0
            while offset < buffer.count {
                let count = write(descriptor, buffer.baseAddress.map { $0 + offset }, buffer.count - offset)
                if count > 0 {
                    offset += count
                } else if count < 0, errno == EINTR {
                    continue
                } else if count < 0, errno == EAGAIN {
                    var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&entry, 1, 1_000)
                } else {
                    // Nobody is there to read; there is nowhere left to say so.
                    return
                }
            }
        }
    }
}
