import Bus
import Foundation
import Location
import Logging
import MECModel
import MECRuntime
import MECTestSupport
import Testing

struct LocationServiceTests {
    private static let start = RadioTime(nanoseconds: 1_700_000_000_000_000_000)

    private func service(_ bus: MemoryBus, _ hub: RadioFactHub) -> LocationService {
        var configuration = LocationService.Configuration()
        configuration.stateInterval = .milliseconds(5)
        return LocationService(
            bus: bus,
            hub: hub,
            configuration: configuration,
            logger: Logger(label: "test"),
            now: { Self.start }
        )
    }

    private func eventually(_ what: @Sendable () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while try await !what() {
            guard ContinuousClock.now < deadline else {
                Issue.record("it did not happen within thirty seconds")
                return
            }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    private static let circle = """
        {"subscriptionType":"UserAreaSubscription","clientCorrelator":"c1","addressList":["acr:10.0.0.1"],
        "areaDefine":{"shape":1,"points":[{"latitude":43.73,"longitude":7.42}],"radius":100},
        "reportingLocationReq":true,"trackingAccuracy":0}
        """

    @Test func `an area asked for over the bus is told there, and outlives the service`() async throws {
        let bus = MemoryBus(interests: ["/location/#", "mec/v1/pb/#"])
        let hub = RadioFactHub()
        var site = try Site()
        let ue = site.terminal(1, in: Site.lte0)
        #expect(hub.accept(site.take()))
        let service = service(bus, hub)
        let first = Task { try await service.run() }
        try await eventually { await service.state.userCount == 1 }
        var request = BusEvent(topic: LocationTopics.subscribe, payload: Array(Self.circle.utf8))
        request.responseTopic = "app/answers"
        request.correlationData = [7]
        try await eventually { bus.hasInterest(in: LocationTopics.subscribe) }
        try bus.publish([request])
        try await eventually { !bus.messages(on: "app/answers").isEmpty }
        let answer = try #require(bus.messages(on: "app/answers").first)
        #expect(answer.correlationData == [7])
        let begun = try JSONDecoder().decode(LocationSubscription.self, from: Data(answer.payload))
        let href = try #require(begun.delivery._links?.resource.href)
        #expect(href.hasPrefix("/location/v3/subscriptions/area/"))
        let id = String(try #require(href.split(separator: "/").last))
        first.cancel()
        try await first.value

        // A new service, as after a restart of the process.
        let next = self.service(bus, hub)
        let second = Task { try await next.run() }
        try await eventually { await next.state.subscriptionCount == 1 }
        let point = try #require(GeoPoint(latitude: 43.73, longitude: 7.4201))
        site.batch.append(.position(PositionFact(terminal: ue, point: point)), at: site.time)
        #expect(hub.accept(site.take()))
        try await eventually { !bus.messages(on: "/location/user/area").isEmpty }
        let body = String(
            decoding: try #require(bus.messages(on: "/location/user/area").first).payload,
            as: UTF8.self
        )
        #expect(body.contains("\"ENTERING_AREA_EVENT\""))
        #expect(body.contains("\"href\":\"\(href)\""))
        #expect(body.contains("7.4201"))
        let topic = "mec/v1/pb/location/subscription/\(id)/user_area"
        let message = try Weir_Location_V1_UserAreaNotification(
            serializedBytes: try #require(bus.messages(on: topic).first).payload
        )
        #expect(message.subscription == id)
        #expect(message.locationInfo.longitude == 7.4201)

        #expect(try await next.unsubscribe(id: id))
        #expect(bus.retained[LocationTopics.subscriptionState(id: id)] == nil)
        second.cancel()
        try await second.value
    }

    @Test(arguments: [
        ("nonsense", "unreadable body"),
        (#"{"subscriptionType":"UserAreaSubscription"}"#, "addressList is required"),
        (#"{"subscriptionType":"Other"}"#, "expected a subscription type of MEC 013 6.3, found Other"),
        (Self.circle.replacing("\"radius\":100", with: "\"radius\":0"), "areaDefine.radius: expected metres"),
    ])
    func `what is no subscription is answered with what is wrong`(_ request: (String, String)) async throws {
        let bus = MemoryBus()
        let service = service(bus, RadioFactHub())
        let task = Task { try await service.run() }
        try await eventually { bus.hasInterest(in: LocationTopics.subscribe) }
        var event = BusEvent(topic: LocationTopics.subscribe, payload: Array(request.0.utf8))
        event.responseTopic = "app/answers"
        try bus.publish([event])
        try await eventually { !bus.messages(on: "app/answers").isEmpty }
        let answer = try #require(bus.messages(on: "app/answers").first)
        #expect(answer.contentType == "application/problem+json")
        #expect(
            String(decoding: answer.payload, as: UTF8.self).contains(request.1),
            "\(String(decoding: answer.payload, as: UTF8.self))"
        )
        task.cancel()
        try await task.value
    }

    @Test func `users, zones and access points are retained in both encodings`() async throws {
        let bus = MemoryBus()
        let hub = RadioFactHub()
        var site = try Site()
        let ue = site.terminal(1, in: Site.lte0)
        #expect(hub.accept(site.take()))
        let service = service(bus, hub)
        let task = Task { try await service.run() }
        let topics = [
            "mec/v1/json/location/state/user/ue1", "mec/v1/json/location/state/zone/zone1",
            "mec/v1/json/location/state/access_point/zone1/208012343010",
        ]
        let twins = topics.map { $0.replacing("/json/", with: "/pb/") }
        try await eventually { Set(bus.retained.keys).isSuperset(of: topics + twins) }
        site.batch.append(.detached(ue), at: site.time)
        #expect(hub.accept(site.take()))
        try await eventually { bus.retained["mec/v1/json/location/state/user/ue1"] == nil }
        task.cancel()
        try await task.value
    }
}
