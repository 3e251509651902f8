package import GRPCCore
package import SwiftProtobuf

/// Writes a generated message.
package struct ProtobufSerializer<Message: SwiftProtobuf.Message>: MessageSerializer {
    package init() {}

    package func serialize<Bytes: GRPCContiguousBytes>(_ message: Message) throws -> Bytes {
        let bytes: [UInt8] = try message.serializedBytes()
        return Bytes(bytes)
    }
}

/// Reads a generated message; what is none is the caller's mistake.
package struct ProtobufDeserializer<Message: SwiftProtobuf.Message>: MessageDeserializer {
    private let bytesMaximum: Int

    /// - Parameter bytesMaximum: a larger message is refused.
    package init(bytesMaximum: Int = .max) { self.bytesMaximum = bytesMaximum }

    package func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> Message {
        let count = bytes.withUnsafeBytes(\.count)
        guard count <= bytesMaximum else {
            throw CallRefusal(
                .resourceExhausted,
                .overQuota,
                "found a message of \(count) bytes, expected at most \(bytesMaximum) (rpc.maximumMessageSize)"
            )
        }
        do {
            return try Message(serializedBytes: bytes.withUnsafeBytes { Array($0) })
        } catch {
            throw RPCError(
                code: .invalidArgument,
                message: "found what is no \(Message.protoMessageName): \(error)"
            )
        }
    }
}
