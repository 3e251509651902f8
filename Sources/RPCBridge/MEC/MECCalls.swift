package import Bandwidth
import Bus
import GRPCCore
package import Location
package import RadioNetwork

/// The MEC services that are served over gRPC; `nil` where the settings leave one out.
package struct MECCalls: Sendable {
    package var radioNetwork: RadioNetworkService?
    package var location: LocationService?
    package var bandwidth: BandwidthService?

    package init(
        radioNetwork: RadioNetworkService? = nil,
        location: LocationService? = nil,
        bandwidth: BandwidthService? = nil
    ) {
        self.radioNetwork = radioNetwork
        self.location = location
        self.bandwidth = bandwidth
    }

    /// Registers their calls; returns the names of the services.
    func register(with router: inout RPCRouter<RPCTransport>, _ bus: BusService) -> [String] {
        var names: [String] = []
        if let radioNetwork {
            RadioNetworkCalls(bus: bus, service: radioNetwork).register(with: &router)
            names.append(RadioNetworkCalls.name)
        }
        if let location {
            LocationCalls(bus: bus, service: location).register(with: &router)
            names.append(LocationCalls.name)
        }
        if let bandwidth {
            BandwidthCalls(bus: bus, service: bandwidth).register(with: &router)
            names.append(BandwidthCalls.name)
        }
        return names
    }
}

extension CallerDirectory.Caller {
    /// - Throws: ``CallRefusal`` unless a message on `topic` may reach the caller.
    func checkReceive(_ topic: String) throws {
        guard identity.mayReceive(topic) else { throw CallRefusal(BusError.notAuthorized(topic: topic)) }
    }

    /// - Throws: ``CallRefusal`` unless the caller may publish on `topic`.
    func checkPublish(_ topic: String) throws {
        guard identity.mayPublish(topic) else { throw CallRefusal(BusError.notAuthorized(topic: topic)) }
    }
}

extension CallRefusal {
    /// A number of a request that is larger than its type in the GS.
    static func octet(_ value: UInt32, _ field: String) throws -> UInt8 {
        guard let octet = UInt8(exactly: value) else { throw bad(field, "expected 0 to 255, found \(value)") }
        return octet
    }
}
