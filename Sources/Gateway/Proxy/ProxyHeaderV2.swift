import Reactor

/// Version 2: binary, with type-length-value extensions.
enum ProxyHeaderV2 {
    static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]
    private static let fixedBytes = 16

    private enum ExtensionType {
        static let crc32c: UInt8 = 0x03
        static let tls: UInt8 = 0x20
        static let tlsCommonName: UInt8 = 0x22
    }

    static func read(_ bytes: UnsafeRawBufferPointer) -> ProxyHeader.Outcome {
        guard zip(bytes, signature).allSatisfy({ $0 == $1 }) else {
            return .invalid("a PROXY header is expected")
        }
        guard bytes.count >= fixedBytes else { return .incomplete }
        guard bytes[12] >> 4 == 2 else { return .invalid("PROXY version \(bytes[12] >> 4)") }
        let length = Int(UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 14, as: UInt16.self)))
        let total = fixedBytes + length
        guard total <= ProxyHeader.maximumBytes else {
            return .invalid("a PROXY header of \(total) bytes; at most \(ProxyHeader.maximumBytes) are taken")
        }
        guard bytes.count >= total else { return .incomplete }
        let header = UnsafeRawBufferPointer(rebasing: bytes[..<total])
        switch bytes[12] & 0x0F {
        case 0: return check(header, addressBytes: 0, ProxyHeader())
        case 1: return proxied(header)
        default: return .invalid("the PROXY command \(bytes[12] & 0x0F)")
        }
    }

    private static func proxied(_ header: UnsafeRawBufferPointer) -> ProxyHeader.Outcome {
        var result = ProxyHeader()
        let sizes: [UInt8: Int] = [0: 0, 1: 12, 2: 36, 3: 216]
        guard let size = sizes[header[13] >> 4] else {
            return .invalid("the PROXY family \(header[13] >> 4)")
        }
        guard header.count >= fixedBytes + size else {
            return .invalid("a PROXY header too short for its address family")
        }
        // Only stream protocols make sense here; of anything else the addresses are left alone.
        if header[13] & 0x0F == 1 {
            result.source = address(header, family: header[13] >> 4, isSource: true)
            result.destination = address(header, family: header[13] >> 4, isSource: false)
        }
        return check(header, addressBytes: size, result)
    }

    private static func address(
        _ header: UnsafeRawBufferPointer,
        family: UInt8,
        isSource: Bool
    ) -> SocketAddress? {
        func number<T: FixedWidthInteger>(_ offset: Int, _ type: T.Type) -> T {
            T(bigEndian: header.loadUnaligned(fromByteOffset: fixedBytes + offset, as: type))
        }
        switch family {
        case 1:
            return .ipv4(number(isSource ? 0 : 4, UInt32.self), port: number(isSource ? 8 : 10, UInt16.self))
        case 2:
            let offset = isSource ? 0 : 16
            return SocketAddress(
                number(offset, UInt64.self),
                number(offset + 8, UInt64.self),
                port: number(isSource ? 32 : 34, UInt16.self)
            )
        case 3:
            let start = fixedBytes + (isSource ? 0 : 108)
            let path = header[start..<start + 108].prefix { $0 != 0 }
            return .unix(path: String(decoding: path, as: UTF8.self))
        default:
            return nil
        }
    }

    /// Reads the extensions behind the addresses.
    private static func check(
        _ header: UnsafeRawBufferPointer,
        addressBytes: Int,
        _ result: ProxyHeader
    ) -> ProxyHeader.Outcome {
        var result = result
        // LOCAL says nothing of the client; its extensions are skipped as the protocol asks.
        if header[12] & 0x0F == 0 { return .header(result, consumed: header.count) }
        var offset = fixedBytes + addressBytes
        while let (type, range) = nextExtension(header, &offset) {
            guard let range else { return .invalid("a PROXY extension longer than its header") }
            switch type {
            case ExtensionType.crc32c where range.count == 4:
                let expected = UInt32(
                    bigEndian: header.loadUnaligned(fromByteOffset: range.lowerBound, as: UInt32.self)
                )
                guard checksum(header, without: range) == expected else {
                    return .invalid("a PROXY header whose checksum is wrong")
                }
            case ExtensionType.tls where range.count >= 5:
                readTLS(UnsafeRawBufferPointer(rebasing: header[range]), &result)
            default:
                break
            }
        }
        return .header(result, consumed: header.count)
    }

    /// - Returns: `nil` at the end; no range where the length exceeds what is there.
    private static func nextExtension(
        _ bytes: UnsafeRawBufferPointer,
        _ offset: inout Int
    ) -> (type: UInt8, range: Range<Int>?)? {
        guard offset < bytes.count else { return nil }
        guard bytes.count - offset >= 3 else { return (0, nil) }
        let type = bytes[offset]
        let length = Int(UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 1, as: UInt16.self)))
        let start = offset + 3
        guard length <= bytes.count - start else { return (type, nil) }
        offset = start + length
        return (type, start..<start + length)
    }

    /// PP2_TYPE_SSL: flags, the result of the verification, and extensions of its own.
    private static func readTLS(_ bytes: UnsafeRawBufferPointer, _ result: inout ProxyHeader) {
        result.isTLS = bytes[0] & 1 != 0
        let hasCertificate = bytes[0] & 6 != 0
        let isVerified = bytes.loadUnaligned(fromByteOffset: 1, as: UInt32.self) == 0
        var offset = 5
        while let (type, range) = nextExtension(bytes, &offset), let range {
            guard type == ExtensionType.tlsCommonName, hasCertificate, isVerified else { continue }
            let name = String(decoding: bytes[range], as: UTF8.self)
            // A name with a zero byte ends somewhere else for each reader.
            if !name.isEmpty, !name.utf8.contains(0) { result.commonName = name }
        }
    }

    /// CRC32C of the header with the checksum's own bytes taken as zero.
    private static func checksum(_ header: UnsafeRawBufferPointer, without range: Range<Int>) -> UInt32 {
        var crc: UInt32 = ~0
        for (index, byte) in header.enumerated() {
            crc ^= UInt32(range.contains(index) ? 0 : byte)
            for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 0 ? 0 : 0x82F6_3B78) }
        }
        return ~crc
    }
}
