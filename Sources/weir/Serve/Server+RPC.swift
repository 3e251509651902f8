import Access
import Bus
import EventBus
import Gateway
import LocalBus
import Logging
import RPCBridge
import Reactor

extension Server {
    /// Opens the gRPC listener, when everything that it serves is there.
    ///
    /// - Throws: ``StartFailure``: certificates, durable subscriptions or the address.
    func startRPC(
        _ gateway: Gateway,
        _ storage: ServerStorage,
        _ services: ServerServices,
        site: BusSite,
        access: AccessControl
    ) async throws {
        guard settings.rpc.enabled else { return }
        let shard = gateway.shards[0]
        let streams = storage.streams
        let uplink = uplink
        do {
            rpc = try await RPCServer.start(
                settings.rpc,
                access: access,
                streams: streams,
                services: MECCalls(
                    radioNetwork: services.radioNetwork,
                    location: services.location,
                    bandwidth: services.bandwidth
                ),
                directory: settings.dataDirectory + "/rpc",
                logger: logger,
                health: { RPCHealth(isStorageWell: storage.isWell, links: uplink?.rpcLinks ?? []) },
                bus: { identity throws(BusError) in
                    try LocalBus(
                        site: site,
                        identity: identity,
                        streams: streams,
                        clock: {
                            BusTime(
                                monotonic: MonotonicClock.now(),
                                wall: Int64(clamping: MonotonicClock.wall())
                            )
                        },
                        post: { body in shard.post(body) }
                    )
                }
            )
        } catch {
            throw StartFailure(reason: error, code: Failure.unavailable)
        }
    }
}
