import MQTTWire

/// One input: a byte that chooses how to read, then bytes as a peer might send them.
///
/// Finds traps by running, and wrong answers by comparing each decoder with another reading of the
/// same bytes; a difference traps too.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count > 1 else { return 0 }
    let input = UnsafeRawBufferPointer(start: start, count: count)
    let choice = input[0]
    // A copy of its own size, so that a read behind the end is one behind an allocation.
    let stream = [UInt8](input[1...])
    let version = ProtocolVersion.allCases[Int(choice & 0b11) % 3]
    let sender: Peer = choice & 0b100 == 0 ? .client : .server
    let maximumPacketSize = choice & 0b1000 == 0 ? 1_000_000 : 64

    readStream(stream, version, sender, maximumPacketSize)
    readText(stream)
    return 0
}

/// Reads packets until one is wrong or incomplete.
private func readStream(
    _ stream: [UInt8],
    _ version: ProtocolVersion,
    _ sender: Peer,
    _ maximumPacketSize: Int
) {
    let span = stream.span
    let bytes = span.bytes
    var offset = 0
    while offset < stream.count {
        let start = offset
        let cold = Result { () throws(WireError) in
            try Packet.decode(
                bytes,
                at: &offset,
                maximumPacketSize: maximumPacketSize,
                version: version,
                sender: sender
            )
        }
        compareHotPath(bytes, at: start, cold, version, sender, maximumPacketSize)
        switch cold {
        case .failure(let error):
            precondition(error.reasonCode.isFailure, "an error without a reason code")
            precondition(offset == start, "an error moved the offset")
            return
        case .success(nil):
            precondition(offset == start, "an incomplete packet moved the offset")
            return
        case .success(let packet?):
            precondition(
                offset > start + 1 && offset <= stream.count,
                "a packet without its header, or past the end"
            )
            precondition(offset - start <= maximumPacketSize, "larger than allowed")
            roundTrip(packet, version, sender)
            checkPrefix(stream, start, offset, version, sender)
        }
    }
}

/// What was read is written and read again as the same.
private func roundTrip(_ packet: Packet, _ version: ProtocolVersion, _ sender: Peer) {
    let itsVersion = if case .connect(let connect) = packet { connect.version } else { version }
    var wire: [UInt8] = []
    var offset = 0
    do {
        try packet.encode(into: &wire, version: itsVersion)
        let span = wire.span
        let again = try Packet.decode(span.bytes, at: &offset, version: itsVersion, sender: sender)
        precondition(again == packet && offset == wire.count, "not what was written")
    } catch {
        preconditionFailure("what was read cannot be written and read: \(error)")
    }
}

/// Half of a packet is nothing yet.
private func checkPrefix(
    _ stream: [UInt8],
    _ start: Int,
    _ end: Int,
    _ version: ProtocolVersion,
    _ sender: Peer
) {
    let half = Array(stream[start..<start + (end - start) / 2])
    let span = half.span
    var offset = 0
    let packet = try? Packet.decode(span.bytes, at: &offset, version: version, sender: sender)
    precondition(packet == nil && offset == 0, "half a packet was taken for a whole one")
}

/// The decoders of the hot path say the same as those that copy.
private func compareHotPath(
    _ bytes: RawSpan,
    at offset: Int,
    _ cold: Result<Packet?, WireError>,
    _ version: ProtocolVersion,
    _ sender: Peer,
    _ maximumPacketSize: Int
) {
    do throws(WireError) {
        guard
            let header = try FixedHeader.parse(
                bytes,
                at: offset,
                maximumPacketSize: maximumPacketSize,
                version: version
            ),
            bytes.byteCount - offset >= header.packetLength
        else {
            precondition(cold == .success(nil))
            return
        }
        switch header.type {
        case .publish:
            let view = try PublishView.decode(
                bytes,
                at: offset,
                header: header,
                version: version,
                sender: sender
            )
            guard case .success(.publish(let publish)?) = cold else { preconditionFailure("\(cold)") }
            compare(view, publish, bytes)
        case .pubAck, .pubRec, .pubRel, .pubComp:
            let view = try AckView.decode(bytes, at: offset, header: header, version: version)
            guard case .success(.acknowledgement(let packet)?) = cold else { preconditionFailure("\(cold)") }
            precondition(view.packetID == packet.packetID && view.reasonCode == packet.reasonCode)
        case .connect:
            let told = Connect.version(of: bytes.extracting(header.body(at: offset)))
            if case .success(.connect(let connect)?) = cold { precondition(told == connect.version) }
        default: break
        }
    } catch {
        precondition(cold == .failure(error), "two decoders, two errors")
    }
}

private func compare(_ view: PublishView, _ publish: Publish, _ bytes: RawSpan) {
    precondition(bytes.copy(view.topic).elementsEqual(publish.topic.utf8))
    precondition(bytes.copy(view.payload) == publish.payload)
    precondition(
        view.qos == publish.qos && view.retain == publish.retain && view.isDuplicate == publish.isDuplicate
    )
    precondition(view.packetID == publish.packetID)
    precondition((view.topicAlias == 0 ? nil : view.topicAlias) == publish.properties.topicAlias)
    precondition(view.messageExpiryInterval == publish.properties.messageExpiryInterval)
    precondition(view.messageExpiryOffset.map { bytes.uint32(at: $0) } == view.messageExpiryInterval)
    precondition(view.payloadFormatIndicator == publish.properties.payloadFormatIndicator)
    precondition(view.hasUserProperties == !publish.properties.userProperties.isEmpty)
    precondition(view.correlationData.map { bytes.copy($0) } == publish.properties.correlationData)
    precondition(view.contentType.map { bytes.text($0) } == publish.properties.contentType)
    precondition(view.responseTopic.map { bytes.text($0) } == publish.properties.responseTopic)

    // What a broker forwards is every property but the alias.
    let (before, after) = view.forwardableProperties
    precondition(before.count + after.count == view.forwardablePropertiesLength)
    var forwarded: [UInt8] = []
    VariableByteInteger.append(view.forwardablePropertiesLength, to: &forwarded)
    forwarded += bytes.copy(before) + bytes.copy(after)
    var expected = publish.properties
    expected.topicAlias = nil
    precondition(decodeProperties(forwarded) == expected, "forwarded properties are wrong")
}

private func decodeProperties(_ wire: [UInt8]) -> Properties? {
    let span = wire.span
    var offset = 0
    let properties = try? Properties.decode(
        span.bytes,
        at: &offset,
        packetEnd: wire.count,
        context: .publishFromServer
    )
    return offset == wire.count ? properties : nil
}

/// Reads the bytes as text, as a topic name and as a filter.
private func readText(_ stream: [UInt8]) {
    let text = stream.prefix(600)
    let utf8 = Array(text)
    let span = utf8.span
    let bytes = span.bytes
    let whole = 0..<utf8.count
    // The Swift library is the judge.
    let isText = String(validating: utf8, as: UTF8.self) != nil
    precondition(UTF8Text.isWellFormed(bytes, whole, allowNull: true) == isText)
    let isString = isText && !utf8.contains(0)
    precondition(UTF8Text.isValidString(bytes, whole) == isString)
    let hasWildcard = utf8.contains(UInt8(ascii: "+")) || utf8.contains(UInt8(ascii: "#"))
    let isName = (try? TopicName.validate(bytes, whole)) != nil
    precondition(isName == (isString && !hasWildcard && !utf8.isEmpty))
    guard let filter = try? TopicFilter.parse(bytes, whole) else { return }
    precondition(isString && filter.utf8 == utf8)
    precondition(
        filter.hasWildcard || filter.isShared || filter.matches(utf8),
        "a filter matches its own text"
    )
    if !filter.isShared, utf8.first != UInt8(ascii: "$") {
        precondition(filter.matches(utf8), "'+' matches '+', '#' matches '#'")
    }
}
