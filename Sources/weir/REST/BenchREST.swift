import ArgumentParser
import Dispatch
import Foundation
import Glibc
import Synchronization

/// `weir bench rest`: what a query costs over HTTP.
///
/// Sendable: once parsed, its options are only read.
struct BenchREST: ParsableCommand, @unchecked Sendable {
    static let configuration = CommandConfiguration(
        commandName: "rest",
        abstract: "Queries of one resource over HTTP/1.1, each connection one at a time.",
        discussion: """
            The server limits requests per address: start it with --set rest.requestRate=0.

            EXAMPLE
              weir bench rest --path /location/v3/queries/zones --connections 32 --seconds 5
            """
    )

    @Option(help: "Host.")
    var host = "127.0.0.1"

    @Option(help: "Port of http.listen.")
    var port: UInt16 = 8_080

    @Option(help: "What is asked for.")
    var path = "/mec_service_mgmt/v1/services"

    @Option(help: "Connections, each with a thread of its own.")
    var connections = 32

    @Option(help: "Seconds.")
    var seconds = 5.0

    @Option(help: "A bearer token.")
    var token: String?

    func validate() throws {
        guard (1...1_024).contains(connections) else {
            throw ValidationError("--connections: expected 1 to 1,024")
        }
        guard seconds > 0, seconds <= 3_600 else { throw ValidationError("--seconds: expected 0 to 3,600") }
    }

    func run() throws {
        var request = "GET \(path) HTTP/1.1\r\nHost: \(host):\(port)\r\n"
        if let token { request += "Authorization: Bearer \(token)\r\n" }
        let bytes = Array((request + "\r\n").utf8)
        let results = Mutex<(latencies: [UInt64], failures: Int, detail: String)>(([], 0, ""))
        let start = DispatchTime.now().uptimeNanoseconds
        let end = start + UInt64(seconds * 1e9)
        let group = DispatchGroup()
        for index in 0..<connections {
            DispatchQueue(label: "weir.bench.\(index)").async(group: group) {
                var latencies: [UInt64] = []
                var failure: String?
                do throws(Flaw) {
                    var connection = try Connection(host, port)
                    defer { connection.close() }
                    while DispatchTime.now().uptimeNanoseconds < end {
                        let asked = DispatchTime.now().uptimeNanoseconds
                        let status = try connection.ask(bytes)
                        latencies.append(DispatchTime.now().uptimeNanoseconds - asked)
                        guard status == 200 else { throw Flaw("status 200", "\(status)") }
                    }
                } catch {
                    failure = error.text
                }
                results.withLock { results in
                    results.latencies += latencies
                    if let failure {
                        results.failures += 1
                        results.detail = failure
                    }
                }
            }
        }
        group.wait()
        let elapsed = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
        let (unsorted, failures, detail) = results.withLock { $0 }
        let latencies = unsorted.sorted()
        func quantile(_ part: Double) -> Double {
            latencies.isEmpty ? 0 : Double(latencies[Int(Double(latencies.count - 1) * part)]) / 1e6
        }
        func milliseconds(_ part: Double) -> String { String(format: "%.2f ms", quantile(part)) }
        print("requests     \(latencies.count), \(Int(Double(latencies.count) / elapsed))/s")
        print("latency      p50 \(milliseconds(0.5)), p99 \(milliseconds(0.99)), longest \(milliseconds(1))")
        guard failures == 0 else {
            Failure.tell("\(failures) of \(connections) connections failed: \(detail)")
            throw ExitCode(2)
        }
    }

    private struct Flaw: Error {
        var text: String

        init(_ expected: String, _ found: String) { text = "expected \(expected), found \(found)" }
    }

    /// A blocking connection that asks and reads by Content-Length.
    private struct Connection {
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

        func close() { _ = Glibc.close(descriptor) }

        /// - Returns: The status.
        mutating func ask(_ request: [UInt8]) throws(Flaw) -> Int {
            guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
                throw Flaw("a connection that takes requests", String(cString: strerror(errno)))
            }
            while true {
                if let (status, length) = head, buffer.count >= length {
                    buffer.removeFirst(length)
                    return status
                }
                let count = buffer.count
                buffer.append(contentsOf: repeatElement(0, count: 65_536))
                let read = buffer.withUnsafeMutableBytes {
                    recv(descriptor, $0.baseAddress?.advanced(by: count), 65_536, 0)
                }
                buffer.removeLast(65_536 - max(0, read))
                guard read > 0 else {
                    throw Flaw("an answer", read == 0 ? "the end" : String(cString: strerror(errno)))
                }
            }
        }

        /// Status and length of the answer at the front, body included; `nil` until its header is there.
        private var head: (status: Int, length: Int)? {
            let end = Array("\r\n\r\n".utf8)
            guard let gap = buffer.firstRange(of: end) else { return nil }
            let lines = String(decoding: buffer[..<gap.lowerBound], as: UTF8.self).split(separator: "\r\n")
            let words = lines.first?.split(separator: " ") ?? []
            let status = words.count > 1 ? Int(words[1]) ?? 0 : 0
            let length = lines.dropFirst().first { $0.lowercased().hasPrefix("content-length:") }
                .flatMap { Int($0.dropFirst(15).drop { $0 == " " }) }
            return (status, gap.upperBound + (length ?? 0))
        }
    }
}
