import ArgumentParser
import Dispatch
import Foundation
import Glibc
import Synchronization

/// `weir bench rest --subscriptions`: registry events for many callbacks.
///
/// A service of its own is renamed again and again; each change is one event for every subscription. The name says
/// which change it was, so that losses, repetitions and delays are known.
struct BenchNotifications {
    let host: String
    let port: UInt16
    let token: String?
    let subscriptions: Int
    /// Notifications per second.
    let rate: Double
    let seconds: Double

    /// How long after the last change notifications are waited for.
    private static let patience = 10.0
    private static let name = "weir-bench-"

    func run() throws {
        let changes = max(1, Int(rate * seconds / Double(subscriptions)))
        let tally = NotificationTally(changes: changes, prefix: Self.name)
        let listener = try NotificationListener(tally)
        let total: Int
        do throws(BenchConnection.Flaw) {
            var connection = try BenchConnection(host, port)
            defer { connection.close() }
            total = try measure(&connection, listener, tally, changes)
        } catch {
            Failure.tell(error.text)
            throw ExitCode(2)
        }
        guard total == changes * subscriptions else {
            Failure.tell("expected \(changes * subscriptions) notifications, found \(total)")
            throw ExitCode(2)
        }
    }

    /// - Returns: How many notifications came.
    private func measure(
        _ connection: inout BenchConnection,
        _ listener: NotificationListener,
        _ tally: NotificationTally,
        _ changes: Int
    ) throws(BenchConnection.Flaw) -> Int {
        let registration = "/mec_app_support/v2/registrations"
        let app = try text(
            "appInstanceId",
            of: try ask(&connection, "POST", registration, #"{"appName":"weir bench"}"#, 201)
        )
        let path = "/mec_service_mgmt/v1/applications/\(app)"
        for _ in 0..<subscriptions {
            let body = """
                {"subscriptionType":"SerAvailabilityNotificationSubscription","callbackReference":"\(listener.url)"}
                """
            _ = try ask(&connection, "POST", path + "/subscriptions", body, 201)
        }
        let offered = try ask(&connection, "POST", path + "/services", service("first"), 201)
        let place = path + "/services/" + (try text("serInstanceId", of: offered))
        let start = DispatchTime.now().uptimeNanoseconds
        for change in 0..<changes {
            let due = start + UInt64(Double(change) * Double(subscriptions) / rate * 1e9)
            let now = DispatchTime.now().uptimeNanoseconds
            if due > now { usleep(UInt32((due - now) / 1_000)) }
            tally.began(change)
            _ = try ask(&connection, "PUT", place, service("\(Self.name)\(change)"), 200)
        }
        let last = DispatchTime.now().uptimeNanoseconds
        let isComplete = tally.wait(for: changes * subscriptions, seconds: Self.patience)
        let end = DispatchTime.now().uptimeNanoseconds
        let latencies = tally.latencies
        // Its end is told to all subscriptions too, and is not part of the measurement.
        _ = try ask(&connection, "DELETE", "\(registration)/\(app)", nil, 204)
        let speed = Int(Double(latencies.count) / Double(end - start) * 1e9)
        print("notifications  \(latencies.count), \(speed)/s to \(subscriptions) subscriptions")
        print("from change    \(BenchConnection.quantiles(latencies))")
        let rest = String(format: "%.2f s", Double(end - last) / 1e9)
        print("the last came  \(rest) after the last change\(isComplete ? "" : "; some are missing")")
        return latencies.count
    }

    private func service(_ name: String) -> String {
        """
        {"serName":"\(name)","version":"1","state":"ACTIVE","serializer":"JSON","transportInfo":{"id":"t","name":"t",\
        "type":"REST_HTTP","protocol":"HTTP","version":"1.1","endpoint":{"uris":["http://127.0.0.1/"]},"security":{}}}
        """
    }

    private func ask(
        _ connection: inout BenchConnection,
        _ method: String,
        _ path: String,
        _ body: String?,
        _ status: Int
    ) throws(BenchConnection.Flaw) -> [UInt8] {
        var request = "\(method) \(path) HTTP/1.1\r\nHost: \(host):\(port)\r\n"
        if let token { request += "Authorization: Bearer \(token)\r\n" }
        if let body { request += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n" }
        let answer = try connection.ask(Array((request + "\r\n" + (body ?? "")).utf8))
        guard answer.status == status else {
            let found = "\(answer.status) \(String(decoding: answer.body.prefix(300), as: UTF8.self))"
            throw BenchConnection.Flaw("\(method) \(path) to be answered with \(status)", found)
        }
        return answer.body
    }

    private func text(_ member: String, of body: [UInt8]) throws(BenchConnection.Flaw) -> String {
        let object = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
        guard let text = object?[member] as? String else {
            throw BenchConnection.Flaw("\(member) in the answer", "none")
        }
        return text
    }
}

/// What came, and how long after its change.
private final class NotificationTally: Sendable {
    private struct State {
        var begun: [UInt64]
        var latencies: [UInt64] = []
        var awaited = Int.max
    }

    private let prefix: [UInt8]
    private let state: Mutex<State>
    private let enough = DispatchSemaphore(value: 0)

    init(changes: Int, prefix: String) {
        self.prefix = Array(prefix.utf8)
        state = Mutex(State(begun: Array(repeating: 0, count: changes)))
    }

    var latencies: [UInt64] { state.withLock { $0.latencies } }

    func began(_ change: Int) {
        state.withLock { $0.begun[change] = DispatchTime.now().uptimeNanoseconds }
    }

    /// Takes a notification in; those of other services do not count.
    func take(_ body: [UInt8]) {
        let now = DispatchTime.now().uptimeNanoseconds
        guard let place = body.firstRange(of: prefix) else { return }
        var change = 0
        for byte in body[place.upperBound...] {
            guard (0x30...0x39).contains(byte), change < 1_000_000_000 else { break }
            change = change * 10 + Int(byte - 0x30)
        }
        let isEnough = state.withLock { state in
            guard state.begun.indices.contains(change) else { return false }
            state.latencies.append(now - state.begun[change])
            return state.latencies.count == state.awaited
        }
        if isEnough { enough.signal() }
    }

    /// - Returns: Whether so many came in time.
    func wait(for count: Int, seconds: Double) -> Bool {
        let isThere = state.withLock { state in
            state.awaited = count
            return state.latencies.count >= count
        }
        return isThere || enough.wait(timeout: .now() + seconds) == .success
    }
}

/// Answers callbacks with 204, a thread for each connection.
private final class NotificationListener {
    let url: String

    init(_ tally: NotificationTally) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 1_024) == 0
                    && getsockname(listener, $0, &size) == 0
            }
        }
        guard isListening else {
            Failure.tell("no port on 127.0.0.1 for callbacks (\(String(cString: strerror(errno))))")
            throw ExitCode.failure
        }
        url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))/"
        Thread.detachNewThread {
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { return }
                Thread.detachNewThread { Self.serve(BenchConnection(descriptor: descriptor), tally) }
            }
        }
    }

    private static func serve(_ connection: BenchConnection, _ tally: NotificationTally) {
        var connection = connection
        defer { connection.close() }
        let answer = Array("HTTP/1.1 204 No Content\r\n\r\n".utf8)
        do throws(BenchConnection.Flaw) {
            while true {
                tally.take(try connection.read().body)
                try connection.write(answer)
            }
        } catch {
            // The server has closed the connection.
            return
        }
    }
}
