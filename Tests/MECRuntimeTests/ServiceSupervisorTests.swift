import Logging
import MECRuntime
import Synchronization
import Testing

@Suite struct ServiceSupervisorTests {
    private struct Failure: Error {}

    /// What services did and how long the supervisor meant to wait.
    private final class Record: Sendable {
        let starts = Mutex<[String: Int]>([:])
        let delays = Mutex<[Duration]>([])

        /// - Returns: How often the service has started by now.
        func started(_ name: String) -> Int {
            starts.withLock { starts in
                starts[name, default: 0] += 1
                return starts[name] ?? 0
            }
        }
    }

    private let record = Record()

    private func supervisor(_ backoff: ServiceSupervisor.Backoff = .init()) -> ServiceSupervisor {
        let record = record
        return ServiceSupervisor(
            backoff: backoff,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            sleep: { delay in record.delays.withLock { $0.append(delay) } }
        )
    }

    @Test(.timeLimit(.minutes(1)))
    func `a service that fails is started anew, and the others do not notice`() async {
        let record = record
        let (ticks, tick) = AsyncStream.makeStream(of: Int.self)
        let supervisor = supervisor()
        let run = Task {
            await supervisor.run([
                .init(name: "bad") {
                    let count = record.started("bad")
                    tick.yield(count)
                    if count < 5 { throw Failure() }
                },
                .init(name: "good") {
                    _ = record.started("good")
                    // Works on for as long as the other fails.
                    for await count in ticks where count == 5 { return }
                },
            ])
        }
        await run.value
        #expect(record.starts.withLock { $0 } == ["bad": 5, "good": 1])
        #expect(supervisor.restarts(of: "bad") == 4)
        #expect(supervisor.restarts(of: "good") == 0)
    }

    @Test func `delays double up to the last`() async {
        let record = record
        var backoff = ServiceSupervisor.Backoff()
        backoff.first = .milliseconds(100)
        backoff.last = .milliseconds(500)
        await supervisor(backoff).run([
            .init(name: "bad") { if record.started("bad") < 6 { throw Failure() } }
        ])
        #expect(record.delays.withLock { $0 } == [100, 200, 400, 500, 500].map { .milliseconds($0) })
    }

    @Test(.timeLimit(.minutes(1)))
    func `the end of the task ends all of them, and is no failure`() async {
        let record = record
        let supervisor = supervisor()
        let run = Task {
            await supervisor.run([
                .init(name: "a") {
                    _ = record.started("a")
                    try await Task.sleep(for: .seconds(3_600))
                }
            ])
        }
        while record.starts.withLock({ $0.isEmpty }) { await Task.yield() }
        run.cancel()
        await run.value
        #expect(supervisor.restarts(of: "a") == 0)
    }
}
