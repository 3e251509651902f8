/// Events as they are published, from a feed that others may share.
final class LiveSource: EventSource {
    private let feed: LiveFeed
    private let reader: Int
    private let signal: Signal
    private let onStop: () -> Void
    private var isCaughtUp = false
    private var isStopped = false

    /// - Parameter onStop: called once, when the source lets go of the feed.
    init(_ feed: LiveFeed, reader: Int, _ signal: Signal, onStop: @escaping () -> Void) {
        self.feed = feed
        self.reader = reader
        self.signal = signal
        self.onStop = onStop
    }

    func next(_ room: Room) throws -> SourceStep {
        switch feed.take(reader, events: room.events, bytes: room.bytes, single: room.single, signal) {
        case .slice(let slice): return .batch(BatchImage(memory: .slice(slice), events: slice.events))
        case .lost(let count):
            return .gap(
                .with {
                    $0.count = count
                    $0.reason = .overflow
                }
            )
        case .tooLarge: return .tooLarge
        case .nothing:
            guard !isCaughtUp else { return .nothing }
            isCaughtUp = true
            // The signal of this call may come early then, which costs a turn and no more.
            return .caughtUp
        }
    }

    var waitingEvents: UInt64 { feed.waiting(reader) }
    var isInMemory: Bool { true }

    func stop() {
        guard !isStopped else { return }
        isStopped = true
        onStop()
    }
}
