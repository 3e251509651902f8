import ClientKit
import MQTTWire

/// Subscribes, prints, and connects again when a connection is lost.
final class Subscriber {
    private let plan: SubscriberPlan
    private let configuration: ClientConfiguration
    private let trace: ((String) -> Void)?
    private var printed = 0
    private var random = SystemRandomNumberGenerator()

    /// Between two attempts to connect again.
    private static let reconnectPause = Duration.seconds(1)

    private enum Outcome { case done, timedOut, stopped }

    init(plan: SubscriberPlan, configuration: ClientConfiguration, trace: ((String) -> Void)?) {
        self.plan = plan
        self.configuration = configuration
        self.trace = trace
    }

    /// - Parameter stop: becomes readable when the command is to end.
    /// - Returns: `false` when the time was over.
    func run(stop: Int32?) throws(ClientError) -> Bool {
        let deadline = plan.timeout.map { ContinuousClock.now + $0 }
        var wasConnected = false
        while true {
            let client = MQTTClient(configuration)
            client.trace = trace
            do throws(ClientError) {
                try client.connect()
                wasConnected = true
                let outcome = try session(client, until: deadline, stop)
                try client.disconnect(properties: plan.properties[.disconnect])
                return outcome != .timedOut
            } catch {
                // The first connection must succeed; afterwards the network may come and go.
                guard wasConnected, error.isPassing else { throw error }
                if !plan.isQuiet { StandardOutput.complain("\(error.message); connecting again") }
            }
            if !pause(until: deadline, stop) { return deadline.map { ContinuousClock.now < $0 } ?? true }
        }
    }

    /// - Returns: whether to go on.
    private func pause(until deadline: ContinuousClock.Instant?, _ stop: Int32?) -> Bool {
        var end = ContinuousClock.now + Self.reconnectPause
        if let deadline { end = min(end, deadline) }
        if StopSignal.wait(stop, until: end) { return false }
        return deadline.map { ContinuousClock.now < $0 } ?? true
    }

    private func session(
        _ client: MQTTClient,
        until deadline: ContinuousClock.Instant?,
        _ stop: Int32?
    ) throws(ClientError) -> Outcome {
        if !plan.unsubscriptions.isEmpty {
            try client.unsubscribe(plan.unsubscriptions, properties: plan.properties[.unsubscribe])
        }
        if !plan.subscriptions.isEmpty {
            let answer = try client.subscribe(plan.subscriptions, properties: plan.properties[.subscribe])
            for (subscription, reason) in zip(plan.subscriptions, answer.reasonCodes) where reason.isFailure {
                StandardOutput.complain("Warning: \(subscription.filter.text) was denied: \(reason.text).")
            }
            guard answer.reasonCodes.contains(where: { !$0.isFailure }) else {
                throw ClientError(.usage, "All subscription requests were denied.")
            }
        }
        if plan.endsWhenSubscribed { return .done }
        while true {
            guard let event = try client.next(until: deadline, alsoReading: stop) else {
                if let deadline, ContinuousClock.now >= deadline { return .timedOut }
                return .stopped
            }
            switch event {
            case .message(let message):
                if try take(message, client) { return .done }
            case .disconnected(let packet): throw packet.error
            default: break
            }
        }
    }

    /// - Returns: whether that was the last message.
    private func take(_ message: Publish, _ client: MQTTClient) throws(ClientError) -> Bool {
        if plan.retainedOnly, !message.retain { return true }
        if plan.skipsRetained, message.retain { return false }
        if plan.filtersOut.contains(where: { $0.matches(message.topic) }) { return false }
        if plan.removesRetained, message.retain {
            try client.publish(Publish(topic: message.topic, payload: [], retain: true))
        }
        if plan.share < 1, Double.random(in: 0..<1, using: &random) >= plan.share { return false }
        if let line = try line(message) { try StandardOutput.write(line) }
        printed += 1
        return plan.count.map { printed >= $0 } ?? false
    }

    /// - Returns: `nil` for a payload that `%J` cannot show, which is told and counted, as mosquitto_sub does.
    private func line(_ message: Publish) throws(ClientError) -> [UInt8]? {
        var line: [UInt8]
        if let format = plan.format {
            do throws(ClientError) {
                line = try format.render(message, at: .now, isPretty: plan.isPretty)
            } catch {
                if !plan.isQuiet { StandardOutput.complain("Error: \(error.message)") }
                return nil
            }
        } else if plan.isVerbose {
            // mosquitto_sub's words for a message without payload.
            line =
                Array("\(message.topic) ".utf8)
                + (message.payload.isEmpty ? Array("(null)".utf8) : message.payload)
        } else {
            line = message.payload
        }
        if plan.endsLines { line.append(UInt8(ascii: "\n")) }
        return line
    }
}

extension ClientError {
    /// Whether another attempt may succeed.
    fileprivate var isPassing: Bool {
        switch kind {
        case .closed, .network, .timeout: true
        case .disconnected(let reason): reason != .sessionTakenOver && reason != .notAuthorized
        case .refused(let reason): reason == .serverUnavailable || reason == .serverBusy
        case .tls, .protocolError, .usage: false
        }
    }
}
