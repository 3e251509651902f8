import MQTTWire
import Testing

@Suite struct ReasonCodeTests {
    /// MQTT 3.1.1 table 3.1, both ways.
    @Test(arguments: [
        (ReasonCode.success, UInt8(0)), (.unsupportedProtocolVersion, 1), (.clientIdentifierNotValid, 2),
        (.serverUnavailable, 3), (.badUserNameOrPassword, 4), (.notAuthorized, 5),
    ])
    func `a return code of 3.1.1 has a reason code`(_ code: ReasonCode, _ returnCode: UInt8) {
        #expect(code.connectReturnCode == returnCode)
        #expect(ReasonCode(connectReturnCode: returnCode) == code)
    }

    @Test(arguments: [
        (ReasonCode.serverBusy, UInt8?(3)), (.banned, 5), (.badAuthenticationMethod, 5), (.quotaExceeded, 3),
        (.malformedPacket, nil), (.protocolError, nil), (.packetTooLarge, nil),
    ])
    func `other reason codes take the nearest or none`(_ code: ReasonCode, _ returnCode: UInt8?) {
        #expect(code.connectReturnCode == returnCode)
    }

    @Test func `codes from 0x80 are failures`() {
        #expect(!ReasonCode(rawValue: 0x7F).isFailure)
        #expect(ReasonCode.unspecifiedError.isFailure)
        #expect(ReasonCode(connectReturnCode: 6) == nil)
        #expect(QoS.allCases.map { ReasonCode.granted($0).rawValue } == [0, 1, 2])
    }
}
