import Bus
import Foundation
import Location
import MECModel
import MECTestSupport
import RadioNetwork
import Testing

/// What is published is what ETSI's files accept, with no member that they do not know.
@Suite(.enabled(if: ETSIFiles.areThere, "ETSI's files (../shared/etsi) are not there"))
struct ETSISchemaTests {
    struct Body {
        var api: String
        var schema: String
        var topic: String
        var payload: [UInt8]
        var extra: [String] = []
    }

    private func validate(_ bodies: [Body]) async throws {
        #expect(!bodies.isEmpty)
        var lines = Data()
        for body in bodies {
            let line: [String: Any] = [
                "api": body.api, "schema": body.schema, "topic": body.topic, "extra": body.extra,
                "body": try JSONSerialization.jsonObject(
                    with: Data(body.payload),
                    options: .fragmentsAllowed
                ),
            ]
            lines += try JSONSerialization.data(withJSONObject: line) + Data("\n".utf8)
        }
        let folder = try #require(ETSIFiles.folder)
        let outcome = try await PythonScript(name: "validate_bodies.py").run([folder.path], input: lines)
        if outcome.status == 2 {
            // Not a failure: the packages come with `make setup-test`.
            print("ETSI schema check skipped: \(outcome.lines.joined(separator: " "))")
            return
        }
        #expect(outcome.status == 0, "\(outcome.lines.joined(separator: "\n"))")
        #expect(outcome.lines.last?.hasPrefix("checked ") == true)
    }

    @Test func `every RNIS notification and snapshot is the GS's`() async throws {
        let bus = MemoryBus(interests: ["/rni/#"])
        var outlet = RniBusOutlet(bus: bus, epoch: RadioTime(nanoseconds: 0))
        var state = RadioNetworkState()
        let batch = try RniShow.batch()
        state.apply(batch, to: &outlet)
        outlet.publishSnapshots(of: state, appInstanceId: "weir", now: RadioTime(nanoseconds: 5))
        for change in state.takeChanges(now: RadioTime(nanoseconds: 5)) {
            outlet.publish(change, now: RadioTime(nanoseconds: 5))
        }
        try outlet.publisher.flush()

        var bodies: [Body] = []
        for event in bus.published where !event.payload.isEmpty && event.contentType == "application/json" {
            switch event.topic {
            case RniTopics.rabInfo: bodies.append(body("RabInfo", event))
            case RniTopics.plmnInfo: bodies.append(body("PlmnInfoList", event))
            case RniTopics.s1BearerInfo: bodies.append(body("S1BearerInfoAnswer", event))
            case let topic where topic.hasPrefix("mec/v1/json/rni/state/ue/"):
                // A UeInfo has bearers; the members of the cell stand beside it here.
                guard String(decoding: event.payload, as: UTF8.self).contains("\"erabId\"") else { continue }
                let extra = ["timeStamp", "name", "tempUeId", "ecgi", "secondaryCell"]
                bodies.append(body("UeInfo", event, extra: extra))
            case let topic where topic.hasPrefix("mec/v1/json/rni/state/cell/"):
                guard String(decoding: event.payload, as: UTF8.self).contains("\"ecgi\"") else { continue }
                let extra = [
                    "timeStamp", "name", "zoneId", "physicalCellId", "arfcn", "latitude", "longitude",
                    "downlinkCapacity", "uplinkCapacity", "numberOfUEs",
                ]
                bodies.append(body("CellInfo", event, extra: extra))
            default:
                let kind = try #require(RniEvent.allCases.first { $0.annexATopic == event.topic })
                bodies.append(body(kind.notificationType, event))
            }
        }
        let topics = Set(bus.topics)
        for kind in RniEvent.allCases { #expect(topics.contains(kind.annexATopic), "\(kind) was not shown") }
        try await validate(bodies)
    }

    @Test func `every location notification and state is the GS's`() async throws {
        let bus = MemoryBus(interests: ["/location/#", "mec/v1/json/location/#"])
        var outlet = LocationBusOutlet(bus: bus, epoch: RadioTime(nanoseconds: 0))
        var state = LocationState()
        try LocationShow.run(&state, to: &outlet)
        for change in state.takeChanges(now: RadioTime(nanoseconds: 5)) {
            outlet.publish(change, now: RadioTime(nanoseconds: 5), base: "/location/v3")
        }
        try outlet.publisher.flush()
        var bodies: [Body] = []
        for event in bus.published where !event.payload.isEmpty && event.contentType == "application/json" {
            let schema: String
            switch event.topic {
            case let topic where topic.hasPrefix("mec/v1/json/location/state/user/"): schema = "UserInfo"
            case let topic where topic.hasPrefix("mec/v1/json/location/state/zone/"): schema = "ZoneInfo"
            case let topic where topic.hasPrefix("mec/v1/json/location/state/access_point/"):
                schema = "AccessPointInfo"
            default:
                let body = try JSONSerialization.jsonObject(with: Data(event.payload)) as? [String: Any]
                schema = try #require(body?["notificationType"] as? String)
            }
            bodies.append(Body(api: "location", schema: schema, topic: event.topic, payload: event.payload))
        }
        let shown = Set(bodies.map(\.schema))
        for kind in LocationEvent.allCases {
            #expect(shown.contains(kind.notificationType), "\(kind) was not shown")
        }
        #expect(shown.isSuperset(of: ["UserInfo", "ZoneInfo", "AccessPointInfo"]))
        try await validate(bodies)
    }

    @Test func `subscriptions are written as the GS says`() async throws {
        var bodies: [Body] = []
        for (index, subscription) in LocationShow.subscriptions.enumerated() {
            var subscription = subscription
            subscription.delivery = SubscriptionDelivery(
                callbackReference: "http://app.example/notify",
                expiryDeadline: TimeStamp(seconds: 9, nanoSeconds: 1)
            )
            subscription.delivery._links = SelfLink(href: "http://mec.example/subscriptions/\(index)")
            let payload = [UInt8](try JSONEncoder().encode(subscription))
            #expect(try JSONDecoder().decode(LocationSubscription.self, from: Data(payload)) == subscription)
            bodies.append(
                Body(
                    api: "location",
                    schema: subscription.event.subscriptionType,
                    topic: "REST",
                    payload: payload
                )
            )
        }
        for filter in RniShow.filters {
            let subscription = RniSubscription(
                delivery: SubscriptionDelivery(callbackReference: "http://app.example/notify"),
                appInstanceId: filter.event == .s1Bearer ? nil : "app",
                filter: filter
            )
            let payload = [UInt8](try JSONEncoder().encode(subscription))
            #expect(try JSONDecoder().decode(RniSubscription.self, from: Data(payload)) == subscription)
            bodies.append(
                Body(
                    api: "rnis",
                    schema: subscription.filter.event.subscriptionType,
                    topic: "REST",
                    payload: payload
                )
            )
        }
        try await validate(bodies)
    }

    @Test func `layer2_meas answers as the GS says`() async throws {
        var state = RadioNetworkState()
        var outlet = RniBusOutlet(bus: MemoryBus(), epoch: RadioTime(nanoseconds: 0))
        state.apply(try RniShow.batch(), to: &outlet)
        var answer = state.layer2Meas(now: RadioTime(nanoseconds: 5))
        answer.cellInfo.removeAll { $0.cell.access != .eutra }
        answer.cellUEInfo.removeAll { $0.cell.access != .eutra }
        #expect(!answer.cellInfo.isEmpty && !answer.cellUEInfo.isEmpty)
        var writer = JSONWriter()
        answer.writeJSON(to: &writer)
        try await validate([Body(api: "rnis", schema: "L2Meas", topic: "layer2_meas", payload: writer.bytes)])
    }

    private func body(_ schema: String, _ event: BusEvent, extra: [String] = []) -> Body {
        Body(api: "rnis", schema: schema, topic: event.topic, payload: event.payload, extra: extra)
    }
}
