package import Logging
import Synchronization

/// Runs services side by side and starts each anew when it fails; the others do not notice.
package struct ServiceSupervisor: Sendable {
    package struct Service: Sendable {
        package let name: String
        /// Returns when the service is done for good; throws when it failed.
        package let run: @Sendable () async throws -> Void

        package init(name: String, run: @escaping @Sendable () async throws -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Delays between restarts: the first, doubled with each failure up to the last.
    package struct Backoff: Sendable {
        package var first: Duration = .milliseconds(100)
        package var last: Duration = .seconds(30)
        /// A service that ran this long begins with the first delay again.
        package var healthy: Duration = .seconds(60)

        package init() {}
    }

    private let backoff: Backoff
    private let logger: Logger
    private let sleep: @Sendable (Duration) async throws -> Void
    private let failures: FailureCount

    private final class FailureCount: Sendable {
        let counts = Mutex<[String: UInt64]>([:])
    }

    package init(
        backoff: Backoff = Backoff(),
        logger: Logger,
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.backoff = backoff
        self.logger = logger
        self.sleep = sleep
        failures = FailureCount()
    }

    /// How often a service was started anew.
    package func restarts(of name: String) -> UInt64 { failures.counts.withLock { $0[name] ?? 0 } }

    /// Runs until every service is done or the task is cancelled.
    package func run(_ services: [Service]) async {
        await withTaskGroup(of: Void.self) { group in
            for service in services {
                group.addTask { await supervise(service) }
            }
        }
    }

    private func supervise(_ service: Service) async {
        var delay = backoff.first
        while !Task.isCancelled {
            let start = ContinuousClock.now
            do {
                try await service.run()
                return
            } catch is CancellationError {
                return
            } catch {
                if Task.isCancelled { return }
                failures.counts.withLock { $0[service.name, default: 0] += 1 }
                if start.duration(to: .now) >= backoff.healthy { delay = backoff.first }
                logger.error(
                    "service failed and will be started anew",
                    metadata: [
                        "service.name": "\(service.name)",
                        "service.error": "\(error)",
                        "service.restart.delay": "\(delay)",
                    ]
                )
                guard (try? await sleep(delay)) != nil else { return }
                delay = min(delay * 2, backoff.last)
            }
        }
    }
}
