package import EventBus
package import Journal
import MQTTWire
import Synchronization

/// A log of its own that keeps every message of certain topics, for replay by position or time.
///
/// Safe to use from any thread. Appending copies into memory under a short lock; a commit thread makes it
/// durable; readers never wait for either.
///
/// The log is the order: an event's place in it is its position, and its ``StreamEntry/sequence`` counts it.
package final class DurableStream: Sendable {
    /// Stable across restarts, from 1.
    package let number: UInt32
    package let configuration: StreamConfiguration
    /// Whether the settings name it, or it was made at run time.
    package let isConfigured: Bool
    let filters: [TopicFilter]
    let log: Log
    let committer: Mutex<(any CommitDriver & Sendable)?>
    private let state: Mutex<State>
    private let watchers: StreamWatchers
    /// Of the newest event. Read and written only while the log places a record, which happens under its lock.
    nonisolated(unsafe) private var sequence: UInt64

    private struct State {
        var cursors: [String: LogPosition]
        /// Where the newest mark stands that no checkpoint was made of yet, and what it says.
        var mark: (position: LogPosition, bytes: [UInt8])?
        /// Where the newest mark of all stands, and since when: milliseconds since 1970.
        var markedTo: LogPosition
        var markedAt: UInt64
    }

    private init(
        number: UInt32,
        configuration: StreamConfiguration,
        isConfigured: Bool,
        filters: [TopicFilter],
        log: Log,
        recovered: StreamState,
        openedAt: UInt64,
        watchers: StreamWatchers
    ) {
        self.number = number
        self.configuration = configuration
        self.isConfigured = isConfigured
        self.filters = filters
        self.log = log
        self.watchers = watchers
        sequence = recovered.sequence
        state = Mutex(
            State(cursors: recovered.cursors, mark: nil, markedTo: log.endPosition, markedAt: openedAt)
        )
        committer = Mutex(nil)
    }

    // MARK: - Opening

    /// Opens the stream's log in `directory`, and reads its newest checkpoint and what was written since.
    ///
    /// - Parameter onState: the log stopped or resumed keeping its promises; on the committing thread.
    static func open(
        number: UInt32,
        configuration: StreamConfiguration,
        isConfigured: Bool,
        directory: String,
        environment: StreamEnvironment
    ) throws(StreamError) -> (stream: DurableStream, report: RecoveryReport) {
        // A stream that the settings no longer name has no filters, and takes nothing more.
        let filters = configuration.filters.isEmpty ? [] : try configuration.checked()
        let watchers = StreamWatchers()
        let reference = WeakStream()
        let name = configuration.name
        let observer = LogObserver(
            onCommit: { position in
                reference.stream?.committed(position, environment.wallMilliseconds())
                environment.onCommit()
            },
            onState: { state in environment.onState(name, state) }
        )
        do throws(LogError) {
            let opened = try Log.open(
                directory,
                on: environment.disk,
                configuration: configuration.logConfiguration,
                keys: environment.keys,
                observer: observer,
                now: environment.wallMilliseconds()
            )
            var recovered = StreamState()
            var position: LogPosition = 0
            if let checkpoint = try opened.log.newestCheckpoint() {
                var bytes: [UInt8] = []
                while let piece = try checkpoint.nextPiece() { bytes.append(contentsOf: piece) }
                if let state = bytes.withUnsafeBytes({ StreamState(decoding: $0) }) {
                    recovered = state
                    position = checkpoint.position
                }
            }
            let reader = LogReader(opened.log, from: position, chunkBytes: 1 << 20)
            while let record = try reader.next() { recovered.apply(record) }
            let stream = DurableStream(
                number: number,
                configuration: configuration,
                isConfigured: isConfigured,
                filters: filters,
                log: opened.log,
                recovered: recovered,
                openedAt: environment.wallMilliseconds(),
                watchers: watchers
            )
            for (name, position) in recovered.cursors { opened.log.setCursor(name, position) }
            reference.stream = stream
            stream.pinState(recovered, environment.wallMilliseconds())
            let driver = try environment.committer(opened.log)
            stream.committer.withLock { $0 = driver }
            return (stream, opened.report)
        } catch {
            throw .journal("stream \"\(name)\": \(error.message)")
        }
    }

    /// Commits what is left and closes the log.
    func close() {
        let driver = committer.withLock { $0.take() }
        if let thread = driver as? CommitThread { thread.stop() }
        watchers.wakeAll()
    }

    // MARK: - Where it stands

    /// The position of the oldest event that can still be read.
    package var startPosition: LogPosition { log.startPosition }
    /// Readers see what lies before.
    package var durablePosition: LogPosition { log.durablePosition }
    /// Behind the newest event, durable or not.
    package var endPosition: LogPosition { log.endPosition }
    package var shape: LogShape { log.shape }
    package var logState: LogState { log.state }
    /// The sequence of the newest event, durable or not; 0 before the first. For figures: another append may be
    /// under way.
    package var newestSequence: UInt64 { sequence }
    /// Events that a limit dropped since the start.
    package var eventsDropped: UInt64 { log.recordsDropped }

    // MARK: - Writing

    /// Appends a message; ``requestCommit()`` makes it durable.
    ///
    /// - Parameter source: client identifier of the publisher.
    /// - Returns: its position.
    package func append(
        _ message: StoredMessage,
        from source: UnsafeRawBufferPointer
    ) throws(AppendRefusal) -> LogPosition {
        try log.append(type: StreamRecord.Kind.event, size: StreamRecord.size(message, source)) { memory in
            sequence += 1
            StreamRecord.write(message, source, sequence: sequence, to: memory)
        }
    }

    /// Asks for a commit of what was appended; once after a burst.
    package func requestCommit() { committer.withLock { $0 }?.requestCommit() }

    // MARK: - Cursors

    /// Where a named cursor stands; `nil` where there is none of that name.
    package func cursor(_ name: String) -> LogPosition? { state.withLock { $0.cursors[name] } }

    package var cursors: [String: LogPosition] { state.withLock { $0.cursors } }

    /// Makes or moves a named cursor: events before `position` are done with. Kept with the next group commit;
    /// await ``flush()`` where that must be known.
    ///
    /// - Throws: ``AppendRefusal`` when the log does not even take this; the cursor then stays where it was.
    package func setCursor(_ name: String, to position: LogPosition) throws(AppendRefusal) {
        let bytes = StreamState.cursorRecord(name, position)
        try state.withLock { state throws(AppendRefusal) in
            _ = try log.append(type: StreamRecord.Kind.cursor, bytes, isControl: true)
            state.cursors[name] = position
            log.setCursor(name, position)
        }
        requestCommit()
    }

    package func removeCursor(_ name: String) throws(AppendRefusal) {
        try state.withLock { state throws(AppendRefusal) in
            _ = try log.append(type: StreamRecord.Kind.cursorRemoved, Array(name.utf8), isControl: true)
            state.cursors[name] = nil
            log.removeCursor(name)
        }
        requestCommit()
    }

    // MARK: - Commits

    /// Calls `wake` after each commit, on the committing thread, until the watch is cancelled or released.
    package func onCommit(_ wake: @escaping @Sendable () -> Void) -> StreamWatch { watchers.add(wake) }

    /// Returns when everything appended so far is durable.
    package func flush() async {
        let position = endPosition
        guard durablePosition < position else { return }
        requestCommit()
        await withCheckedContinuation { continuation in
            watchers.wait(for: position, { self.durablePosition }, continuation)
        }
    }

    private func committed(_ position: LogPosition, _ now: UInt64) {
        keepState(position, now)
        watchers.committed(position)
    }

    /// Every so many bytes the state goes into the log as a mark, and a checkpoint is made of the mark when it
    /// is durable: so an opening reads little, and cursors outlive the segments that they were written to.
    private func keepState(_ durable: LogPosition, _ now: UInt64) {
        let due = state.withLock { state -> (position: LogPosition, bytes: [UInt8])? in
            if let mark = state.mark {
                guard mark.position < durable else { return nil }
                state.mark = nil
                return mark
            }
            guard isMarkDue(state, durable, now) else { return nil }
            var copy = StreamState()
            copy.cursors = state.cursors
            // The number of digits does not depend on the sequence, so the size is known before it is.
            let size = copy.encode().count
            var bytes: [UInt8] = []
            let position = try? log.append(type: StreamRecord.Kind.mark, size: size, isControl: true) {
                memory in
                copy.sequence = sequence
                bytes = copy.encode()
                memory.copyBytes(from: bytes)
            }
            guard let position else { return nil }
            state.mark = (position, bytes)
            state.markedTo = position
            state.markedAt = now
            return nil
        }
        if let due { writeCheckpoint(due.bytes, covering: due.position, now) }
    }

    private func isMarkDue(_ state: State, _ durable: LogPosition, _ now: UInt64) -> Bool {
        guard durable > state.markedTo else { return false }
        if durable - state.markedTo >= configuration.checkpointBytes { return true }
        // A checkpoint pins what lies behind it: where age is limited it must not lag far behind.
        guard let age = configuration.ageMaximum else { return false }
        return now > state.markedAt && .milliseconds(now - state.markedAt) > age / 4
    }

    /// A checkpoint of what the opening found, so that nothing that holds a cursor is dropped before the first mark.
    private func pinState(_ recovered: StreamState, _ now: UInt64) {
        guard configuration.durability != .memory, log.durablePosition == log.endPosition else { return }
        writeCheckpoint(recovered.encode(), covering: log.durablePosition, now)
    }

    /// A checkpoint that cannot be written is missed by nobody but the next opening, which reads more.
    private func writeCheckpoint(_ bytes: [UInt8], covering position: LogPosition, _ now: UInt64) {
        guard let writer = try? log.beginCheckpoint(covering: position, now: now) else { return }
        guard (try? writer.write(bytes)) != nil else { return }
        try? writer.finish()
    }
}

/// Lets the log's observer, made before the stream, find it.
private final class WeakStream: Sendable {
    private struct Reference { weak var stream: DurableStream? }
    private let reference = Mutex(Reference())

    var stream: DurableStream? {
        get { reference.withLock { $0.stream } }
        set { reference.withLock { $0.stream = newValue } }
    }
}

/// What all streams of a process share.
package struct StreamEnvironment: Sendable {
    package var disk: any Disk = POSIXDisk()
    package var keys: KeyRing = .none
    package var wallMilliseconds: @Sendable () -> UInt64
    /// Makes what drives the commits of a log.
    package var committer: @Sendable (Log) throws(LogError) -> any CommitDriver & Sendable
    /// A stream has committed; on the committing thread.
    package var onCommit: @Sendable () -> Void = {}
    /// Stream and new state; on the committing thread.
    package var onState: @Sendable (String, LogState) -> Void = { _, _ in }

    package init(
        wallMilliseconds: @escaping @Sendable () -> UInt64,
        committer: @escaping @Sendable (Log) throws(LogError) -> any CommitDriver & Sendable
    ) {
        self.wallMilliseconds = wallMilliseconds
        self.committer = committer
    }
}
