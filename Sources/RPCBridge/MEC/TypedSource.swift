import Foundation

/// Events of another source, those that are wanted, each as a message of two fields: the event without its payload, and
/// the payload as the message that it is.
final class TypedSource: EventSource {
    private struct Item {
        let bytes: [UInt8]
        let cursor: Weir_Bus_V1_Cursor?
    }

    /// Taken out of the other source in one go; what the client has no credit for waits here.
    private static let ahead = Room(events: 256, bytes: 256 << 10, single: .max)

    private let inner: any EventSource
    private let settlesUnwanted: Bool
    private let field: (Weir_Bus_V1_Event) -> Int?
    private let batch = BatchBuffer()
    private var items: [Item] = []
    private var first = 0

    /// - Parameters:
    ///   - settlesUnwanted: what is not wanted is acknowledged, as nobody else will.
    ///   - field: the number of the payload's field; `nil` for an event that is not wanted.
    init(
        _ inner: any EventSource,
        settlesUnwanted: Bool,
        _ field: @escaping (Weir_Bus_V1_Event) -> Int?
    ) {
        self.inner = inner
        self.settlesUnwanted = settlesUnwanted
        self.field = field
    }

    func next(_ room: Room) throws -> SourceStep {
        if first == items.count {
            let step = try inner.next(Self.ahead)
            guard case .batch(let image) = step else { return step }
            try take(image)
            // Others have their turn before the next ones.
            guard !items.isEmpty else { return .searching }
        }
        batch.clear()
        while first < items.count, batch.events < room.events {
            let size = items[first].bytes.count
            let fits =
                batch.isEmpty ? size <= max(room.bytes, room.single) : batch.count + size <= room.bytes
            guard fits else { break }
            items[first].bytes.withUnsafeBytes { batch.append(encoded: $0) }
            first += 1
        }
        return batch.isEmpty
            ? .tooLarge : .batch(BatchImage(memory: .buffer(batch), events: batch.events))
    }

    private func take(_ image: BatchImage) throws {
        items.removeAll(keepingCapacity: true)
        first = 0
        var unwanted: [Weir_Bus_V1_Cursor] = []
        for event in try Weir_Bus_V1_EventBatch(serializedBytes: Array(image.bytes)).events {
            if let number = field(event) {
                items.append(
                    Item(
                        bytes: try Self.encode(event, payloadField: number),
                        cursor: event.hasCursor ? event.cursor : nil
                    )
                )
            } else if event.hasCursor {
                unwanted.append(event.cursor)
            }
        }
        if settlesUnwanted, !unwanted.isEmpty { try inner.acknowledge(.with { $0.events = unwanted }) }
    }

    /// Field 1 of the batch: tag, length, and the message.
    static func encode(_ event: Weir_Bus_V1_Event, payloadField: Int) throws -> [UInt8] {
        let payload = [UInt8](event.payload)
        var head = event
        head.payload = Data()
        let headBytes: [UInt8] = try head.serializedBytes()
        let tag = UInt64(payloadField << 3 | 2)
        let bodySize =
            1 + Pen.width(UInt64(headBytes.count)) + headBytes.count + Pen.width(tag)
            + Pen.width(UInt64(payload.count)) + payload.count
        let size = 1 + Pen.width(UInt64(bodySize)) + bodySize
        return [UInt8](unsafeUninitializedCapacity: size) { memory, count in
            guard let base = memory.baseAddress else { return }
            var pen = Pen(at: UnsafeMutableRawPointer(base))
            pen.byte(1 << 3 | 2)
            pen.varint(UInt64(bodySize))
            pen.byte(1 << 3 | 2)
            pen.varint(UInt64(headBytes.count))
            headBytes.withUnsafeBytes { pen.bytes($0) }
            // Written even if it is empty: which field it is says what happened.
            pen.varint(tag)
            pen.varint(UInt64(payload.count))
            payload.withUnsafeBytes { pen.bytes($0) }
            count = size
        }
    }

    func acknowledge(_ ack: Weir_Bus_V1_SubscribeRequest.Ack) throws { try inner.acknowledge(ack) }
    func refuse(_ nack: Weir_Bus_V1_SubscribeRequest.Nack) throws { try inner.refuse(nack) }

    /// Before the first that waits here, where one does.
    var cursor: Weir_Bus_V1_Cursor? {
        guard first < items.count, var place = items[first].cursor else { return inner.cursor }
        place.before = true
        return place
    }

    var lagBytes: UInt64 { inner.lagBytes }
    var waitingEvents: UInt64 { inner.waitingEvents + UInt64(items.count - first) }
    func stop() { inner.stop() }
}
