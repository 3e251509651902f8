internal import CLinux
internal import CMosquitto
internal import Glibc
import Reactor
import Synchronization

/// One client of an MQTT broker, by libmosquitto, driven from one thread that polls ``descriptor``.
///
/// Each connection has a client object of the library's own: what one connection did not bring through, the next
/// one does not send by itself. Connecting blocks (names, handshakes), so it happens on a thread of its own, which
/// is left to itself when nobody waits for it any longer.
package final class MosquittoConnection {
    package enum Event {
        case connected(sessionPresent: Bool)
        case disconnected(String)
        /// The broker has the message; for QoS 0, the socket.
        case published(Int32)
        case message(MosquittoMessage)
        case subscribed(Int32, granted: Bool)
    }

    private enum State {
        case idle
        case connecting(Attempt)
        case up(OpaquePointer)
    }

    private let options: MosquittoOptions
    private var state = State.idle
    private var events: [Event] = []

    package init(_ options: MosquittoOptions) {
        self.options = options
        _ = Self.library
    }

    deinit { disconnect() }

    /// Once per process, and never undone.
    private static let library: Int32 = mosquitto_lib_init()

    /// To be polled for reading, and for writing when ``wantsToWrite``.
    package var descriptor: Int32 {
        switch state {
        case .idle: -1
        case .connecting(let attempt): attempt.event
        case .up(let client): mosquitto_socket(client)
        }
    }

    package var wantsToWrite: Bool {
        if case .up(let client) = state { mosquitto_want_write(client) } else { false }
    }

    package func takeEvents() -> [Event] {
        guard !events.isEmpty else { return [] }
        defer { events.removeAll(keepingCapacity: true) }
        return events
    }

    // MARK: - Life

    package func connect() {
        disconnect()
        do {
            let client = try makeClient()
            state = .connecting(try Attempt(client, options))
        } catch {
            events.append(.disconnected("\(error)"))
        }
    }

    /// Says DISCONNECT where there is a connection, and forgets it. No event follows.
    package func disconnect() {
        events.removeAll()
        switch state {
        case .idle: break
        case .connecting(let attempt): attempt.abandon()
        case .up(let client):
            mosquitto_disconnect(client)
            mosquitto_destroy(client)
        }
        state = .idle
    }

    private func makeClient() throws -> OpaquePointer {
        let context = Unmanaged.passUnretained(self).toOpaque()
        guard let client = mosquitto_new(options.clientID, options.cleanStart, context) else {
            throw MosquittoError("client \"\(options.clientID)\": \(String(cString: strerror(errno)))")
        }
        do {
            try options.apply(to: client)
        } catch {
            mosquitto_destroy(client)
            throw error
        }
        mosquitto_connect_v5_callback_set(client) { _, context, code, flags, _ in
            MosquittoConnection.of(context)?.onConnect(code, flags)
        }
        mosquitto_publish_v5_callback_set(client) { _, context, id, _, _ in
            MosquittoConnection.of(context)?.events.append(.published(id))
        }
        mosquitto_subscribe_v5_callback_set(client) { _, context, id, count, codes, _ in
            let isGranted = count > 0 && codes.map { $0[0] < 128 } ?? false
            MosquittoConnection.of(context)?.events.append(.subscribed(id, granted: isGranted))
        }
        mosquitto_message_v5_callback_set(client) { _, context, message, _ in
            guard let message else { return }
            MosquittoConnection.of(context)?.events.append(.message(MosquittoMessage(message.pointee)))
        }
        return client
    }

    private static func of(_ context: UnsafeMutableRawPointer?) -> MosquittoConnection? {
        context.map { Unmanaged<MosquittoConnection>.fromOpaque($0).takeUnretainedValue() }
    }

    private func onConnect(_ code: Int32, _ flags: Int32) {
        if code == 0 {
            events.append(.connected(sessionPresent: flags & 1 != 0))
        } else {
            let reason =
                options.isVersion5
                ? String(cString: mosquitto_reason_string(code))
                : String(cString: mosquitto_connack_string(code))
            lose("the broker refused: \(reason)")
        }
    }

    private var lost: String?

    private func lose(_ reason: String) { if lost == nil { lost = reason } }

    /// Reads, writes and keeps alive.
    package func turn(readable: Bool, writable: Bool) {
        switch state {
        case .idle: return
        case .connecting(let attempt):
            guard let result = attempt.result() else { return }
            lost = nil
            switch result {
            case .success(let client): state = .up(client)
            case .failure(let error):
                state = .idle
                events.append(.disconnected(error.description))
            }
        case .up(let client):
            if readable || options.usesTLS { check(mosquitto_loop_read(client, 1)) }
            if mosquitto_want_write(client) { check(mosquitto_loop_write(client, 1)) }
            check(mosquitto_loop_misc(client))
            guard let reason = lost else { return }
            mosquitto_destroy(client)
            state = .idle
            lost = nil
            events.append(.disconnected(reason))
        }
    }

    private func check(_ code: Int32) {
        guard code != 0 else { return }
        // For MOSQ_ERR_ERRNO the library tells what errno says now.
        lose(String(cString: mosquitto_strerror(code)))
    }

    // MARK: - Messages

    /// - Returns: the number that ``Event/published(_:)`` tells, or `nil` when the message is lost.
    @discardableResult
    package func publish(
        _ topic: String,
        _ payload: UnsafeRawBufferPointer,
        qos: Int32,
        retain: Bool = false,
        properties: [(String, String)] = [],
        contentType: String? = nil
    ) -> Int32? {
        guard case .up(let client) = state, lost == nil else { return nil }
        var id: Int32 = 0
        var list: OpaquePointer?
        if options.isVersion5 {
            for (name, value) in properties {
                mosquitto_property_add_string_pair(
                    &list,
                    Int32(MQTT_PROP_USER_PROPERTY.rawValue),
                    name,
                    value
                )
            }
            if let contentType {
                mosquitto_property_add_string(&list, Int32(MQTT_PROP_CONTENT_TYPE.rawValue), contentType)
            }
        }
        defer { mosquitto_property_free_all(&list) }
        let code = mosquitto_publish_v5(
            client,
            &id,
            topic,
            Int32(payload.count),
            payload.baseAddress,
            qos,
            retain,
            list
        )
        guard code == 0 else {
            check(code)
            return nil
        }
        return id
    }

    @discardableResult
    package func subscribe(_ filter: String, qos: Int32) -> Int32? {
        guard case .up(let client) = state else { return nil }
        var id: Int32 = 0
        let code = mosquitto_subscribe(client, &id, filter, qos)
        check(code)
        return code == 0 ? id : nil
    }
}

/// A message that came.
package struct MosquittoMessage {
    package var topic: String
    package var payload: [UInt8]
    package var qos: UInt8
    package var retain: Bool

    init(_ message: mosquitto_message) {
        topic = message.topic.map { String(cString: $0) } ?? ""
        payload =
            message.payload.map {
                Array(UnsafeRawBufferPointer(start: $0, count: Int(message.payloadlen)))
            } ?? []
        qos = UInt8(truncatingIfNeeded: message.qos)
        retain = message.retain
    }
}

package struct MosquittoError: Error, CustomStringConvertible {
    package var description: String
    init(_ description: String) { self.description = description }
}

/// One attempt to connect, on a thread of its own.
private final class Attempt: Sendable {
    private enum Progress {
        case running
        case abandoned
        case done(Int32, Int32)
        case taken
    }

    let event: Int32
    // libmosquitto's object: the attempt's thread has it until the progress says otherwise.
    nonisolated(unsafe) private let client: OpaquePointer
    private let progress = Mutex(Progress.running)

    init(_ client: OpaquePointer, _ options: MosquittoOptions) throws {
        self.client = client
        event = weir_eventfd()
        guard event >= 0 else {
            mosquitto_destroy(client)
            throw SystemError("eventfd")
        }
        // Never joined: the kernel may take minutes to give up, and nobody waits for that.
        let thread = try ReactorThread(name: "weir.connect") { self.run(options) }
        thread.detach()
    }

    deinit { close(event) }

    private func run(_ options: MosquittoOptions) {
        let code = options.connect(client)
        let failure = errno
        let isAbandoned = progress.withLock { progress in
            if case .abandoned = progress { return true }
            progress = .done(code, failure)
            return false
        }
        guard !isAbandoned else {
            mosquitto_destroy(client)
            return
        }
        var one: UInt64 = 1
        _ = write(event, &one, 8)
    }

    /// The connected client, or why there is none; `nil` while the attempt goes on.
    func result() -> Result<OpaquePointer, MosquittoError>? {
        let outcome = progress.withLock { progress -> (Int32, Int32)? in
            guard case .done(let code, let failure) = progress else { return nil }
            progress = .taken
            return (code, failure)
        }
        guard let (code, failure) = outcome else { return nil }
        if code == 0 { return .success(client) }
        mosquitto_destroy(client)
        // The other thread's errno, which the library would tell from ours.
        let isSystem = code == Int32(MOSQ_ERR_ERRNO.rawValue)
        let reason = isSystem ? String(cString: strerror(failure)) : String(cString: mosquitto_strerror(code))
        return .failure(MosquittoError(reason))
    }

    func abandon() {
        let isDone = progress.withLock { progress in
            guard case .done = progress else {
                progress = .abandoned
                return false
            }
            progress = .taken
            return true
        }
        if isDone { mosquitto_destroy(client) }
    }
}
