import Synchronization

/// What each producer has published, so that a retry does nothing.
final class ProducerTable: Sendable {
    struct Key: Hashable, Sendable {
        var owner: String
        var id: String
    }

    struct Mark: Sendable, Equatable {
        var epoch: UInt64
        var sequence: UInt64
    }

    private struct State {
        var marks: [Key: Mark] = [:]
        /// In the order of first use, to make room.
        var order: [Key] = []
        /// Producers that publish now, and the tick at which they began.
        var busy: [Key: UInt64] = [:]
        var tick: UInt64 = 0
        var queues: [Key: [CheckedContinuation<Void, Never>]] = [:]
    }

    /// Producers remembered; those known longest make room for others.
    static let producersMaximum = 100_000
    /// The user property by which an event of a producer is known again in a stream after a crash.
    static let property = "weir-producer"

    private let state = Mutex(State())

    /// Runs `body` while no other call publishes for the producer, so that a retry is answered after what it repeats.
    func withProducer<Result>(_ key: Key, _ body: () async throws -> Result) async rethrows -> Result {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state -> Bool in
                if state.busy[key] == nil {
                    state.busy[key] = state.tick
                    return true
                }
                state.queues[key, default: []].append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
        defer {
            let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
                guard var queue = state.queues[key], !queue.isEmpty else {
                    state.busy[key] = nil
                    return nil
                }
                state.busy[key] = state.tick
                let next = queue.removeFirst()
                state.queues[key] = queue.isEmpty ? nil : queue
                return next
            }
            next?.resume()
        }
        return try await body()
    }

    /// What is known of a producer. A larger epoch begins anew.
    ///
    /// - Throws: ``CallRefusal`` for an epoch that is over.
    func mark(_ key: Key, epoch: UInt64) throws -> Mark {
        try state.withLock { state in
            guard let mark = state.marks[key] else { return Mark(epoch: epoch, sequence: 0) }
            guard epoch >= mark.epoch else {
                throw CallRefusal(
                    .aborted,
                    .staleProducer,
                    "producer \"\(key.id)\" has begun epoch \(mark.epoch), found \(epoch); another instance runs",
                    metadata: ["producer": key.id, "epoch": "\(mark.epoch)"]
                )
            }
            return epoch == mark.epoch ? mark : Mark(epoch: epoch, sequence: 0)
        }
    }

    func set(_ key: Key, _ mark: Mark) {
        state.withLock { state in
            if state.marks[key] == nil {
                if state.order.count >= Self.producersMaximum {
                    for old in state.order.prefix(Self.producersMaximum / 16) { state.marks[old] = nil }
                    state.order.removeFirst(Self.producersMaximum / 16)
                }
                state.order.append(key)
            }
            state.marks[key] = mark
        }
    }

    /// Takes up a mark that may be older than what is known.
    func recover(_ key: Key, _ mark: Mark) {
        let known = state.withLock { $0.marks[key] }
        if let known, (known.epoch, known.sequence) >= (mark.epoch, mark.sequence) { return }
        set(key, mark)
    }

    /// All marks, and the tick before which nobody who publishes now began: what is not in the marks was appended
    /// after it.
    var all: (marks: [(key: Key, mark: Mark)], since: UInt64) {
        state.withLock { state in
            (
                state.order.compactMap { key in state.marks[key].map { (key, $0) } },
                state.busy.values.min() ?? state.tick
            )
        }
    }

    /// Begins the next tick, after whatever belongs to it was noted.
    func begin(tick: UInt64) { state.withLock { $0.tick = tick } }
}
