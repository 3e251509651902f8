import Bandwidth
import Synchronization
import Uplink

/// Hands bandwidth allocations of the uplink on to it, whichever of the two is there first.
///
/// An allocation for the application instance `weir.uplink` caps all lanes together, one for
/// `weir.uplink.NAME` the lane of that name: what goes up, allocationDirection "01" or "10".
final class UplinkRates: Sendable {
    private static let all = "weir.uplink"

    private struct State {
        var total: UInt64?
        var lanes: [String: UInt64] = [:]
        var driver: UplinkDriver?
    }

    private let state = Mutex(State())

    /// From the bandwidth service: every rate that is in force.
    func set(_ rates: [EnforcedRate]) {
        var total: UInt64?
        var lanes: [String: UInt64] = [:]
        for rate in rates {
            guard case .application(let name) = rate.subject, name.hasPrefix(Self.all),
                let bytes = rate.receiving.map({ max(1, $0 / 8) })
            else { continue }
            let rest = name.dropFirst(Self.all.count)
            if rest.isEmpty {
                total = bytes
            } else if rest.first == "." {
                lanes[String(rest.dropFirst())] = bytes
            }
        }
        state.withLock { state in
            (state.total, state.lanes) = (total, lanes)
            Self.pass(state)
        }
    }

    /// The uplink is there and takes what is in force.
    func attach(_ driver: UplinkDriver) {
        state.withLock { state in
            state.driver = driver
            Self.pass(state)
        }
    }

    private static func pass(_ state: State) {
        state.driver?.setAllocation(state.total)
        state.driver?.setLaneRates(state.lanes)
    }
}
