/// The server's side of one WebSocket connection (RFC 6455) that carries MQTT: bytes in, bytes out.
///
/// Payload is unmasked in place and never collected, so a frame may be as long as its sender likes; MQTT
/// packets need not be aligned with frames `[MQTT-6.0.0-2]`, `[MQTT3-6.0.0-2]`, and the MQTT decoder sets the limits. Between
/// calls the machine keeps a part of a frame header, a control frame's payload (at most 125 bytes), or the
/// opening request.
package struct WebSocketMachine: ~Copyable {
    /// What one piece of input came to.
    package struct Result: Equatable {
        /// Bytes of MQTT, moved to the front of the input.
        package var payloadCount = 0
        package var event = Event.none
    }

    package enum Event: Equatable {
        case none
        /// The opening handshake is done; there may be payload already.
        case opened
        /// Send what is in `output`, then close. `reason` is for the log; `nil` for an orderly close.
        case closed(code: UInt16, reason: String?)
    }

    private enum State: Equatable {
        case opening
        case header
        case payload
        case control
        case closed
    }

    private static let controlMaximum = 125

    private let settings: WebSocketSettings
    private var state = State.opening
    private var isCloseSent = false
    /// A data message is under way, and the next data frame must continue it.
    private var isFragmented = false
    private var opcode: UInt8 = 0
    /// Key, turned so that its first byte is for the next byte of payload.
    private var mask: UInt32 = 0
    private var remaining: UInt64 = 0
    /// The opening request, a part of a header, or a control payload.
    private var held: [UInt8] = []
    /// Payload of a ping that is to be answered.
    private var pong: [UInt8]?

    package init(settings: WebSocketSettings) {
        self.settings = settings
    }

    package var isOpen: Bool { state != .opening && state != .closed }

    /// Takes what came from the socket.
    ///
    /// - Parameters:
    ///   - bytes: Changed: afterwards its first `payloadCount` bytes are MQTT.
    ///   - output: What is to be sent to the peer is appended: the response, pongs, a close frame.
    package mutating func receive(
        _ bytes: UnsafeMutableRawBufferPointer,
        output: inout ByteQueue
    ) -> Result {
        var result = Result()
        var offset = 0
        loop: while offset < bytes.count {
            switch state {
            case .opening:
                offset = open(bytes, &result, &output)
            case .header:
                offset = readHeader(bytes, from: offset, &result, &output)
            case .payload:
                let count = Int(min(remaining, UInt64(bytes.count - offset)))
                unmask(bytes, from: offset, to: result.payloadCount, count: count)
                result.payloadCount += count
                offset += count
                remaining -= UInt64(count)
                if remaining == 0 { state = .header }
            case .control:
                offset = readControl(bytes, from: offset, &result, &output)
            case .closed:
                break loop
            }
        }
        // RFC 6455 5.5.3: of several pings the last may be answered alone.
        if let payload = pong.take(), !isCloseSent { Self.appendFrame(opcode: 0xA, payload, to: &output) }
        return result
    }

    /// Frames bytes of MQTT for the peer [MQTT-6.0.0-1] [MQTT3-6.0.0-1].
    package func send(_ payload: UnsafeRawBufferPointer, output: inout ByteQueue) {
        guard !isCloseSent, !payload.isEmpty else { return }
        Self.appendHeader(opcode: 0x2, count: payload.count, to: &output)
        output.append(payload)
    }

    /// Begins the closing handshake; nothing can be sent afterwards.
    package mutating func close(code: UInt16, output: inout ByteQueue) {
        guard !isCloseSent, state != .opening, state != .closed else { return }
        isCloseSent = true
        Self.appendFrame(opcode: 0x8, [UInt8(code >> 8), UInt8(code & 255)], to: &output)
    }

    // MARK: - Opening

    private mutating func open(
        _ bytes: UnsafeMutableRawBufferPointer,
        _ result: inout Result,
        _ output: inout ByteQueue
    ) -> Int {
        let searched = held.count
        let room = max(0, settings.requestMaximumBytes - searched)
        held.append(contentsOf: bytes.prefix(room))
        let outcome = held.withUnsafeBytes { WebSocketUpgrade.read($0, settings, searched: searched) }
        switch outcome {
        case .incomplete:
            return bytes.count
        case .accepted(let consumed, let response):
            output.append(response)
            held = []
            state = .header
            result.event = .opened
            return consumed - searched
        case .refused(let response, let reason):
            output.append(response)
            held = []
            state = .closed
            result.event = .closed(code: 0, reason: reason)
            return bytes.count
        }
    }

    // MARK: - Frames

    /// Reads a frame header (RFC 6455 5.2) from what is held and what has come.
    private mutating func readHeader(
        _ bytes: UnsafeMutableRawBufferPointer,
        from start: Int,
        _ result: inout Result,
        _ output: inout ByteQueue
    ) -> Int {
        var offset = start
        if held.isEmpty, bytes.count - start >= 14 {
            // The whole header is here, however long it is.
            let size = Self.headerSize(bytes[start + 1])
            take(UnsafeRawBufferPointer(rebasing: bytes[start..<start + size]), &result, &output)
            return start + size
        }
        while offset < bytes.count {
            held.append(bytes[offset])
            offset += 1
            guard held.count >= 2, held.count == Self.headerSize(held[1]) else { continue }
            let header = held
            held.removeAll(keepingCapacity: true)
            header.withUnsafeBytes { take($0, &result, &output) }
            break
        }
        return offset
    }

    private static func headerSize(_ second: UInt8) -> Int {
        let mask = second & 0x80 != 0 ? 4 : 0
        switch second & 0x7F {
        case 126: return 4 + mask
        case 127: return 10 + mask
        default: return 2 + mask
        }
    }

    /// Checks one whole header and goes on to its payload.
    private mutating func take(
        _ header: UnsafeRawBufferPointer,
        _ result: inout Result,
        _ output: inout ByteQueue
    ) {
        let isFinal = header[0] & 0x80 != 0
        opcode = header[0] & 0x0F
        var length = UInt64(header[1] & 0x7F)
        if length == 126 {
            length = UInt64(UInt16(bigEndian: header.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
            guard length > 125 else { return fail(1002, "a length in too many bytes", &result, &output) }
        } else if length == 127 {
            length = UInt64(bigEndian: header.loadUnaligned(fromByteOffset: 2, as: UInt64.self))
            guard length > 0xFFFF else { return fail(1002, "a length in too many bytes", &result, &output) }
            guard length >> 63 == 0 else { return fail(1002, "a length above 2^63", &result, &output) }
        }
        guard header[0] & 0x70 == 0 else { return fail(1002, "a reserved bit is set", &result, &output) }
        guard header[1] & 0x80 != 0 else { return fail(1002, "a frame is not masked", &result, &output) }
        if let (code, reason) = objection(length, isFinal: isFinal) {
            return fail(code, reason, &result, &output)
        }
        mask = UInt32(littleEndian: header.loadUnaligned(fromByteOffset: header.count - 4, as: UInt32.self))
        remaining = length
        if opcode >= 8 {
            state = .control
            held.removeAll(keepingCapacity: true)
            // A control frame without payload is complete; the loop may have no byte left to come back with.
            if length == 0 { finishControl(&result, &output) }
        } else {
            isFragmented = !isFinal
            if length > 0 { state = .payload } else { state = .header }
        }
    }

    private func objection(_ length: UInt64, isFinal: Bool) -> (UInt16, String)? {
        switch opcode {
        case 0x0:
            return isFragmented ? nil : (1002, "a continuation without a beginning")
        case 0x2:
            return isFragmented ? (1002, "a message begins within another") : nil
        case 0x1:
            // [MQTT-6.0.0-1] [MQTT3-6.0.0-1]
            return (1003, "a text frame; MQTT goes in binary frames")
        case 0x8, 0x9, 0xA:
            guard isFinal else { return (1002, "a control frame in fragments") }
            return length <= UInt64(Self.controlMaximum) ? nil : (1002, "a control frame of \(length) bytes")
        default:
            return (1002, "the unknown opcode \(opcode)")
        }
    }

    private mutating func fail(
        _ code: UInt16,
        _ reason: String,
        _ result: inout Result,
        _ output: inout ByteQueue
    ) {
        close(code: code, output: &output)
        state = .closed
        result.event = .closed(code: code, reason: reason)
    }

    // MARK: - Control frames

    private mutating func readControl(
        _ bytes: UnsafeMutableRawBufferPointer,
        from start: Int,
        _ result: inout Result,
        _ output: inout ByteQueue
    ) -> Int {
        let count = Int(min(remaining, UInt64(bytes.count - start)))
        for index in start..<start + count {
            held.append(bytes[index] ^ UInt8(truncatingIfNeeded: mask))
            mask = mask >> 8 | mask << 24
        }
        remaining -= UInt64(count)
        if remaining == 0 { finishControl(&result, &output) }
        return start + count
    }

    private mutating func finishControl(_ result: inout Result, _ output: inout ByteQueue) {
        let payload = held
        held.removeAll(keepingCapacity: true)
        state = .header
        switch opcode {
        case 0x9:
            pong = payload
        case 0x8:
            finishClose(payload, &result, &output)
        default:
            break  // A pong that nobody asked for, RFC 6455 5.5.3.
        }
    }

    /// RFC 6455 5.5.1 and 7.4: the answer repeats the code.
    private mutating func finishClose(
        _ payload: [UInt8],
        _ result: inout Result,
        _ output: inout ByteQueue
    ) {
        guard payload.count != 1 else { return fail(1002, "a close frame of one byte", &result, &output) }
        let code = payload.count >= 2 ? UInt16(payload[0]) << 8 | UInt16(payload[1]) : 1000
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: break
        default: return fail(1002, "the close code \(code)", &result, &output)
        }
        guard payload.count <= 2 || String(validating: payload[2...], as: UTF8.self) != nil else {
            return fail(1007, "a close reason that is not UTF-8", &result, &output)
        }
        close(code: code, output: &output)
        state = .closed
        result.event = .closed(code: code, reason: nil)
    }

    private static func appendFrame(opcode: UInt8, _ payload: [UInt8], to output: inout ByteQueue) {
        appendHeader(opcode: opcode, count: payload.count, to: &output)
        payload.withUnsafeBytes { output.append($0) }
    }

    /// A whole, unmasked frame's header.
    private static func appendHeader(opcode: UInt8, count: Int, to output: inout ByteQueue) {
        output.append(0x80 | opcode)
        switch count {
        case ...125:
            output.append(UInt8(count))
        case ...0xFFFF:
            output.append(126)
            withUnsafeBytes(of: UInt16(count).bigEndian) { output.append($0) }
        default:
            output.append(127)
            withUnsafeBytes(of: UInt64(count).bigEndian) { output.append($0) }
        }
    }

    // MARK: - Masking

    /// Unmasks `count` bytes, eight at a time, and moves them to the front. `target` is never behind `source`.
    private mutating func unmask(
        _ bytes: UnsafeMutableRawBufferPointer,
        from source: Int,
        to target: Int,
        count: Int
    ) {
        let wide = (UInt64(mask) << 32 | UInt64(mask)).littleEndian
        var index = 0
        while index + 8 <= count {
            // Forward is safe: the eight bytes written end no later than the eight just read.
            let word = bytes.loadUnaligned(fromByteOffset: source + index, as: UInt64.self)
            bytes.storeBytes(of: word ^ wide, toByteOffset: target + index, as: UInt64.self)
            index += 8
        }
        while index < count {
            bytes[target + index] = bytes[source + index] ^ UInt8(truncatingIfNeeded: mask)
            mask = mask >> 8 | mask << 24
            index += 1
        }
    }
}
