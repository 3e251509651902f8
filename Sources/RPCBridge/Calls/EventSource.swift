import GRPCCore

/// Where the events of one Subscribe call come from. For one task at a time.
protocol EventSource: AnyObject {
    /// The next events within `room`, or what else there is to tell.
    ///
    /// - Throws: ``CallRefusal``, which ends the call.
    func next(_ room: Room) throws -> SourceStep
    /// Takes up an answer of the client.
    func acknowledge(_ ack: Weir_Bus_V1_SubscribeRequest.Ack) throws
    func refuse(_ nack: Weir_Bus_V1_SubscribeRequest.Nack) throws
    /// Everything before it has been handed out; `nil` without a stream.
    var cursor: Weir_Bus_V1_Cursor? { get }
    var lagBytes: UInt64 { get }
    var waitingEvents: UInt64 { get }
    /// Events come from memory: asking for them never waits for a disk.
    var isInMemory: Bool { get }
    func stop()
}

extension EventSource {
    var isInMemory: Bool { false }
    func acknowledge(_ ack: Weir_Bus_V1_SubscribeRequest.Ack) throws {
        throw CallRefusal.bad("ack", "only a durable subscription is acknowledged")
    }
    func refuse(_ nack: Weir_Bus_V1_SubscribeRequest.Nack) throws {
        throw CallRefusal.bad("nack", "only a durable subscription is acknowledged")
    }
    var cursor: Weir_Bus_V1_Cursor? { nil }
    var lagBytes: UInt64 { 0 }
    var waitingEvents: UInt64 { 0 }
}

/// What the next batch may have.
struct Room {
    var events: Int
    var bytes: Int
    /// A first event that is larger than `bytes` is taken if it fits this: the credit that is left.
    var single: Int
}

enum SourceStep {
    case batch(BatchImage)
    case gap(Weir_Bus_V1_SubscribeResponse.Gap)
    /// All that there was at the beginning has been handed out. Told once.
    case caughtUp
    /// The next event needs more credit than there is.
    case tooLarge
    /// A long way without a match: ask again, when others had their turn.
    case searching
    /// The signal will be raised when there is more.
    case nothing
}

/// Encoded events, valid until the source is asked again.
struct BatchImage {
    enum Memory {
        case slice(LiveSlice)
        case buffer(BatchBuffer)
    }
    let memory: Memory
    let events: Int

    var bytes: UnsafeRawBufferPointer {
        switch memory {
        case .slice(let slice): slice.bytes
        case .buffer(let buffer): buffer.bytes
        }
    }
}

/// What a Subscribe call sends: a message like others, or a batch that is encoded already.
///
/// Sendable: one task makes it, hands it to the writer and waits until it is serialised.
enum SubscribeOutput: @unchecked Sendable {
    case message(Weir_Bus_V1_SubscribeResponse)
    case batch(BatchImage)
}

/// Writes `SubscribeResponse`; a batch is copied into the transport's buffer as it is.
struct SubscribeSerializer: MessageSerializer {
    func serialize<Bytes: GRPCContiguousBytes>(_ output: SubscribeOutput) throws -> Bytes {
        switch output {
        case .message(let message):
            let bytes: [UInt8] = try message.serializedBytes()
            return Bytes(bytes)
        case .batch(let batch):
            let events = batch.bytes
            var bytes = Bytes(repeating: 0, count: 1 + Pen.width(UInt64(events.count)) + events.count)
            bytes.withUnsafeMutableBytes { memory in
                guard let base = memory.baseAddress else { return }
                var pen = Pen(at: base)
                // SubscribeResponse.batch
                pen.byte(2 << 3 | 2)
                pen.varint(UInt64(events.count))
                pen.bytes(events)
            }
            return bytes
        }
    }
}
