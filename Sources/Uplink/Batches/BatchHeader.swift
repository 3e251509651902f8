/// What a batch says about itself; the fields of `weir.uplink.v1.Batch` but for the body.
package struct BatchHeader: Sendable, Equatable {
    package static let schemaVersion: UInt32 = 1

    package var schemaVersion = BatchHeader.schemaVersion
    package var site: String
    package var instance: SiteInstance
    package var lane: String
    /// Made with the lane's log; sequences count within it, from 1.
    package var epoch: UInt64
    /// The last sequence of the batch before: this one accounts for `after + 1` to `last`.
    package var after: UInt64
    /// Of the first event; 0 in a batch without events.
    package var first: UInt64
    package var last: UInt64
    package var count: UInt32
    /// Nanoseconds since 1970 UTC at which the site took the events in.
    package var timeMin: Int64
    package var timeMax: Int64
    /// Sequences in the range that a limit of the lane or damage took.
    package var dropped: UInt64
    /// Sequences in the range that the lane's thinning took.
    package var thinned: UInt64
    package var isCompressed: Bool
    /// Bytes of the body before compression.
    package var bodySize: UInt32

    package init(site: String, instance: SiteInstance, lane: String, epoch: UInt64, after: UInt64 = 0) {
        self.site = site
        self.instance = instance
        self.lane = lane
        self.epoch = epoch
        self.after = after
        first = 0
        last = after
        count = 0
        timeMin = 0
        timeMax = 0
        dropped = 0
        thinned = 0
        isCompressed = false
        bodySize = 0
    }

    enum Field {
        static let schemaVersion: UInt64 = 1
        static let site: UInt64 = 2
        static let instance: UInt64 = 3
        static let lane: UInt64 = 4
        static let epoch: UInt64 = 5
        static let after: UInt64 = 6
        static let first: UInt64 = 7
        static let last: UInt64 = 8
        static let count: UInt64 = 9
        static let timeMin: UInt64 = 10
        static let timeMax: UInt64 = 11
        static let dropped: UInt64 = 12
        static let thinned: UInt64 = 13
        static let compression: UInt64 = 14
        static let bodySize: UInt64 = 15
        static let body: UInt64 = 16
        static let crc: UInt64 = 17
    }

    /// Everything before the body.
    func encode(into writer: inout ProtobufWriter) {
        writer.varint(Field.schemaVersion, UInt64(schemaVersion))
        writer.text(Field.site, site)
        writer.bytes(Field.instance, instance.bytes)
        writer.text(Field.lane, lane)
        writer.fixed64(Field.epoch, epoch)
        writer.varint(Field.after, after)
        writer.varint(Field.first, first)
        writer.varint(Field.last, last)
        writer.varint(Field.count, UInt64(count))
        writer.fixed64(Field.timeMin, UInt64(bitPattern: timeMin))
        writer.fixed64(Field.timeMax, UInt64(bitPattern: timeMax))
        writer.varint(Field.dropped, dropped)
        writer.varint(Field.thinned, thinned)
        writer.varint(Field.compression, isCompressed ? 1 : 0)
        writer.varint(Field.bodySize, UInt64(bodySize))
    }
}

/// Tells two sites of one name apart: made at random with the site's data directory.
package struct SiteInstance: Sendable, Hashable, CustomStringConvertible {
    package static let byteCount = 16
    package let bytes: [UInt8]

    /// `nil` unless there are 16 bytes.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = Array(bytes)
    }

    /// The same byte sixteen times.
    package init(repeating byte: UInt8) {
        bytes = Array(repeating: byte, count: Self.byteCount)
    }

    package init(using random: inout some RandomNumberGenerator) {
        bytes = (0..<Self.byteCount).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    /// From hexadecimal.
    package init?(_ text: String) {
        var bytes: [UInt8] = []
        var rest = Substring(text)
        while rest.count >= 2, let byte = UInt8(rest.prefix(2), radix: 16) {
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        guard rest.isEmpty else { return nil }
        self.init(bytes)
    }

    package var description: String {
        bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}
