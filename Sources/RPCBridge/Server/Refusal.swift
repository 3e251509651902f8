import Bus
import GRPCCore

/// Why a call, or one event of it, is refused: a code of gRPC, words for people, and a reason for programs.
///
/// The reasons are part of the interface: `google.rpc.ErrorInfo` carries them in domain "weir".
struct CallRefusal: Error, RPCErrorConvertible {
    enum Reason: String {
        case unauthenticated = "UNAUTHENTICATED"
        case topicNotAllowed = "TOPIC_NOT_ALLOWED"
        case filterNotAllowed = "FILTER_NOT_ALLOWED"
        case badTopic = "BAD_TOPIC"
        case badFilter = "BAD_FILTER"
        case badRequest = "BAD_REQUEST"
        case noStream = "NO_STREAM"
        case cursorTooOld = "CURSOR_TOO_OLD"
        case cursorElsewhere = "CURSOR_OF_ANOTHER_STREAM"
        case unknownSubscription = "UNKNOWN_SUBSCRIPTION"
        case subscriptionExists = "SUBSCRIPTION_EXISTS"
        case takenOver = "TAKEN_OVER"
        case unknownTopic = "UNKNOWN_TOPIC"
        /// Of a MEC service: a zone, a user, a subscription, an allocation.
        case unknownResource = "UNKNOWN_RESOURCE"
        case overQuota = "OVER_QUOTA"
        case staleProducer = "STALE_PRODUCER"
        case storage = "STORAGE"
        case shuttingDown = "SHUTTING_DOWN"
    }

    var code: RPCError.Code
    var reason: Reason
    var text: String
    var metadata: [String: String] = [:]
    /// The field of the request that is wrong.
    var field: String?
    var retryAfter: Duration?

    init(
        _ code: RPCError.Code,
        _ reason: Reason,
        _ text: String,
        metadata: [String: String] = [:],
        field: String? = nil,
        retryAfter: Duration? = nil
    ) {
        self.code = code
        self.reason = reason
        self.text = text
        self.metadata = metadata
        self.field = field
        self.retryAfter = retryAfter
    }

    var rpcErrorCode: RPCError.Code { code }
    var rpcErrorMessage: String { text }
    var rpcErrorMetadata: Metadata {
        var metadata = Metadata()
        metadata.addBinary(StatusDetails(self).encoded, forKey: StatusDetails.key)
        return metadata
    }

    /// The same for one event of many.
    var eventError: Weir_Bus_V1_EventError {
        .with {
            $0.code = Int32(code.rawValue)
            $0.message = text
            $0.reason = reason.rawValue
        }
    }
}

extension CallRefusal {
    static func bad(_ field: String, _ text: String) -> CallRefusal {
        CallRefusal(.invalidArgument, .badRequest, "\(field): \(text)", field: field)
    }

    static func filterNotAllowed(_ filter: String) -> CallRefusal {
        CallRefusal(
            .permissionDenied,
            .filterNotAllowed,
            "filter \"\(filter)\" is not allowed by the rules for this client",
            metadata: ["filter": filter]
        )
    }

    static func noStream(_ filters: [String]) -> CallRefusal {
        let text = filters.map { "\"\($0)\"" }.joined(separator: ", ")
        return CallRefusal(
            .failedPrecondition,
            .noStream,
            "no durable stream covers \(text); configure one under \"streams\", create a durable subscription, or start with LATEST",
            metadata: ["filters": filters.joined(separator: ",")]
        )
    }

    static func cursorTooOld(_ found: UInt64, stream: UInt32, oldest: UInt64) -> CallRefusal {
        CallRefusal(
            .outOfRange,
            .cursorTooOld,
            "the cursor stands at \(found), the oldest event of stream \(stream) at \(oldest); start with EARLIEST",
            metadata: ["stream": "\(stream)", "position": "\(found)", "oldest_position": "\(oldest)"]
        )
    }

    static func cursorElsewhere(_ found: UInt32, expected: UInt32) -> CallRefusal {
        CallRefusal(
            .failedPrecondition,
            .cursorElsewhere,
            "the cursor belongs to stream \(found), what is asked for to stream \(expected)",
            metadata: ["cursor_stream": "\(found)", "stream": "\(expected)"],
            field: "cursor.stream"
        )
    }

    static func unknownSubscription(_ name: String) -> CallRefusal {
        CallRefusal(
            .notFound,
            .unknownSubscription,
            "there is no durable subscription \"\(name)\"; create it with CreateSubscription",
            metadata: ["subscription": name]
        )
    }

    static func unknownResource(_ kind: String, _ id: String) -> CallRefusal {
        CallRefusal(
            .notFound,
            .unknownResource,
            "there is no \(kind) \"\(id)\" here",
            metadata: ["kind": kind, "id": id]
        )
    }

    /// - Parameter resumeAfter: where a subscriber was, to go on from.
    static func shuttingDown(resumeAfter cursor: Weir_Bus_V1_Cursor? = nil) -> CallRefusal {
        var metadata: [String: String] = [:]
        if let cursor {
            metadata = [
                "resume_stream": "\(cursor.stream)", "resume_position": "\(cursor.position)",
                "resume_before": "\(cursor.before)",
            ]
        }
        return CallRefusal(
            .unavailable,
            .shuttingDown,
            cursor.map { "shutting down; resume at position \($0.position) of stream \($0.stream)" }
                ?? "shutting down",
            metadata: metadata,
            retryAfter: .seconds(1)
        )
    }

    init(_ error: BusError) {
        switch error {
        case .notAuthorized(let topic):
            self.init(
                .permissionDenied,
                .topicNotAllowed,
                "topic \"\(topic)\" is not allowed by the rules for this client",
                metadata: ["topic": topic]
            )
        case .invalidTopic(let text): self.init(.invalidArgument, .badTopic, "topic \(text)", field: "topic")
        case .invalidFilter(let text):
            self.init(.invalidArgument, .badFilter, "filter \(text)", field: "filters")
        case .cursorTooOld(let oldest):
            self.init(
                .outOfRange,
                .cursorTooOld,
                "the cursor is too old; the oldest event stands at \(oldest.position)",
                metadata: ["stream": "\(oldest.stream)", "oldest_position": "\(oldest.position)"]
            )
        case .notADurableStream(let filter): self = .noStream([filter])
        case .invalidCursor(let text): self.init(.failedPrecondition, .cursorElsewhere, text)
        case .overloaded:
            self.init(
                .resourceExhausted,
                .overQuota,
                "the bus is busy or a quota is reached; try again later",
                retryAfter: .milliseconds(100)
            )
        case .storage(let text): self.init(.unavailable, .storage, text, retryAfter: .seconds(5))
        case .shuttingDown: self = .shuttingDown()
        }
    }
}
