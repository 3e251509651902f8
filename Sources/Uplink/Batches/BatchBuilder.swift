import Journal

/// Gathers events of one lane and encodes them as one batch; then it begins the next.
///
/// Appending costs a few varints and one copy of the payload. Belongs to one thread.
package final class BatchBuilder {
    private var header: BatchHeader
    private var topics = ByteDictionary()
    private var sources = ByteDictionary()
    private var properties = ByteDictionary()
    private var sequences = ByteColumn()
    private var times = ByteColumn()
    private var topicIndexes = ByteColumn()
    private var sourceIndexes = ByteColumn()
    private var propertyIndexes = ByteColumn()
    private var flags = ByteColumn()
    private var expiries = ByteColumn()
    private var expires = false
    private var payloadSizes = ByteColumn()
    private var payloads = ByteColumn(capacity: 64 << 10)
    private var body = ByteColumn(capacity: 64 << 10)
    private var newestSequence: UInt64 = 0
    private var newestTime: Int64 = 0
    private let compressor: Compressor

    package init(
        site: String,
        instance: SiteInstance,
        lane: String,
        epoch: UInt64,
        after: UInt64 = 0,
        compressionLevel: Int = 1
    ) {
        header = BatchHeader(site: site, instance: instance, lane: lane, epoch: epoch, after: after)
        compressor = Compressor(level: compressionLevel)
    }

    package var count: Int { Int(header.count) }
    /// Whether nothing would be lost if the builder were thrown away.
    package var isEmpty: Bool { header.last == header.after }
    /// The last sequence that the batch accounts for.
    package var last: UInt64 { header.last }
    package var after: UInt64 { header.after }
    /// When the oldest event was taken in; nanoseconds since 1970.
    package var oldestTime: Int64 { header.timeMin }

    /// Bytes of the body before compression, to within the keys of its fields.
    package var size: Int {
        payloads.count + sequences.count + times.count + topicIndexes.count + sourceIndexes.count
            + propertyIndexes.count + flags.count + payloadSizes.count + topics.byteCount + sources.byteCount
            + properties.byteCount
    }

    /// Throws away what was gathered, and goes on behind `after`.
    package func restart(after: UInt64) {
        header.after = after
        clear()
    }

    /// Takes note of sequences that will never be sent, behind the last of this batch.
    package func skip(dropped: UInt64 = 0, thinned: UInt64 = 0) {
        header.last += dropped + thinned
        header.dropped += dropped
        header.thinned += thinned
    }

    /// Adds an event. What lies between the last sequence and `sequence` must have been skipped.
    ///
    /// - Parameters:
    ///   - time: nanoseconds since 1970 UTC.
    ///   - expiresAt: seconds since 1970 UTC, 0 for never.
    package func append(
        sequence: UInt64,
        time: Int64,
        qos: UInt8,
        retain: Bool,
        expiresAt: Int64 = 0,
        source: UnsafeRawBufferPointer,
        topic: UnsafeRawBufferPointer,
        properties encoded: UnsafeRawBufferPointer,
        payload: UnsafeRawBufferPointer
    ) {
        if header.count == 0 {
            header.first = sequence
            header.timeMin = time
            header.timeMax = time
        }
        sequences.appendVarint(sequence &- newestSequence)
        newestSequence = sequence
        let step = time &- newestTime
        times.appendVarint(UInt64(bitPattern: (step &<< 1) ^ (step >> 63)))
        newestTime = time
        header.timeMin = min(header.timeMin, time)
        header.timeMax = max(header.timeMax, time)
        topicIndexes.appendVarint(UInt64(topics.index(of: topic)))
        sourceIndexes.appendVarint(UInt64(sources.index(of: source)))
        propertyIndexes.appendVarint(encoded.isEmpty ? 0 : UInt64(properties.index(of: encoded) + 1))
        flags.appendVarint(UInt64(qos & 3) | (retain ? 4 : 0))
        expiries.appendVarint(UInt64(max(0, expiresAt)))
        if expiresAt > 0 { expires = true }
        payloadSizes.appendVarint(UInt64(payload.count))
        payloads.append(payload)
        header.count += 1
        header.last = sequence
    }

    /// The batch of everything gathered; the next one begins behind it.
    ///
    /// - Returns: header and the bytes of the message.
    package func finish() -> EncodedBatch {
        assembleBody()
        header.bodySize = UInt32(body.count)
        let encoded = body.count == 0 ? encode(UnsafeRawBufferPointer(start: nil, count: 0)) : encodeBody()
        let result = EncodedBatch(header: header, bytes: encoded)
        header.after = header.last
        clear()
        return result
    }

    private func encodeBody() -> [UInt8] {
        let room = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Compressor.bound(body.count),
            alignment: 16
        )
        defer { room.deallocate() }
        guard let count = compressor.compress(body.bytes, into: room) else {
            header.isCompressed = false
            return encode(body.bytes)
        }
        header.isCompressed = true
        return encode(UnsafeRawBufferPointer(rebasing: room[..<count]))
    }

    private func encode(_ body: UnsafeRawBufferPointer) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.reserve(body.count + header.site.utf8.count + header.lane.utf8.count + 160)
        header.encode(into: &writer)
        writer.bytes(BatchHeader.Field.body, body)
        let crc = writer.output.withUnsafeBytes { CRC32C.checksum($0) }
        writer.fixed32(BatchHeader.Field.crc, crc)
        return writer.output
    }

    private func assembleBody() {
        body.removeAll()
        guard header.count > 0 else { return }
        for index in 0..<topics.count { body.appendField(1, topics[index]) }
        for index in 0..<sources.count { body.appendField(2, sources[index]) }
        for index in 0..<properties.count { body.appendField(3, properties[index]) }
        body.appendField(4, sequences.bytes)
        body.appendField(5, times.bytes)
        body.appendField(6, topicIndexes.bytes)
        body.appendField(7, sourceIndexes.bytes)
        body.appendField(8, propertyIndexes.bytes)
        body.appendField(9, flags.bytes)
        if expires { body.appendField(10, expiries.bytes) }
        body.appendField(11, payloadSizes.bytes)
        body.appendField(12, payloads.bytes)
    }

    private func clear() {
        header.first = 0
        header.last = header.after
        header.count = 0
        header.timeMin = 0
        header.timeMax = 0
        header.dropped = 0
        header.thinned = 0
        header.isCompressed = false
        header.bodySize = 0
        newestSequence = 0
        newestTime = 0
        expires = false
        topics.removeAll()
        sources.removeAll()
        properties.removeAll()
        sequences.removeAll()
        times.removeAll()
        topicIndexes.removeAll()
        sourceIndexes.removeAll()
        propertyIndexes.removeAll()
        flags.removeAll()
        expiries.removeAll()
        payloadSizes.removeAll()
        payloads.removeAll()
    }
}

/// A batch as it goes over the wire, and what its header says.
package struct EncodedBatch: Sendable {
    package let header: BatchHeader
    package let bytes: [UInt8]
}

extension EncodedBatch {
    /// The same range without its events: what is sent for a batch that was put aside, so that the sequence
    /// has no hole which nobody can explain.
    package func emptied() -> EncodedBatch {
        var header = header
        header.dropped += UInt64(header.count)
        header.count = 0
        header.first = 0
        header.timeMin = 0
        header.timeMax = 0
        header.isCompressed = false
        header.bodySize = 0
        var writer = ProtobufWriter()
        header.encode(into: &writer)
        let crc = writer.output.withUnsafeBytes { CRC32C.checksum($0) }
        writer.fixed32(BatchHeader.Field.crc, crc)
        return EncodedBatch(header: header, bytes: writer.output)
    }
}
