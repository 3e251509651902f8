import AppEnablement
import MECModel
import Testing

struct AppEnablementStateTests {
    private let start = RadioTime(nanoseconds: 1_000_000_000_000)

    private func later(_ seconds: Double) -> RadioTime { start.advanced(bySeconds: seconds) }

    private func site() throws -> AppEnablementState {
        var state = AppEnablementState()
        _ = try state.register(AppInfo(appName: "camera"), id: "app-1")
        return state
    }

    private func service(_ name: String = "video") -> ServiceInfo {
        ServiceInfo(serName: name, version: "1.0", transportInfo: transport, serializer: "JSON")
    }

    private var transport: TransportInfo {
        TransportInfo(
            id: "http",
            name: "REST",
            type: "REST_HTTP",
            protocol: "HTTP",
            version: "1.1",
            endpoint: EndPointInfo(uris: ["http://10.0.0.1/video"]),
            security: SecurityInfo()
        )
    }

    private func states(_ changes: [AppEnablementChange]) -> [ServiceState] {
        changes.compactMap {
            if case .availability(let service, .stateChanged) = $0 { service.info.state } else { nil }
        }
    }

    // MARK: - Applications

    @Test func `an application gets an identifier and keeps it`() throws {
        var state = try site()
        #expect(try state.application("app-1").info.appInstanceId == "app-1")
        #expect(throws: RequestFault.self) { _ = try state.register(AppInfo(appName: "x"), id: "app-1") }
        #expect(throws: RequestFault.self) {
            _ = try state.register(AppInfo(appName: "x", appInstanceId: "a/b"), id: "app-2")
        }
    }

    @Test func `nobody takes the platform's identifier`() {
        var state = AppEnablementState()
        #expect(throws: RequestFault.self) {
            _ = try state.register(AppInfo(appName: "x", appInstanceId: "weir"), id: "app-2")
        }
    }

    @Test func `readiness is kept once`() throws {
        var state = try site()
        #expect(try state.confirmReady("app-1").count == 1)
        #expect(try state.confirmReady("app-1").isEmpty)
        #expect(try state.application("app-1").isReady)
    }

    @Test func `a termination that nobody asked for is a conflict`() throws {
        var state = try site()
        let fault = #expect(throws: RequestFault.self) {
            _ = try state.confirmTermination("app-1", .terminating)
        }
        #expect(fault?.kind == .conflict)
    }

    @Test func `a confirmed termination takes everything with it`() throws {
        var state = try site()
        _ = try state.offer(service(), by: "app-1", id: "s1", now: start)
        let request = AppTerminationRequest(operationAction: .terminating, maxGracefulTimeout: 10)
        _ = try state.terminate("app-1", request, now: start)
        #expect(throws: RequestFault.self) { _ = try state.confirmTermination("app-1", .stopping) }
        let changes = try state.confirmTermination("app-1", .terminating)
        #expect(changes.contains(.serviceRemoved(id: "s1")))
        #expect(changes.contains(.applicationRemoved(id: "app-1")))
        #expect(state.applications.isEmpty && state.services.isEmpty)
    }

    @Test func `a stop that nobody confirms goes on when its time is over`() throws {
        var state = try site()
        _ = try state.offer(service(), by: "app-1", id: "s1", now: start)
        let request = AppTerminationRequest(operationAction: .stopping, maxGracefulTimeout: 10)
        _ = try state.terminate("app-1", request, now: start)
        #expect(try state.advance(to: later(9)).isEmpty)
        #expect(states(try state.advance(to: later(10))) == [.inactive])
        #expect(try state.application("app-1").pending == nil)
    }

    // MARK: - Services

    @Test func `a service is found by what it is`() throws {
        var state = try site()
        _ = try state.offer(service("video"), by: "app-1", id: "s1", now: start)
        _ = try state.offer(service("audio"), by: "app-1", id: "s2", now: start)
        var query = ServiceQuery()
        #expect(state.services(query).count == 2)
        query.serNames = ["audio"]
        #expect(state.services(query).map(\.serInstanceId) == ["s2"])
        query.serInstanceIds = ["s1"]
        #expect(state.services(query).isEmpty)
        query = ServiceQuery()
        query.scopeOfLocality = .mecHost
        #expect(state.services(query).count == 2)
        query.isLocal = false
        #expect(state.services(query).isEmpty)
    }

    @Test func `a transport by name is the transport itself in the answer`() throws {
        var state = try site()
        _ = try state.offer(service(), by: "app-1", id: "s1", now: start)
        var byName = service("audio")
        byName.transportInfo = nil
        byName.transportId = "http"
        _ = try state.offer(byName, by: "app-1", id: "s2", now: start)
        #expect(try state.service("s2").info.transportInfo == transport)
        byName.transportId = "nowhere"
        #expect(throws: RequestFault.self) { _ = try state.offer(byName, by: "app-1", id: "s3", now: start) }
    }

    @Test func `without a heartbeat a service is suspended, with one it is back`() throws {
        var state = try site()
        var info = service()
        info.livenessInterval = 10
        _ = try state.offer(info, by: "app-1", id: "s1", now: start)
        #expect(try state.advance(to: later(14.9)).isEmpty)
        _ = try state.heartbeat(service: "s1", ServiceLivenessUpdate(state: .active), now: later(14.9))
        #expect(try state.advance(to: later(29)).isEmpty)
        #expect(states(try state.advance(to: later(30))) == [.suspended])
        #expect(try state.advance(to: later(100)).isEmpty)
        let back = try state.heartbeat(service: "s1", ServiceLivenessUpdate(state: .active), now: later(100))
        #expect(states(back) == [.active])
    }

    @Test func `a heartbeat of an inactive service is a conflict`() throws {
        var state = try site()
        var info = service()
        info.livenessInterval = 10
        info.state = .inactive
        _ = try state.offer(info, by: "app-1", id: "s1", now: start)
        let fault = #expect(throws: RequestFault.self) {
            _ = try state.heartbeat(service: "s1", ServiceLivenessUpdate(state: .active), now: later(1))
        }
        #expect(fault?.kind == .conflict)
        #expect(try state.advance(to: later(100)).isEmpty)
    }

    @Test func `an update tells what changed`() throws {
        var state = try site()
        _ = try state.offer(service(), by: "app-1", id: "s1", now: start)
        var info = service()
        info.version = "2.0"
        func kinds(_ changes: [AppEnablementChange]) -> [ServiceChange] {
            changes.compactMap { if case .availability(_, let change) = $0 { change } else { nil } }
        }
        #expect(kinds(try state.update(info, id: "s1", of: "app-1", now: start)) == [.attributesChanged])
        #expect(kinds(try state.update(info, id: "s1", of: "app-1", now: start)) == [])
        info.state = .inactive
        #expect(kinds(try state.update(info, id: "s1", of: "app-1", now: start)) == [.stateChanged])
    }

    // MARK: - What is refused, and by which field

    struct BadService: CustomTestStringConvertible, Sendable {
        let field: String
        let spoil: @Sendable (inout ServiceInfo) -> Void
        var testDescription: String { field }
    }

    @Test(arguments: [
        BadService(field: "serName") { $0.serName = "" },
        BadService(field: "transportInfo") { $0.transportInfo = nil },
        BadService(field: "transportId") { $0.transportId = "http" },
        BadService(field: "state") { $0.state = .suspended },
        BadService(field: "livenessInterval") { $0.livenessInterval = 1_000_000 },
        BadService(field: "transportInfo.endpoint") { $0.transportInfo?.endpoint.fqdn = ["a"] },
    ])
    func refuses(_ bad: BadService) throws {
        var state = try site()
        var info = service()
        bad.spoil(&info)
        let fault = #expect(throws: RequestFault.self) {
            _ = try state.offer(info, by: "app-1", id: "s1", now: start)
        }
        #expect(fault?.detail.hasPrefix(bad.field + ":") == true, "\(fault?.detail ?? "")")
        #expect(state.services.isEmpty)
    }

    // MARK: - Rules

    private func trafficRule(_ json: String) throws -> TrafficRule {
        try JSONBody.decode(TrafficRule.self, Array(json.utf8))
    }

    @Test func `a rule is activated by replacing it`() throws {
        var state = try site()
        let rule = try trafficRule(
            """
            {"trafficRuleId":"r1","filterType":"FLOW","priority":1,"trafficFilter":[{"srcAddress":["10.0.0.0/8"]}],
             "action":"DROP","state":"INACTIVE"}
            """
        )
        #expect(throws: RequestFault.self) { _ = try state.update(rule, id: "r1", of: "app-1") }
        _ = try state.add(rule, to: "app-1")
        var active = rule
        active.state = .active
        #expect(
            try state.update(active, id: "r1", of: "app-1") == [.trafficRule(application: "app-1", active)]
        )
        active.priority = 256
        #expect(throws: RequestFault.self) { _ = try state.update(active, id: "r1", of: "app-1") }
        #expect(try state.trafficRule("r1", of: "app-1").priority == 1)
    }

    @Test(arguments: [
        (#"{"srcAddress":["10.0.0.0/33"]}"#, "trafficFilter[0].srcAddress[0]"),
        (#"{"dstPort":["70000"]}"#, "trafficFilter[0].dstPort[0]"),
        (#"{"dstPort":["20-10"]}"#, "trafficFilter[0].dstPort[0]"),
        (#"{"dSCP":64}"#, "trafficFilter[0].dSCP"),
    ])
    func `a filter that no packet can match is refused by its field`(filter: String, field: String) throws {
        var state = try site()
        let rule = try trafficRule(
            """
            {"trafficRuleId":"r1","filterType":"FLOW","priority":1,"trafficFilter":[\(filter)],
             "action":"DROP","state":"INACTIVE"}
            """
        )
        let fault = #expect(throws: RequestFault.self) { _ = try state.add(rule, to: "app-1") }
        #expect(fault?.detail.hasPrefix(field + ":") == true, "\(fault?.detail ?? "")")
    }

    @Test func `a name's address is of the type that the rule says`() throws {
        var state = try site()
        let rule = try JSONBody.decode(
            DnsRule.self,
            Array(
                #"{"dnsRuleId":"d1","domainName":"a.example","ipAddressType":"IP_V6","ipAddress":"10.0.0.1","state":"ACTIVE"}"#
                    .utf8
            )
        )
        #expect(throws: RequestFault.self) { _ = try state.add(rule, to: "app-1") }
    }
}
