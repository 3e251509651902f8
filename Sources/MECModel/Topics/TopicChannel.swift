/// How a body is written.
package enum BodyEncoding: String, Sendable, Hashable, CaseIterable {
    case json
    case protobuf = "pb"

    /// The MQTT content type; CloudEvents' `datacontenttype`.
    package var contentType: String {
        switch self {
        case .json: "application/json"
        case .protobuf: "application/protobuf"
        }
    }
}

/// A topic, or a family of topics with parameters, that the MEC services publish on or listen to.
///
/// The catalogue in `topics/` is made from these; there is no other list.
package struct TopicChannel: Hashable, Sendable {
    package enum Role: String, Sendable, Hashable {
        /// Something happened.
        case event
        /// How things are now; retained, and cleared by an empty payload.
        case state
        /// The answer to a query of the GS, published from time to time while somebody listens.
        case snapshot
        /// An application asks for something; answered on the response topic `[MQTT 3.3.2.3.5]`.
        case request
    }

    /// Key in the AsyncAPI document: unique, lower camel case.
    package let name: String
    /// The topic, with `{parameters}` of one level each.
    package let address: String
    package let role: Role
    package let encoding: BodyEncoding
    /// The type of the body in the schemas (JSON) or the full protobuf name.
    package let message: String
    /// One sentence.
    package let summary: String
    /// The clause that names the body, or the topic itself.
    package let reference: String

    package init(
        name: String,
        address: String,
        role: Role,
        encoding: BodyEncoding,
        message: String,
        summary: String,
        reference: String
    ) {
        self.name = name
        self.address = address
        self.role = role
        self.encoding = encoding
        self.message = message
        self.summary = summary
        self.reference = reference
    }

    package var isRetained: Bool { role == .state }

    /// The names in braces, in order.
    package var parameters: [String] {
        address.split(separator: "/").compactMap { level in
            level.hasPrefix("{") && level.hasSuffix("}") ? String(level.dropFirst().dropLast()) : nil
        }
    }

    /// The MQTT filter that matches every topic of the channel.
    package var filter: String {
        address.split(separator: "/", omittingEmptySubsequences: false)
            .map { $0.hasPrefix("{") ? "+" : String($0) }.joined(separator: "/")
    }

    /// Whether `topic` is one of the channel's.
    package func matches(_ topic: String) -> Bool {
        let levels = topic.split(separator: "/", omittingEmptySubsequences: false)
        let own = address.split(separator: "/", omittingEmptySubsequences: false)
        return levels.count == own.count
            && zip(levels, own).allSatisfy { $1.hasPrefix("{") ? !$0.isEmpty : $0 == $1 }
    }
}

/// One of the three MEC services.
package enum MECService: String, Sendable, Hashable, CaseIterable {
    case rnis, location, bandwidth

    /// The MEC services' word in the second tree: `mec/v1/json/<word>/…`.
    package var treeName: String {
        switch self {
        case .rnis: "rni"
        case .location: "location"
        case .bandwidth: "bwm"
        }
    }
}
