import ArgumentParser
import Dispatch
import Foundation
import Glibc
import Synchronization

/// `weir bench rest`: what a query costs over HTTP, and how many notifications its subscribers get.
///
/// Sendable: once parsed, its options are only read.
struct BenchREST: ParsableCommand, @unchecked Sendable {
    static let configuration = CommandConfiguration(
        commandName: "rest",
        abstract: "Queries of one resource over HTTP/1.1, each connection one at a time; or notifications.",
        discussion: """
            The server limits requests per address: start it with --set rest.requestRate=0. With --subscriptions, so \
            many subscriptions to the registry's events are made whose callbacks go to this command, which needs \
            --set rest.callbacks.allowLoopback=true on the same machine; then a service is changed so often that \
            --notifications are due each second.

            EXAMPLES
              weir bench rest --path /location/v3/queries/zones --connections 32 --seconds 5
              weir bench rest --subscriptions 1000 --notifications 5000 --seconds 10
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

    @Option(help: "Subscriptions by callback; 0 measures queries.")
    var subscriptions = 0

    @Option(help: "Notifications per second for all subscriptions together.")
    var notifications = 5_000.0

    func validate() throws {
        guard (1...1_024).contains(connections) else {
            throw ValidationError("--connections: expected 1 to 1,024")
        }
        guard (0...10_000).contains(subscriptions), notifications > 0, notifications <= 1e6 else {
            throw ValidationError(
                "--subscriptions: expected 0 to 10,000; --notifications: expected up to 1,000,000"
            )
        }
        guard seconds > 0, seconds <= 3_600 else { throw ValidationError("--seconds: expected 0 to 3,600") }
    }

    func run() throws {
        if subscriptions > 0 {
            return try BenchNotifications(
                host: host,
                port: port,
                token: token,
                subscriptions: subscriptions,
                rate: notifications,
                seconds: seconds
            ).run()
        }
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
                do throws(BenchConnection.Flaw) {
                    var connection = try BenchConnection(host, port)
                    defer { connection.close() }
                    while DispatchTime.now().uptimeNanoseconds < end {
                        let asked = DispatchTime.now().uptimeNanoseconds
                        let status = try connection.ask(bytes).status
                        latencies.append(DispatchTime.now().uptimeNanoseconds - asked)
                        guard status == 200 else { throw BenchConnection.Flaw("status 200", "\(status)") }
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
        print("requests     \(unsorted.count), \(Int(Double(unsorted.count) / elapsed))/s")
        print("latency      \(BenchConnection.quantiles(unsorted))")
        guard failures == 0 else {
            Failure.tell("\(failures) of \(connections) connections failed: \(detail)")
            throw ExitCode(2)
        }
    }
}
