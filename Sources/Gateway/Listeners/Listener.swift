package import Access
import EventBus
import Reactor
package import Synchronization

/// One listener while it runs, shared by all shards.
package final class Listener: Sendable {
    /// What a reload replaces as a whole.
    package final class Configuration: Sendable {
        package let settings: ListenerSettings
        let tls: TLSContext?
        let proxies: [AddressRange]?
        let handshakeNanoseconds: UInt64

        /// - Throws: what is wrong with certificates or networks, with the listener's name.
        package init(_ settings: ListenerSettings, access: AccessControl) throws(ListenerError) {
            self.settings = settings
            do throws(TLSError) {
                tls = try settings.tls.map { tls throws(TLSError) in
                    try TLSContext(tls) { access.preSharedKeys.key(for: $0) }
                }
            } catch {
                throw ListenerError("listener \"\(settings.name)\": \(error)")
            }
            var ranges: [AddressRange] = []
            for text in settings.proxies ?? [] {
                guard let range = AddressRange(text) else {
                    throw ListenerError(
                        "listener \"\(settings.name)\": proxies: an address or a network such as 10.0.0.0/8 is expected, "
                            + "found \"\(text)\""
                    )
                }
                ranges.append(range)
            }
            proxies = settings.proxies == nil ? nil : ranges
            let (seconds, attoseconds) = settings.handshakeTimeout.components
            handshakeNanoseconds =
                UInt64(max(0, seconds)) * 1_000_000_000 + UInt64(max(0, attoseconds)) / 1_000_000_000
        }

        var policy: ListenerPolicy {
            ListenerPolicy(name: settings.name, maximumPacketSize: settings.maximumPacketSize)
        }
    }

    package let index: Int
    private let current: Mutex<Configuration>
    /// Connections that are open, in all shards.
    package let connections = Atomic<Int>(0)
    /// Connections closed at once because ``ListenerSettings/maximumConnections`` was reached.
    package let refused = Atomic<UInt64>(0)
    package let accepted = Atomic<UInt64>(0)

    init(index: Int, _ configuration: Configuration) {
        self.index = index
        current = Mutex(configuration)
    }

    package var configuration: Configuration {
        current.withLock { $0 }
    }

    func replace(_ configuration: Configuration) {
        current.withLock { $0 = configuration }
    }
}
