package import EventBus
import Journal
import MQTTWire

/// One shard's way into the streams. Used on the shard's thread alone.
package final class StreamAppender: BusStreams {
    /// What an answer waits for: a place in one stream's log.
    private struct Wait {
        var ticket: UInt64
        var stream: Int
        var position: LogPosition
    }

    private let catalogue: StreamCatalogue
    /// Streams that this shard has appended to or may, in the order in which it met them.
    private var streams: [DurableStream] = []
    /// Those that were given something in this turn.
    private var dirty: [Bool] = []
    /// Sets of streams by number - 1; each a list of indices into ``streams``.
    private var sets: [[Int]] = []
    private var setNumbers: [[Int]: UInt32] = [:]
    private var waits: [Wait] = []
    private var firstWait = 0
    private var hasNew = false
    private(set) package var lastTicket: UInt64 = 0

    package init(_ catalogue: StreamCatalogue) { self.catalogue = catalogue }

    package var durableTicket: UInt64 {
        while firstWait < waits.count {
            let wait = waits[firstWait]
            // A record is durable when the position behind it is passed.
            guard streams[wait.stream].durablePosition > wait.position else { return wait.ticket - 1 }
            firstWait += 1
        }
        waits.removeAll(keepingCapacity: waits.capacity <= 65_536)
        firstWait = 0
        return lastTicket
    }

    package func streams(keeping topic: UnsafeRawBufferPointer) -> UInt32 {
        var set: [Int] = []
        for stream in catalogue.streams where stream.filters.contains(where: { $0.matches(topic) }) {
            set.append(index(of: stream))
        }
        guard !set.isEmpty else { return 0 }
        if let known = setNumbers[set] { return known }
        sets.append(set)
        setNumbers[set] = UInt32(sets.count)
        return UInt32(sets.count)
    }

    private func index(of stream: DurableStream) -> Int {
        if let known = streams.firstIndex(where: { $0 === stream }) { return known }
        streams.append(stream)
        dirty.append(false)
        return streams.count - 1
    }

    package func append(
        _ message: borrowing StoredMessage,
        from source: UnsafeRawBufferPointer,
        to set: UInt32
    ) -> StreamOutcome {
        var outcome = StreamOutcome()
        for index in sets[Int(set) - 1] {
            let stream = streams[index]
            do throws(AppendRefusal) {
                let position = try stream.append(copy message, from: source)
                if outcome.stream == 0 {
                    outcome.stream = stream.number
                    outcome.position = position
                }
                dirty[index] = true
                hasNew = true
                guard stream.configuration.durability != .memory else { continue }
                outcome.ticket = wait(for: position, in: index)
            } catch {
                switch error {
                case .dropped: continue
                case .full, .overloaded: outcome.reason = .quotaExceeded
                case .unavailable, .invalid: outcome.reason = .unspecifiedError
                }
            }
        }
        return outcome
    }

    private func wait(for position: LogPosition, in index: Int) -> UInt64 {
        lastTicket += 1
        if firstWait >= 4_096, firstWait * 2 >= waits.count {
            waits.removeFirst(firstWait)
            firstWait = 0
        }
        waits.append(Wait(ticket: lastTicket, stream: index, position: position))
        return lastTicket
    }

    package func turnEnded() {
        guard hasNew else { return }
        hasNew = false
        for index in dirty.indices where dirty[index] {
            dirty[index] = false
            streams[index].requestCommit()
        }
    }
}
