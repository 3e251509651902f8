import GRPCCore
import MQTTWire
import SwiftProtobuf
import Synchronization

/// The first request of a Watch call: what is wanted, and how it is to be delivered.
protocol WatchOpening: Sendable {
    var delivery: Weir_Bus_V1_SubscribeRequest.Open { get }
}

/// A request of a Watch call. Those behind the first have the numbers and types of `SubscribeRequest`.
protocol WatchRequest: ProtobufMessage, Sendable {
    associatedtype Opening: WatchOpening
    /// `nil` in any other request.
    var opening: Opening? { get }
}

/// A request as it was read.
enum WatchInput<Opening: WatchOpening>: Sendable {
    case open(Opening)
    case control(Weir_Bus_V1_SubscribeRequest)
}

struct WatchDeserializer<Request: WatchRequest>: MessageDeserializer {
    let bytesMaximum: Int

    func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> WatchInput<Request.Opening> {
        if let opening = try ProtobufDeserializer<Request>(bytesMaximum: bytesMaximum).deserialize(bytes)
            .opening
        {
            return .open(opening)
        }
        return .control(try ProtobufDeserializer<Weir_Bus_V1_SubscribeRequest>().deserialize(bytes))
    }
}

/// What a Watch call reads of the bus, and what of it is wanted.
struct WatchPlan: Sendable {
    /// MQTT filters of the topics that carry what is wanted.
    var filters: [String]
    /// The number of the field that an event's payload goes to, in the message that stands for one event; `nil` where
    /// the event is not wanted, or its payload is not what its topic says.
    var field: @Sendable (Weir_Bus_V1_Event) -> Int?
    var onOpened: @Sendable () async throws -> Void = {}
    var onEnd: @Sendable () async -> Void = {}
}

extension BusService {
    /// Registers a Watch call: Subscribe with criteria in place of filters and messages in place of payloads.
    func watch<Request: WatchRequest>(
        _ method: MethodDescriptor,
        _ router: inout RPCRouter<RPCTransport>,
        _ type: Request.Type,
        plan: @escaping @Sendable (Request.Opening, CallerDirectory.Caller) async throws -> WatchPlan
    ) {
        router.registerHandler(
            forMethod: method,
            deserializer: WatchDeserializer<Request>(bytesMaximum: settings.maximumMessageSize),
            serializer: SubscribeSerializer()
        ) { request, context in
            let caller = try await self.callers.caller(request.metadata, context)
            let first = FirstOpening<Request.Opening>()
            return self.deliver(request.messages, first.note, caller) { delivery in
                guard delivery.filters.isEmpty else {
                    throw CallRefusal.bad(
                        "delivery.filters",
                        "expected none; the criteria say what is wanted"
                    )
                }
                guard let opening = first.value else {
                    throw CallRefusal.bad("request", "the first one must be \"open\"")
                }
                let plan = try await plan(opening, caller)
                var open = delivery
                if open.subscription.isEmpty { open.filters = plan.filters }
                return Delivery(
                    open: open,
                    wrap: { TypedSource($0, settlesUnwanted: !delivery.subscription.isEmpty, plan.field) },
                    onOpened: plan.onOpened,
                    onEnd: plan.onEnd
                )
            }
        }
    }
}

/// Keeps the criteria while their delivery goes the way of a Subscribe call.
private final class FirstOpening<Opening: WatchOpening>: Sendable {
    private let state = Mutex<Opening?>(nil)
    var value: Opening? { state.withLock { $0 } }

    @Sendable
    func note(_ input: WatchInput<Opening>) -> Weir_Bus_V1_SubscribeRequest {
        switch input {
        case .open(let opening):
            // A second one is refused by the call.
            state.withLock { $0 = $0 ?? opening }
            return .with { $0.open = opening.delivery }
        case .control(let request): return request
        }
    }
}
