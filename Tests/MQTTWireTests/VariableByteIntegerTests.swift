import MQTTWire
import Testing

@Suite struct VariableByteIntegerTests {
    /// Table 1-1 of MQTT 5.0: the borders.
    static let cases: [(value: Int, bytes: [UInt8])] = [
        (0, [0x00]), (127, [0x7F]), (128, [0x80, 0x01]), (16_383, [0xFF, 0x7F]),
        (16_384, [0x80, 0x80, 0x01]), (2_097_151, [0xFF, 0xFF, 0x7F]),
        (2_097_152, [0x80, 0x80, 0x80, 0x01]), (268_435_455, [0xFF, 0xFF, 0xFF, 0x7F]),
    ]

    @Test(arguments: cases)
    func `is written in the fewest bytes`(_ value: Int, _ bytes: [UInt8]) {
        var appended: [UInt8] = []
        VariableByteInteger.append(value, to: &appended)
        #expect(appended == bytes)
        var written = [UInt8](repeating: 0xEE, count: 6)
        let end = written.withUnsafeMutableBytes { VariableByteInteger.write(value, to: $0, at: 1) }
        #expect(written == [0xEE] + bytes + Array(repeating: 0xEE, count: 5 - bytes.count))
        #expect(end == 1 + bytes.count)
        #expect(VariableByteInteger.length(of: value) == bytes.count)
    }

    @Test(arguments: cases)
    func `is read back by the header`(_ value: Int, _ bytes: [UInt8]) throws {
        #expect(try parseHeader([0x30] + bytes)?.remainingLength == value)
    }
}
