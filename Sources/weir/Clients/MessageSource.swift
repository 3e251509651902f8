import ClientKit
import Glibc

/// Where `weir pub` takes its payloads from.
enum MessageSource {
    /// The same payload some times, with a pause between.
    case fixed([UInt8], count: Int, pause: Duration)
    /// Each line of standard input.
    case lines

    /// Bytes of one payload: what an MQTT packet can carry.
    static let payloadMax = 268_435_455

    init(_ command: PubCommand) throws(ClientError) {
        let modes = [
            command.message != nil, command.file != nil, command.stdinLines, command.nullMessage,
            command.stdinFile,
        ]
        guard modes.count(where: { $0 }) == 1 else {
            throw ClientError(
                .usage,
                "Both topic and message must be supplied: give one of -m, -f, -l, -n and -s."
            )
        }
        if command.stdinLines {
            self = .lines
            return
        }
        let payload: [UInt8]
        if let message = command.message {
            payload = Array(message.utf8)
        } else if let file = command.file {
            payload = try Self.read(path: file)
        } else {
            payload = command.nullMessage ? [] : try Self.readAll(STDIN_FILENO, "standard input")
        }
        self = .fixed(payload, count: command.repeatCount, pause: .seconds(command.repeatDelay))
    }

    private static func read(path: String) throws(ClientError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ClientError(.usage, "Unable to open file \"\(path)\": \(String(cString: strerror(errno))).")
        }
        defer { close(descriptor) }
        return try readAll(descriptor, path)
    }

    private static func readAll(_ descriptor: Int32, _ name: String) throws(ClientError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw ClientError(.usage, "\(name) cannot be read: \(String(cString: strerror(errno)))")
            }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= payloadMax else {
                throw ClientError(
                    .usage,
                    "\(name) has more than the \(payloadMax) bytes that a message can carry"
                )
            }
        }
    }
}
