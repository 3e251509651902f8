import MQTTWire
import Testing

@Suite struct ConnectTests {
    /// So that a server answers a wrong CONNECT in the client's own version `[MQTT-3.1.2-2]`.
    @Test(arguments: [
        (bytes("MQTT", 5, 0x03), ProtocolVersion?.some(.v5)),
        (bytes("MQTT", 4), .v3_1_1),
        (bytes("MQTT", 0x84), .v3_1_1),
        (bytes("MQIsdp", 0x83), .v3_1),
        (bytes("MQTT", 6, 2, [0, 0], 0, "c"), nil),
        (bytes("MQIsdp", 5), nil),
        (bytes("MQ"), nil),
        (bytes([0, 4, 0x4D]), nil),
        ([], nil),
    ])
    func `the version is told whatever follows`(_ body: [UInt8], _ version: ProtocolVersion?) {
        let span = body.span
        let told = Connect.version(of: span.bytes)
        #expect(told == version)
    }

    /// MQTT 3.1, section 3.1: the remaining length goes before the flags.
    @Test func `a 3.1 client may announce a user name and leave it out`() throws {
        let body = bytes("MQIsdp", 3, 0xC2, [0, 0], "c")
        #expect(try decode(body).userName == nil)
        let withName = try decode(body + bytes("u"))
        #expect(withName.userName == "u")
        #expect(withName.password == nil)
    }

    @Test func `a 3.1 client may set the unused flag`() throws {
        #expect(try decode(bytes("MQIsdp", 3, 0x03, [0, 0], "c")).clientID == "c")
    }

    /// `[MQTT-3.1.3-6]` of 3.1.1, section 3.1.3.1 of 5.0: the server may assign an identifier.
    @Test func `an empty identifier is fine where the session is not kept, and in MQTT 5 always`() throws {
        #expect(try decode(bytes("MQTT", 4, 2, [0, 0], "")).clientID.isEmpty)
        #expect(try decode(bytes("MQTT", 5, 0, [0, 0], 0, "")).clientID.isEmpty)
    }

    @Test func `a field longer than its length can say is not written`() {
        var connect = Connect(clientID: String(repeating: "x", count: 65_536))
        var buffer: [UInt8] = [1, 2]
        #expect(throws: WireError.fieldTooLong) { try connect.encode(into: &buffer) }
        connect.clientID = ""
        connect.properties.userProperties = [.init("k", String(repeating: "x", count: 65_536))]
        #expect(throws: WireError.fieldTooLong) { try connect.encode(into: &buffer) }
        #expect(buffer == [1, 2])
    }

    private func decode(_ body: [UInt8]) throws(WireError) -> Connect {
        let span = body.span
        return try Connect.decode(span.bytes)
    }
}
