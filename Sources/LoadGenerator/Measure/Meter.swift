/// The broker's CPU and memory between two moments.
struct Meter {
    private let probe: BrokerProbe?
    private let before: BrokerProbe.Threads?

    /// Waits until the broker rests, then begins.
    init(_ probe: BrokerProbe?) {
        self.probe = probe
        before = probe?.settledThreads()
    }

    /// Waits until the broker rests again.
    ///
    /// - Returns: CPU nanoseconds by thread; `nil` when the broker's process is not known.
    func stop() -> BrokerProbe.Threads? {
        guard let probe, let before else { return nil }
        return probe.settledThreads().since(before)
    }
}
