import AppEnablement
import MECModel
import MECTestSupport
import RESTGateway
import RadioNetwork
import Testing

/// The filters of subscriptions work on the bus's JSON; here against the filters on notifications themselves.
struct RniEventFactsTests {
    private struct Collector: RniOutlet {
        var notifications: [RniNotification] = []
        func audience(for event: RniEvent, suffix: String) -> RniAudience { [.annexA] }
        mutating func emit(_ notification: RniNotification, to audience: RniAudience, suffix: String) {
            notifications.append(notification)
        }
    }

    private func notifications() throws -> [RniNotification] {
        var state = RadioNetworkState()
        var collector = Collector()
        state.apply(try RniShow.batch(), to: &collector)
        return collector.notifications
    }

    /// The filter with each of its criteria alone, met and not met, and with all of them.
    private func variants(_ full: RniFilter) -> [RniFilter] {
        let event = full.event
        var variants = [RniFilter(event), full]
        func add(_ change: (inout RniFilter) -> Void) {
            var filter = RniFilter(event)
            change(&filter)
            variants.append(filter)
        }
        add { $0.associateIds = full.associateIds }
        add { $0.associateIds = [AssociateId(type: .ueIPv4Address, value: "192.0.2.1")] }
        add { $0.cells = full.cells }
        if let plmn = Plmn("99999"), let cell = CellIdentity.ecgi(plmn, cellId: 1) {
            add { $0.cells = [cell] }
        }
        add { $0.hoStatus = Set(HandoverStatus.allCases) }
        add { $0.hoStatus = [.cancelled] }
        if [.rabEst, .rabMod].contains(event) { for qci in UInt8(1)...9 { add { $0.qci = qci } } }
        if [.rabMod, .rabRel, .s1Bearer].contains(event) {
            add { $0.erabIds = [5] }
            add { $0.erabIds = [15] }
        }
        if [.measRepUe, .nrMeasRepUe].contains(event) {
            add { $0.triggers = [12] }
            add { $0.triggers = [1] }
        }
        if event == .s1Bearer { for step in BearerStep.allCases { add { $0.s1Events = [step] } } }
        return variants
    }

    @Test func `filters decide alike on notifications and on their JSON`() throws {
        var (matched, refused) = (Set<RniEvent>(), Set<RniEvent>())
        for notification in try notifications() where notification.fitsGS {
            var writer = JSONWriter()
            notification.writeJSON(to: &writer, subscription: "x")
            let facts = try JSONBody.decode(RniEventFacts.self, writer.bytes)
            guard let full = RniShow.filters.first(where: { $0.event == notification.event }) else {
                continue
            }
            for filter in variants(full) {
                // A release says no QCI in the GS's JSON, so that subscribers get it whatever it was.
                if filter.event == .rabRel, filter.qci != nil { continue }
                let expected = filter.matches(notification)
                #expect(
                    facts.match(filter) == expected,
                    "\(filter) \(String(decoding: writer.bytes, as: UTF8.self))"
                )
                if expected { matched.insert(filter.event) } else { refused.insert(filter.event) }
            }
        }
        #expect(matched == Set(RniEvent.allCases))
        #expect(refused == Set(RniEvent.allCases))
    }
}
