/// Order, loss and repetition of deliveries, checked on every message.
///
/// Each subscriber keeps, per publisher, the sequence number it expects next.
package struct DeliveryCheck: ~Copyable {
    /// What a subscriber gets of a publisher's messages.
    package enum Mode: Sendable {
        /// Every message.
        case every
        /// Some of them: numbers must only rise; that none is missing shows in the number of copies.
        case some
        /// Every message, in any order (retained messages have none).
        case anyOrder
    }

    package struct Verdict: Equatable, Sendable {
        /// Messages that were skipped over and had not come when the run ended.
        package var lost: UInt64 = 0
        /// Messages that came again, or late, behind a later one.
        package var repeatedOrLate: UInt64 = 0
        /// Payloads that the generator did not write.
        package var foreign: UInt64 = 0

        package init(lost: UInt64 = 0, repeatedOrLate: UInt64 = 0, foreign: UInt64 = 0) {
            self.lost = lost
            self.repeatedOrLate = repeatedOrLate
            self.foreign = foreign
        }

        package var isClean: Bool { lost == 0 && repeatedOrLate == 0 && foreign == 0 }
    }

    private let mode: Mode
    private let publishers: Int
    private let subscribers: Int
    private let expected: UnsafeMutableBufferPointer<UInt64>
    private var seen: [Bool]
    package var verdict = Verdict()

    /// - Parameter messagesMax: for ``Mode/anyOrder`` with its single publisher: messages per subscriber.
    package init(mode: Mode, publishers: Int, subscribers: Int, messagesMax: Int = 0) {
        self.mode = mode
        self.publishers = publishers
        self.subscribers = subscribers
        expected = .allocate(capacity: max(1, publishers * subscribers))
        expected.initialize(repeating: 0)
        seen = mode == .anyOrder ? Array(repeating: false, count: messagesMax * subscribers) : []
    }

    deinit { expected.deallocate() }

    /// - Returns: how many messages of the window this delivery settles: one, one and those that were skipped,
    ///   or none when it came before.
    @inline(__always)
    package mutating func record(subscriber: Int, publisher: Int, sequence: UInt64) -> UInt64 {
        let cell = subscriber * publishers + publisher
        let next = expected[cell]
        if mode != .anyOrder {
            if sequence == next {
                expected[cell] = next + 1
                return 1
            }
            return skipped(cell: cell, next: next, sequence: sequence)
        }
        let index = seen.count / max(1, subscribers) * subscriber + Int(truncatingIfNeeded: sequence)
        guard publisher == 0, seen.indices.contains(index), !seen[index] else {
            verdict.repeatedOrLate += 1
            return 0
        }
        seen[index] = true
        return 1
    }

    @inline(never)
    private mutating func skipped(cell: Int, next: UInt64, sequence: UInt64) -> UInt64 {
        guard sequence > next else {
            verdict.repeatedOrLate += 1
            return 0
        }
        expected[cell] = sequence &+ 1
        guard mode == .every else { return 1 }
        // The engine takes only numbers that were published, so neither sum comes near its end.
        verdict.lost &+= sequence - next
        return sequence - next &+ 1
    }
}
