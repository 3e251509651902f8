/// The client's side of WebSocket's framing, RFC 6455 section 5, as a machine without I/O.
package struct WebSocketFrames {
    /// Bytes of a frame that is taken from the server.
    package static let frameSizeMax = 268_435_460

    package enum Frame: Equatable {
        /// Payload of a data frame; fragments are handed on as they come.
        case data([UInt8])
        case ping([UInt8])
        case close
    }

    private var input: [UInt8] = []

    package init() {}

    /// Takes bytes and returns the frames that are complete.
    package mutating func receive(_ bytes: [UInt8]) throws(ClientError) -> [Frame] {
        input.append(contentsOf: bytes)
        var frames: [Frame] = []
        var offset = 0
        while let (frame, size) = try next(from: offset) {
            if let frame { frames.append(frame) }
            offset += size
        }
        input.removeFirst(offset)
        return frames
    }

    /// - Returns: the frame (`nil` for one that says nothing to us) and its size; `nil` while bytes are missing.
    private func next(from offset: Int) throws(ClientError) -> (frame: Frame?, size: Int)? {
        let left = input.count - offset
        guard left >= 2 else { return nil }
        let first = input[offset]
        let second = input[offset + 1]
        guard first & 0x70 == 0 else { throw broken("reserved bits") }  // section 5.2
        guard second & 0x80 == 0 else { throw broken("a masked frame") }  // section 5.1
        var size = Int(second & 0x7F)
        var header = 2
        if size >= 126 {
            let count = size == 126 ? 2 : 8
            guard left >= 2 + count else { return nil }
            var long: UInt64 = 0
            for index in 0..<count { long = long << 8 | UInt64(input[offset + 2 + index]) }
            guard long <= UInt64(Self.frameSizeMax) else { throw broken("a frame of \(long) bytes") }
            size = Int(long)
            header += count
        }
        guard size <= left - header else { return nil }
        let payload = Array(input[offset + header..<offset + header + size])
        let frame: Frame? =
            switch first & 0x0F {
            case 0x0, 0x2: .data(payload)
            case 0x8: .close
            case 0x9: .ping(payload)
            case 0xA: nil
            // [MQTT-6.0.0-1]: MQTT travels in binary frames.
            default: throw broken("a frame of type \(first & 0x0F)")
            }
        return (frame, header + size)
    }

    private func broken(_ what: String) -> ClientError {
        ClientError(.protocolError, "the broker sent \(what) over WebSocket")
    }

    /// One complete frame. A client masks what it sends (section 5.3).
    ///
    /// - Parameter mask: fresh for every frame.
    package static func encode(opcode: UInt8, _ payload: [UInt8], mask: UInt32) -> [UInt8] {
        var frame: [UInt8] = [0x80 | opcode]
        let count = payload.count
        if count < 126 {
            frame.append(0x80 | UInt8(count))
        } else {
            let length = count <= 0xFFFF ? 2 : 8
            frame.append(0x80 | (length == 2 ? 126 : 127))
            for index in stride(from: length - 1, through: 0, by: -1) {
                frame.append(UInt8(truncatingIfNeeded: count >> (8 * index)))
            }
        }
        let key = (0..<4).map { UInt8(truncatingIfNeeded: mask >> (24 - 8 * $0)) }
        frame += key
        frame.reserveCapacity(frame.count + count)
        for (index, byte) in payload.enumerated() { frame.append(byte ^ key[index & 3]) }
        return frame
    }
}
