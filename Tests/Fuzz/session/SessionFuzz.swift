import MQTTWire

/// One input: a script of what three clients do to one shard, written as bytes.
///
/// A step is a byte: its low two bits choose the client, its high bits what happens (see ``Step``). Finds
/// traps by running; and wrong answers, since what the broker sends must be packets that a client of some
/// version takes, and since everything must be given back in the end.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count > 1 else { return 0 }
    var script = Script(bytes: [UInt8](UnsafeRawBufferPointer(start: start, count: count)))
    let site = FuzzSite(options: script.next() ?? 0)
    while let byte = script.next() {
        let client = Int(byte & 0b11) % FuzzSite.clientCount
        guard let step = Step(rawValue: byte >> 2 & 0b111) else { continue }
        switch step {
        case .send, .sendMore: site.send(script.take(Int(script.next() ?? 0)), from: client)
        case .connect: site.send(script.connect(), from: client)
        case .answer: site.send(site.answers(of: client), from: client)
        case .wait: site.wait(seconds: script.next() ?? 0)
        case .lose: site.lose(client)
        case .stall: site.toggleReading(client)
        case .reload: site.reload()
        }
    }
    site.end()
    return 0
}

private enum Step: UInt8 {
    case send, sendMore, connect, answer, wait, lose, stall, reload
}

/// The input, read from its front.
private struct Script {
    private let bytes: [UInt8]
    private var offset = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() -> UInt8? {
        guard offset < bytes.count else { return nil }
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func take(_ count: Int) -> [UInt8] {
        let end = min(bytes.count, offset + count)
        defer { offset = end }
        return Array(bytes[offset..<end])
    }

    /// A CONNECT that is accepted, so that the way to the rest is short.
    mutating func connect() -> [UInt8] {
        let choice = next() ?? 0
        let version: ProtocolVersion = [.v3_1, .v3_1_1, .v5, .v5][Int(choice & 0b11)]
        var connect = Connect(
            version: version,
            clientID: choice & 0b100 == 0 ? "a" : "b",
            cleanStart: choice & 0b1000 != 0,
            keepAlive: 5
        )
        if choice & 0b1_0000 != 0 {
            connect.will = Will(
                topic: "t",
                payload: [choice],
                qos: .atLeastOnce,
                retain: choice & 0b10_0000 != 0
            )
            if version == .v5 { connect.will?.properties.willDelayInterval = UInt32(choice >> 6) }
        }
        if version == .v5 {
            connect.properties.sessionExpiryInterval = 20
            if choice & 0b100_0000 != 0 { connect.properties.receiveMaximum = 2 }
            if choice & 0b1000_0000 != 0 {
                connect.properties.topicAliasMaximum = 2
                connect.properties.maximumPacketSize = 40
            }
        }
        var bytes: [UInt8] = []
        do { try connect.encode(into: &bytes) } catch { preconditionFailure("\(error)") }
        return bytes
    }
}
