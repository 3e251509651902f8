/// Any control packet, for those who read a stream of them at leisure: clients, tests, tools.
package enum Packet: Equatable, Sendable {
    case connect(Connect)
    case connAck(ConnAck)
    case publish(Publish)
    /// PUBACK, PUBREC, PUBREL or PUBCOMP.
    case acknowledgement(Acknowledgement)
    case subscribe(Subscribe)
    case subAck(SubAck)
    case unsubscribe(Unsubscribe)
    case unsubAck(UnsubAck)
    case pingReq
    case pingResp
    case disconnect(Disconnect)
    case auth(Auth)

    /// Decodes the packet that begins at `offset` and moves `offset` behind it.
    ///
    /// - Parameters:
    ///   - maximumPacketSize: In bytes, header included.
    ///   - version: That of the connection; a CONNECT brings its own.
    ///   - sender: Whose packet it is. Types that only the other side sends are decoded all the same.
    /// - Returns: `nil`, with `offset` as it was, while bytes are missing.
    package static func decode(
        _ bytes: RawSpan,
        at offset: inout Int,
        maximumPacketSize: Int = .max,
        version: ProtocolVersion,
        sender: Peer
    ) throws(WireError) -> Packet? {
        guard
            let header = try FixedHeader.parse(
                bytes,
                at: offset,
                maximumPacketSize: maximumPacketSize,
                version: version
            ),
            bytes.byteCount - offset >= header.packetLength
        else { return nil }
        let packet = try decode(bytes, at: offset, header: header, version: version, sender: sender)
        offset += header.packetLength
        return packet
    }

    private static func decode(
        _ bytes: RawSpan,
        at offset: Int,
        header: FixedHeader,
        version: ProtocolVersion,
        sender: Peer
    ) throws(WireError) -> Packet {
        let body = bytes.extracting(header.body(at: offset))
        switch header.type {
        case .connect: return .connect(try Connect.decode(body))
        case .connAck: return .connAck(try ConnAck.decode(body, version: version))
        case .publish:
            return .publish(
                try Publish.decode(bytes, at: offset, header: header, version: version, sender: sender)
            )
        case .pubAck, .pubRec, .pubRel, .pubComp:
            return .acknowledgement(try Acknowledgement.decode(body, type: header.type, version: version))
        case .subscribe: return .subscribe(try Subscribe.decode(body, version: version))
        case .subAck: return .subAck(try SubAck.decode(body, version: version))
        case .unsubscribe: return .unsubscribe(try Unsubscribe.decode(body, version: version))
        case .unsubAck: return .unsubAck(try UnsubAck.decode(body, version: version))
        case .pingReq, .pingResp:
            guard body.isEmpty else { throw .bodyTooLong }
            return header.type == .pingReq ? .pingReq : .pingResp
        case .disconnect: return .disconnect(try Disconnect.decode(body, version: version, sender: sender))
        case .auth: return .auth(try Auth.decode(body, sender: sender))
        }
    }

    /// Appends the packet.
    ///
    /// - Throws: ``WireError/fieldTooLong``, ``WireError/packetTooLarge``; `buffer` is then as it was.
    package func encode(into buffer: inout [UInt8], version: ProtocolVersion) throws(WireError) {
        switch self {
        case .connect(let packet): try packet.encode(into: &buffer)
        case .connAck(let packet): try packet.encode(into: &buffer, version: version)
        case .publish(let packet): try packet.encode(into: &buffer, version: version)
        case .acknowledgement(let packet): try packet.encode(into: &buffer, version: version)
        case .subscribe(let packet): try packet.encode(into: &buffer, version: version)
        case .subAck(let packet): try packet.encode(into: &buffer, version: version)
        case .unsubscribe(let packet): try packet.encode(into: &buffer, version: version)
        case .unsubAck(let packet): try packet.encode(into: &buffer, version: version)
        case .pingReq: try PacketWriter.packet(.pingReq, into: &buffer) { _ in }
        case .pingResp: try PacketWriter.packet(.pingResp, into: &buffer) { _ in }
        case .disconnect(let packet): try packet.encode(into: &buffer, version: version)
        case .auth(let packet): try packet.encode(into: &buffer, version: version)
        }
    }
}
