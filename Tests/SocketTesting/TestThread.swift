package import Reactor
private import Synchronization

/// A thread of a test, whose result is waited for.
package struct TestThread<Value: Sendable>: ~Copyable {
    private final class Outcome: Sendable {
        let value = Mutex<Result<Value, any Error>?>(nil)
    }

    private let outcome: Outcome
    private let thread: ReactorThread

    package init(_ body: @escaping @Sendable () throws -> Value) throws(SystemError) {
        let outcome = Outcome()
        self.outcome = outcome
        thread = try ReactorThread(name: "test") {
            let result = Result { try body() }
            outcome.value.withLock { $0 = result }
        }
    }

    /// Waits for the body's end.
    package consuming func join() throws -> Value {
        let outcome = outcome
        thread.join()
        guard let result = outcome.value.withLock({ $0 }) else { throw SystemError("pthread_join", code: 0) }
        return try result.get()
    }
}
