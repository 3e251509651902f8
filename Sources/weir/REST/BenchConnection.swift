import Foundation
import Glibc

/// A blocking connection of HTTP/1.1, one request at a time; bodies have a Content-Length.
struct BenchConnection {
    struct Flaw: Error {
        var text: String

        init(_ expected: String, _ found: String) { text = "expected \(expected), found \(found)" }
    }

    struct Message {
        /// Of the status line, or 0.
        var status: Int
        var body: [UInt8]
    }

    private let descriptor: Int32
    private var buffer: [UInt8] = []

    init(_ host: String, _ port: UInt16) throws(Flaw) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, "\(port)", &hints, &list) == 0, let first = list else {
            throw Flaw("a host that can be found", host)
        }
        defer { freeaddrinfo(list) }
        descriptor = socket(first.pointee.ai_family, first.pointee.ai_socktype, first.pointee.ai_protocol)
        guard descriptor >= 0, connect(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0
        else {
            throw Flaw("a server at \(host):\(port)", String(cString: strerror(errno)))
        }
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    /// - Parameter descriptor: Connected; closed by ``close()``.
    init(descriptor: Int32) { self.descriptor = descriptor }

    func close() { _ = Glibc.close(descriptor) }

    /// Sends a request and waits for its answer.
    mutating func ask(_ request: [UInt8]) throws(Flaw) -> Message {
        try write(request)
        return try read()
    }

    func write(_ bytes: [UInt8]) throws(Flaw) {
        guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw Flaw("a connection that takes \(bytes.count) bytes", String(cString: strerror(errno)))
        }
    }

    /// Waits for the next answer or request.
    mutating func read() throws(Flaw) -> Message {
        while true {
            if let (status, body) = head, buffer.count >= body.upperBound {
                let message = Message(status: status, body: Array(buffer[body]))
                buffer.removeFirst(body.upperBound)
                return message
            }
            let count = buffer.count
            buffer.append(contentsOf: repeatElement(0, count: 65_536))
            let read = buffer.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress?.advanced(by: count), 65_536, 0)
            }
            buffer.removeLast(65_536 - max(0, read))
            guard read > 0 else {
                throw Flaw("a message", read == 0 ? "the end" : String(cString: strerror(errno)))
            }
        }
    }

    /// Status and body of the message at the front; `nil` until its header is there.
    private var head: (status: Int, body: Range<Int>)? {
        let end = Array("\r\n\r\n".utf8)
        guard let gap = buffer.firstRange(of: end) else { return nil }
        let lines = String(decoding: buffer[..<gap.lowerBound], as: UTF8.self).split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        let status = words.count > 1 ? Int(words[1]) ?? 0 : 0
        let length = lines.dropFirst().first { $0.lowercased().hasPrefix("content-length:") }
            .flatMap { Int($0.dropFirst(15).drop { $0 == " " }) }
        return (status, gap.upperBound..<gap.upperBound + (length ?? 0))
    }

    /// "p50 0.10 ms, p99 0.40 ms, longest 1.20 ms" of nanoseconds in any order.
    static func quantiles(_ nanoseconds: [UInt64]) -> String {
        let sorted = nanoseconds.sorted()
        func milliseconds(_ part: Double) -> String {
            let value = sorted.isEmpty ? 0 : sorted[Int(Double(sorted.count - 1) * part)]
            return String(format: "%.2f ms", Double(value) / 1e6)
        }
        return "p50 \(milliseconds(0.5)), p99 \(milliseconds(0.99)), longest \(milliseconds(1))"
    }
}
