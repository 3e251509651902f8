import MQTTWire
import Testing

@Suite struct AckTests {
    static let types: [(PacketType, UInt8)] = [
        (.pubAck, 0x40), (.pubRec, 0x50), (.pubRel, 0x62), (.pubComp, 0x70),
    ]

    @Test(arguments: types, [ProtocolVersion.v3_1, .v3_1_1, .v5])
    func `success takes four bytes`(_ row: (type: PacketType, first: UInt8), _ version: ProtocolVersion)
        throws
    {
        var buffer = [UInt8](repeating: 0xEE, count: 7)
        let count = buffer.withUnsafeMutableBytes {
            AckEncoder.write(row.type, packetID: 0x1234, version: version, to: $0, at: 1)
        }
        #expect(count == 4)
        #expect(buffer == [0xEE, row.first, 2, 0x12, 0x34, 0xEE, 0xEE])
        #expect(
            try parseAck(Array(buffer[1..<5]), version: version)
                == AckView(packetID: 0x1234, reasonCode: .success)
        )
    }

    @Test(arguments: types)
    func `a reason takes five bytes in MQTT 5 and is not said before`(_ row: (type: PacketType, first: UInt8))
        throws
    {
        let code: ReasonCode =
            row.type == .pubAck || row.type == .pubRec ? .quotaExceeded : .packetIdentifierNotFound
        var buffer = [UInt8](repeating: 0xEE, count: AckEncoder.maximumLength)
        let count = buffer.withUnsafeMutableBytes {
            AckEncoder.write(row.type, packetID: 1, reasonCode: code, version: .v5, to: $0, at: 0)
        }
        #expect(count == 5)
        #expect(buffer == [row.first, 3, 0, 1, code.rawValue])
        #expect(try parseAck(buffer) == AckView(packetID: 1, reasonCode: code))
        let older = buffer.withUnsafeMutableBytes {
            AckEncoder.write(row.type, packetID: 1, reasonCode: code, version: .v3_1_1, to: $0, at: 0)
        }
        #expect(older == 4)
        #expect(Array(buffer[..<4]) == [row.first, 2, 0, 1])
    }

    /// `[MQTT-3.4.2-1]`, `[MQTT-3.5.2-1]`, `[MQTT-3.6.2-1]`, `[MQTT-3.7.2-1]`: tables 3-4 to 3-7.
    @Test(arguments: types)
    func `only the codes of its table are accepted`(_ row: (type: PacketType, first: UInt8)) {
        let allowed: Set<UInt8> =
            row.type == .pubAck || row.type == .pubRec
            ? [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99] : [0x00, 0x92]
        for code: UInt8 in 0...255 {
            let isAccepted = (try? parseAck([row.first, 3, 0, 1, code])) != nil
            #expect(isAccepted == allowed.contains(code), "0x\(String(code, radix: 16))")
        }
    }

    @Test func `properties of an acknowledgement are checked and skipped`() throws {
        let wire = framed(0x40, bytes([0, 7], 0x10, 12, 0x1F, "no", 0x26, "k", "v"))
        #expect(try parseAck(wire) == AckView(packetID: 7, reasonCode: .noMatchingSubscribers))
    }

    @Test func `pings are two bytes`() {
        #expect(withUnsafeBytes(of: AckEncoder.pingResp) { Array($0) } == [0xD0, 0])
        #expect(withUnsafeBytes(of: AckEncoder.pingReq) { Array($0) } == [0xC0, 0])
    }
}
