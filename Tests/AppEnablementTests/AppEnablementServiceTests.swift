import AppEnablement
import Bus
import Logging
import MECModel
import MECTestSupport
import Testing

struct AppEnablementServiceTests {
    private let bus = MemoryBus(interests: ["#"])

    private func service() throws -> AppEnablementService {
        try AppEnablementService(
            bus: bus,
            apiRoot: "http://site",
            logger: Logger(label: "test"),
            now: { RadioTime(nanoseconds: 1_000_000_000_000) }
        )
    }

    private var info: ServiceInfo {
        ServiceInfo(
            serName: "video",
            version: "1.0",
            transportInfo: TransportInfo(
                id: "http",
                name: "REST",
                type: "REST_HTTP",
                protocol: "HTTP",
                version: "1.1",
                endpoint: EndPointInfo(uris: ["http://10.0.0.1/video"]),
                security: SecurityInfo()
            ),
            serializer: "JSON"
        )
    }

    @Test func `what was answered is there after a restart`() async throws {
        let first = try service()
        try await first.change { state, now throws(RequestFault) in
            try state.register(AppInfo(appName: "camera"), id: "app-1")
        }
        let info = info
        try await first.change { state, now throws(RequestFault) in
            try state.offer(info, by: "app-1", id: "s1", now: now)
        }
        try await first.change { state, now throws(RequestFault) in try state.confirmReady("app-1") }
        let second = try service()
        let (before, after) = (await first.state, await second.state)
        #expect(after.applications == before.applications)
        #expect(after.services == before.services)
        try await second.change { state, now throws(RequestFault) in try state.deregister("app-1") }
        let third = try service()
        #expect(await third.state.applications.isEmpty)
        #expect(await third.state.services.isEmpty)
    }

    @Test func `what could not be kept did not happen`() async throws {
        let service = try service()
        bus.fail(with: .storage("disk full"))
        await #expect(throws: BusError.self) {
            try await service.change { state, now throws(RequestFault) in
                try state.register(AppInfo(appName: "camera"), id: "app-1")
            }
        }
        #expect(await service.state.applications.isEmpty)
        #expect(bus.published.isEmpty)
    }

    @Test func `a service that comes and goes is told on the bus`() async throws {
        let service = try service()
        let info = info
        try await service.change { state, now throws(RequestFault) in
            try state.register(AppInfo(appName: "camera"), id: "app-1")
                + state.offer(info, by: "app-1", id: "s1", now: now)
        }
        let told = try #require(bus.messages(on: AppEnablementTopics.availability("s1")).first)
        let body = try JSONBody.decode(ServiceAvailabilityNotification.self, told.payload)
        #expect(body.serviceReferences.map(\.changeType) == [.added])
        #expect(bus.retained[AppEnablementTopics.serviceState("s1")]?.isVolatile == true)
        try await service.change { state, now throws(RequestFault) in
            try state.remove(service: "s1", of: "app-1")
        }
        #expect(bus.retained[AppEnablementTopics.serviceState("s1")] == nil)
        #expect(bus.messages(on: AppEnablementTopics.availability("s1")).count == 2)
    }

    @Test func `Weir's own services are told and not kept`() async throws {
        let first = try service()
        var own = info
        own.serInstanceId = "weir-rni-rest"
        try await first.open(apiRoot: "http://site", own: [own])
        #expect(try await first.services(ServiceQuery()).map(\.serInstanceId) == ["weir-rni-rest"])
        let second = try service()
        #expect(await second.state.services.isEmpty)
    }

    @Test func `changes are made one after the other`() async throws {
        let service = try service()
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<100 {
                group.addTask {
                    _ = try? await service.change { state, now throws(RequestFault) in
                        try state.register(AppInfo(appName: "a"), id: "app-\(index)")
                    }
                }
            }
        }
        #expect(await service.state.applications.count == 100)
        let second = try self.service()
        #expect(await second.state.applications.count == 100)
    }
}
