import Journal

/// Reads batches, one after another, whatever bytes it is given. Belongs to one thread.
package final class BatchReader {
    /// Bytes of a body before compression, and events of one batch; what claims more is refused.
    package static let bodySizeMaximum = 16 << 20
    package static let countMaximum = 1 << 20

    private let decompressor = Decompressor()
    private var room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)

    package init() {}

    deinit { room.deallocate() }

    /// Checks the checksum and reads what the batch says about itself.
    package static func header(of message: UnsafeRawBufferPointer) throws(BatchError) -> BatchHeader {
        try split(message).header
    }

    /// Hands the batch's events to `body`, whose pointers are valid until it returns. Everything is checked
    /// before the first event.
    package func read<Result>(
        _ message: UnsafeRawBufferPointer,
        _ body: (BatchHeader, inout BatchEvents) throws -> Result
    ) throws -> Result {
        let (header, encoded) = try Self.split(message)
        guard header.bodySize <= Self.bodySizeMaximum else {
            throw BatchError.tooLarge(size: UInt64(header.bodySize), maximum: Self.bodySizeMaximum)
        }
        guard header.count <= Self.countMaximum else {
            throw BatchError.malformed("\(header.count) events, expected at most \(Self.countMaximum)")
        }
        var plain = encoded
        if header.isCompressed {
            let size = Int(header.bodySize)
            if room.count < size {
                room.deallocate()
                room = .allocate(byteCount: size, alignment: 16)
            }
            let target = UnsafeMutableRawBufferPointer(rebasing: room[..<size])
            try decompressor.decompress(encoded, into: target)
            plain = UnsafeRawBufferPointer(target)
        } else if encoded.count != Int(header.bodySize) {
            throw BatchError.malformed(
                "the body has \(encoded.count) bytes, the header says \(header.bodySize)"
            )
        }
        var events = try BatchEvents(plain, header)
        try events.check()
        return try body(header, &events)
    }

    private static let crcSize = 6

    private static func split(
        _ message: UnsafeRawBufferPointer
    ) throws(BatchError) -> (header: BatchHeader, body: UnsafeRawBufferPointer) {
        guard message.count > crcSize else { throw .malformed("\(message.count) bytes") }
        let covered = UnsafeRawBufferPointer(rebasing: message[..<(message.count - crcSize)])
        var tail = ProtobufReader(UnsafeRawBufferPointer(rebasing: message[(message.count - crcSize)...]))
        // Damage can hit the key of the checksum's field too, so nothing here is called permanent.
        let found = CRC32C.checksum(covered)
        guard let last = try? tail.next(), last.field == BatchHeader.Field.crc,
            case .fixed32(let crc) = last.value
        else { throw .corrupt(found: found, expected: 0) }
        guard found == crc else { throw .corrupt(found: found, expected: crc) }
        var header = BatchHeader(
            site: "",
            instance: SiteInstance(repeating: 0),
            lane: "",
            epoch: 0
        )
        header.schemaVersion = 0
        var hasInstance = false
        var body = UnsafeRawBufferPointer(start: nil, count: 0)
        var reader = ProtobufReader(covered)
        while let (field, value) = try reader.next() {
            switch field {
            case BatchHeader.Field.schemaVersion: header.schemaVersion = UInt32(clamping: value.number)
            case BatchHeader.Field.site: header.site = value.text
            case BatchHeader.Field.instance:
                guard let instance = SiteInstance(value.bytes) else {
                    throw .malformed("an instance of \(value.bytes.count) bytes, expected 16")
                }
                header.instance = instance
                hasInstance = true
            case BatchHeader.Field.lane: header.lane = value.text
            case BatchHeader.Field.epoch: header.epoch = value.number
            case BatchHeader.Field.after: header.after = value.number
            case BatchHeader.Field.first: header.first = value.number
            case BatchHeader.Field.last: header.last = value.number
            case BatchHeader.Field.count: header.count = UInt32(clamping: value.number)
            case BatchHeader.Field.timeMin: header.timeMin = Int64(bitPattern: value.number)
            case BatchHeader.Field.timeMax: header.timeMax = Int64(bitPattern: value.number)
            case BatchHeader.Field.dropped: header.dropped = value.number
            case BatchHeader.Field.thinned: header.thinned = value.number
            case BatchHeader.Field.compression:
                guard value.number <= 1 else {
                    throw .malformed("compression \(value.number), expected 0 or 1")
                }
                header.isCompressed = value.number == 1
            case BatchHeader.Field.bodySize: header.bodySize = UInt32(clamping: value.number)
            case BatchHeader.Field.body: body = value.bytes
            default: break
            }
        }
        guard header.schemaVersion == BatchHeader.schemaVersion else { throw .version(header.schemaVersion) }
        try check(header, hasInstance: hasInstance)
        return (header, body)
    }

    private static func check(_ header: BatchHeader, hasInstance: Bool) throws(BatchError) {
        guard UplinkNames.isValid(header.site), UplinkNames.isValid(header.lane), hasInstance,
            header.epoch != 0
        else {
            throw .malformed(
                "site, instance, lane and epoch must be set, found \"\(header.site)\", \"\(header.lane)\""
            )
        }
        // SQL's integers are signed.
        guard header.after < header.last, header.last <= UInt64(Int64.max) else {
            throw .malformed("a range from \(header.after) to \(header.last)")
        }
        let span = header.last - header.after
        guard header.dropped <= span, header.thinned <= span - header.dropped,
            UInt64(header.count) + header.dropped + header.thinned == span
        else {
            throw .malformed(
                "\(header.count) events, \(header.dropped) dropped and \(header.thinned) thinned, expected \(span) in all"
            )
        }
    }
}

/// What sites and lanes may be called: they are levels of topics, names of files and keys of tables.
package enum UplinkNames {
    package static let rule = "1 to 64 of a-z, 0-9, \".\", \"_\" and \"-\", not beginning with a dot"

    package static func isValid(_ name: String) -> Bool {
        guard (1...64).contains(name.utf8.count), name.utf8.first != UInt8(ascii: ".") else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }
}

/// One event of a batch. Pointers are valid while the batch is being read.
package struct BatchEvent {
    package var sequence: UInt64 = 0
    /// Nanoseconds since 1970 UTC.
    package var time: Int64 = 0
    /// Into ``BatchEvents/topics``.
    package var topic = 0
    /// Into ``BatchEvents/sources``.
    package var source = 0
    /// Into ``BatchEvents/properties``; -1 for none.
    package var properties = -1
    package var qos: UInt8 = 0
    package var retain = false
    /// Seconds since 1970 UTC, 0 for never.
    package var expiresAt: Int64 = 0
    package var payload = UnsafeRawBufferPointer(start: nil, count: 0)
}

/// The body of a batch: its dictionaries, and its events in order.
package struct BatchEvents {
    package private(set) var topics: [UnsafeRawBufferPointer] = []
    package private(set) var sources: [UnsafeRawBufferPointer] = []
    package private(set) var properties: [UnsafeRawBufferPointer] = []
    package let count: Int
    private let header: BatchHeader
    private var columns = Columns()
    private var start = Columns()
    private var taken = 0
    private var event = BatchEvent()

    private struct Columns {
        var sequences = ProtobufReader(UnsafeRawBufferPointer(start: nil, count: 0))
        var times = ProtobufReader(UnsafeRawBufferPointer(start: nil, count: 0))
        var topics = ProtobufReader(UnsafeRawBufferPointer(start: nil, count: 0))
        var sources = ProtobufReader(UnsafeRawBufferPointer(start: nil, count: 0))
        var properties = ProtobufReader(UnsafeRawBufferPointer(start: nil, count: 0))
        var flags = ProtobufReader(UnsafeRawBufferPointer(start: nil, count: 0))
        var expiries = ProtobufReader(UnsafeRawBufferPointer(start: nil, count: 0))
        var hasExpiries = false
        var sizes = ProtobufReader(UnsafeRawBufferPointer(start: nil, count: 0))
        var payloads = UnsafeRawBufferPointer(start: nil, count: 0)
        var payloadOffset = 0
    }

    init(_ body: UnsafeRawBufferPointer, _ header: BatchHeader) throws(BatchError) {
        self.header = header
        count = Int(header.count)
        var reader = ProtobufReader(body)
        while let (field, value) = try reader.next() {
            switch field {
            case 1: topics.append(value.bytes)
            case 2: sources.append(value.bytes)
            case 3: properties.append(value.bytes)
            case 4: columns.sequences = ProtobufReader(value.bytes)
            case 5: columns.times = ProtobufReader(value.bytes)
            case 6: columns.topics = ProtobufReader(value.bytes)
            case 7: columns.sources = ProtobufReader(value.bytes)
            case 8: columns.properties = ProtobufReader(value.bytes)
            case 9: columns.flags = ProtobufReader(value.bytes)
            case 10:
                columns.expiries = ProtobufReader(value.bytes)
                columns.hasExpiries = true
            case 11: columns.sizes = ProtobufReader(value.bytes)
            case 12: columns.payloads = value.bytes
            default: break
            }
        }
        start = columns
    }

    /// Walks through all columns once, so that nobody begins to store a batch that breaks off in the middle.
    mutating func check() throws(BatchError) {
        while try advance() {}
        guard taken == count, columns.payloadOffset == columns.payloads.count else {
            throw .malformed(
                "\(columns.payloads.count - columns.payloadOffset) bytes of payload belong to no event"
            )
        }
        guard count == 0 || event.sequence <= header.last else {
            throw .malformed("event \(event.sequence) lies behind the batch's end, \(header.last)")
        }
        rewind()
    }

    /// Begins with the first event again.
    package mutating func rewind() {
        columns = start
        taken = 0
        event = BatchEvent()
    }

    /// The next event in order.
    package mutating func next() -> BatchEvent? {
        // `check` has been here before.
        guard let more = try? advance(), more else { return nil }
        return event
    }

    private mutating func advance() throws(BatchError) -> Bool {
        guard taken < count else { return false }
        let step = try columns.sequences.varint()
        let (sequence, overflow) = event.sequence.addingReportingOverflow(step)
        guard !overflow, step > 0, taken > 0 || (sequence == header.first && sequence > header.after) else {
            throw .malformed("the sequence of event \(taken) is out of order")
        }
        event.sequence = sequence
        let zigzag = try columns.times.varint()
        event.time &+= Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1)
        event.topic = try index(columns.topics.varint(), topics.count, "topic")
        event.source = try index(columns.sources.varint(), sources.count, "source")
        event.properties = try index(columns.properties.varint(), properties.count + 1, "properties") - 1
        let flags = try columns.flags.varint()
        guard flags & 3 < 3, flags < 8 else { throw .malformed("flags \(flags) of event \(taken)") }
        event.qos = UInt8(flags & 3)
        event.retain = flags & 4 != 0
        if columns.hasExpiries { event.expiresAt = Int64(clamping: try columns.expiries.varint()) }
        let size = try columns.sizes.varint()
        guard size <= UInt64(columns.payloads.count - columns.payloadOffset) else {
            throw .malformed("the payload of event \(taken) ends early")
        }
        let end = columns.payloadOffset + Int(size)
        event.payload = UnsafeRawBufferPointer(rebasing: columns.payloads[columns.payloadOffset..<end])
        columns.payloadOffset = end
        taken += 1
        return true
    }

    @inline(__always)
    private func index(_ value: UInt64, _ count: Int, _ what: String) throws(BatchError) -> Int {
        guard value < UInt64(count) else {
            throw .malformed("\(what) \(value) of event \(taken), expected less than \(count)")
        }
        return Int(value)
    }
}
