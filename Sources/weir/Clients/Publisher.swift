import ClientKit
import Glibc
import MQTTWire

/// Publishes what a source gives, and sees every handshake to its end.
final class Publisher {
    private let client: MQTTClient
    private let template: Publish
    private let inFlightMax: Int
    /// Without any answer of the broker for so long, it is given up.
    private static let patience = Duration.seconds(60)

    init(client: MQTTClient, template: Publish, inFlightMax: Int) {
        self.client = client
        self.template = template
        self.inFlightMax = inFlightMax
    }

    func run(_ source: MessageSource) throws(ClientError) {
        switch source {
        case .fixed(let payload, let count, let pause):
            for number in 0..<count {
                if number > 0, pause > .zero { try listen(for: pause) }
                try publish(payload)
            }
        case .lines: try publishLines()
        }
        while client.inFlight > 0 { try awaitProgress() }
    }

    private func publish(_ payload: [UInt8]) throws(ClientError) {
        while template.qos != .atMostOnce, client.inFlight >= inFlightMax || !client.canSend {
            try awaitProgress()
        }
        var message = template
        message.payload = payload
        try client.publish(message)
    }

    private func publishLines() throws(ClientError) {
        var input = LineReader(STDIN_FILENO)
        while true {
            // While a line is awaited, the connection is kept alive.
            if !input.hasLine, !input.isAtEnd {
                if let event = try client.next(until: nil, alsoReading: STDIN_FILENO) {
                    try take(event)
                } else {
                    try input.fill()
                }
                continue
            }
            guard let line = input.next() else { return }
            try publish(line)
        }
    }

    private func listen(for duration: Duration) throws(ClientError) {
        let deadline = ContinuousClock.now + duration
        while ContinuousClock.now < deadline {
            if let event = try client.next(until: deadline) { try take(event) }
        }
    }

    private func awaitProgress() throws(ClientError) {
        guard let event = try client.next(until: .now + Self.patience) else {
            throw ClientError(
                .timeout,
                "\(client.inFlight) messages were not acknowledged in \(Self.patience)"
            )
        }
        try take(event)
    }

    private func take(_ event: ClientEvent) throws(ClientError) {
        switch event {
        case .completed(let packetID, let reason) where reason.isFailure:
            StandardOutput.complain("Warning: Publish \(packetID) failed: \(reason.text).")
        case .disconnected(let packet): throw packet.error
        default: break
        }
    }
}

/// Splits a descriptor's bytes into lines. The end of line is not part of them.
struct LineReader {
    private let descriptor: Int32
    private var bytes: [UInt8] = []
    private(set) var isAtEnd = false

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    var hasLine: Bool { bytes.contains(UInt8(ascii: "\n")) }

    /// Reads what there is; waits when there is nothing.
    mutating func fill() throws(ClientError) {
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        let count = read(descriptor, &chunk, chunk.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return }
        guard count >= 0 else {
            throw ClientError(.usage, "standard input: \(String(cString: strerror(errno)))")
        }
        if count == 0 { isAtEnd = true }
        bytes += chunk[..<count]
        guard bytes.count <= MessageSource.payloadMax + chunk.count else {
            throw ClientError(.usage, "a line is longer than a message can be")
        }
    }

    /// The next line; the last one may be without an end of line.
    mutating func next() -> [UInt8]? {
        if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
            let line = Array(bytes[..<end])
            bytes.removeFirst(end + 1)
            return line
        }
        guard isAtEnd, !bytes.isEmpty else { return nil }
        defer { bytes = [] }
        return bytes
    }
}
