import Reactor

/// Version 1: one line of text, at most 107 bytes.
enum ProxyHeaderV1 {
    private static let maximumBytes = 107

    static func read(_ bytes: UnsafeRawBufferPointer) -> ProxyHeader.Outcome {
        let beginning = bytes.prefix(6)
        guard zip(beginning, Array("PROXY ".utf8)).allSatisfy({ $0 == $1 }) else {
            return .invalid("a PROXY header is expected")
        }
        let line = bytes.prefix(maximumBytes)
        guard let end = line.firstIndex(of: 0x0A) else {
            return line.count < maximumBytes
                ? .incomplete : .invalid("a PROXY version 1 header of more than \(maximumBytes) bytes")
        }
        guard end >= 1, line[end - 1] == 0x0D else {
            return .invalid("a PROXY version 1 header ends with CR LF")
        }
        let text = String(decoding: line[..<(end - 1)], as: UTF8.self)
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count >= 2 else { return .invalid("a PROXY version 1 header without a protocol") }
        if parts[1] == "UNKNOWN" { return .header(ProxyHeader(), consumed: end + 1) }
        guard parts.count == 6, parts[1] == "TCP4" || parts[1] == "TCP6",
            let source = address(parts[2], parts[4], isIPv6: parts[1] == "TCP6"),
            let destination = address(parts[3], parts[5], isIPv6: parts[1] == "TCP6")
        else { return .invalid("a malformed PROXY version 1 header") }
        return .header(ProxyHeader(source: source, destination: destination), consumed: end + 1)
    }

    private static func address(_ host: Substring, _ port: Substring, isIPv6: Bool) -> SocketAddress? {
        guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), port == "0" || port.first != "0",
            let number = UInt16(port), !host.contains("%")
        else { return nil }
        switch SocketAddress(literal: String(host), port: number) {
        case .ipv4(let address, let port)? where !isIPv6: return .ipv4(address, port: port)
        case .ipv6(let high, let low, let scope, let port)? where isIPv6:
            return SocketAddress(high, low, scope: scope, port: port)
        default: return nil
        }
    }
}
