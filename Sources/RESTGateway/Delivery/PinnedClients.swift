import AsyncHTTPClient

/// Connects callbacks to addresses that were checked, and to no others.
///
/// A host is looked up, its addresses are checked, and the connection goes to the first of them: what a name server
/// says a moment later leads nowhere (DNS rebinding). Certificates are still held against the host's name.
actor PinnedClients {
    private struct Pin {
        var address: String
        var client: HTTPClient
        var since: ContinuousClock.Instant
    }

    /// Hosts that are remembered; beyond it the one looked up longest ago goes.
    private static let hostsMax = 1_000
    /// How long an address is good: a host may move.
    private static let lifetime = Duration.seconds(60)

    private let configuration: HTTPClient.Configuration
    private let callbacks: CallbackGuard
    private let clock = ContinuousClock()
    private var pins: [String: Pin] = [:]
    private var lookups: [String: Task<CallbackGuard.Place, any Error>] = [:]

    init(_ configuration: HTTPClient.Configuration, callbacks: CallbackGuard) {
        self.configuration = configuration
        self.callbacks = callbacks
    }

    /// The client for a URL.
    ///
    /// - Parameter host: Of the URL, see ``CallbackGuard/host(of:)``.
    /// - Throws: ``Problem`` where no connection may go there, or not now.
    func client(for url: String, host: String) async throws -> HTTPClient {
        if let pin = pins[host], clock.now - pin.since < Self.lifetime { return pin.client }
        let lookup = lookups[host] ?? Task { [callbacks] in try await callbacks.admit(url) }
        lookups[host] = lookup
        let result = await lookup.result
        lookups[host] = nil
        return await pin(host, try result.get().address)
    }

    private func pin(_ host: String, _ address: String) async -> HTTPClient {
        if let pin = pins[host], pin.address == address {
            pins[host]?.since = clock.now
            return pin.client
        }
        var configuration = configuration
        configuration.dnsOverride[host] = address
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let old = pins.updateValue(Pin(address: address, client: client, since: clock.now), forKey: host)
        if let old { Self.end(old.client) }
        if pins.count > Self.hostsMax, let oldest = pins.min(by: { $0.value.since < $1.value.since }) {
            pins[oldest.key] = nil
            Self.end(oldest.value.client)
        }
        return client
    }

    /// A request that is under way fails and is tried again.
    private static func end(_ client: HTTPClient) {
        Task { try? await client.shutdown() }
    }

    func stop() async {
        let all = pins.values.map(\.client)
        pins = [:]
        for client in all { try? await client.shutdown() }
    }
}
