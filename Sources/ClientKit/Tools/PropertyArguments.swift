package import MQTTWire

/// The properties that a command line gives as `-D packet property value`, by packet.
package struct PropertyArguments: Sendable, Equatable {
    package enum Target: String, Sendable, CaseIterable {
        case connect, publish, subscribe, unsubscribe, disconnect, will
    }

    private var properties: [Target: Properties] = [:]

    package init() {}

    package subscript(target: Target) -> Properties { properties[target] ?? Properties() }

    package var isEmpty: Bool { properties.isEmpty }

    /// Reads the words of all `-D` options, one after another.
    ///
    /// - Throws: ``ClientError/Kind/usage``, naming the word and what was expected.
    package init(words: [String]) throws(ClientError) {
        var words = words[...]
        while let packet = words.popFirst() {
            guard let target = Target(rawValue: packet.lowercased()) else {
                let known = Target.allCases.map(\.rawValue).joined(separator: ", ")
                throw ClientError(
                    .usage,
                    "-D \(packet): no packet with properties; one of \(known) is expected"
                )
            }
            guard let name = words.popFirst() else {
                throw ClientError(.usage, "-D \(packet): the property's name and value are missing")
            }
            guard let kind = PropertyID(name: name) else {
                throw ClientError(
                    .usage,
                    "-D \(packet) \(name): no such property; \(Self.names(target)) are known"
                )
            }
            guard Self.allowed[target]?.contains(kind) == true else {
                throw ClientError(
                    .usage,
                    "-D \(packet) \(name): not allowed in \(packet); \(Self.names(target)) are"
                )
            }
            guard let value = words.popFirst() else {
                throw ClientError(.usage, "-D \(packet) \(name): the value is missing")
            }
            var second: String?
            if kind == .userProperty {
                second = words.popFirst()
                guard second != nil else {
                    throw ClientError(
                        .usage,
                        "-D \(packet) \(name) \(value): the user property's value is missing"
                    )
                }
            }
            try properties[target, default: Properties()].set(kind, name, value, second)
        }
    }

    private static func names(_ target: Target) -> String {
        (allowed[target] ?? []).map(\.name).joined(separator: ", ")
    }

    private static let message: [PropertyID] = [
        .payloadFormatIndicator, .messageExpiryInterval, .contentType, .responseTopic, .correlationData,
        .userProperty,
    ]

    /// MQTT 5.0 table 2-4, without what the client sets itself.
    private static let allowed: [Target: [PropertyID]] = [
        .connect: [
            .sessionExpiryInterval, .receiveMaximum, .maximumPacketSize, .topicAliasMaximum,
            .requestResponseInformation, .requestProblemInformation, .userProperty,
        ],
        .publish: message + [.topicAlias],
        .subscribe: [.subscriptionIdentifier, .userProperty],
        .unsubscribe: [.userProperty],
        .disconnect: [.sessionExpiryInterval, .userProperty],
        .will: message + [.willDelayInterval],
    ]
}

extension PropertyID {
    /// The name that the standard gives the property, in lower case with hyphens.
    var name: String {
        var name = ""
        for character in "\(self)" {
            if character.isUppercase { name += "-" }
            name += character.lowercased()
        }
        return name
    }

    init?(name: String) {
        guard let found = Self.allCases.first(where: { $0.name == name.lowercased() }) else { return nil }
        self = found
    }
}

extension Properties {
    fileprivate mutating func set(
        _ kind: PropertyID,
        _ name: String,
        _ value: String,
        _ second: String?
    ) throws(ClientError) {
        func number<T: FixedWidthInteger>(_ range: ClosedRange<T>) throws(ClientError) -> T {
            guard let number = T(value), range.contains(number) else {
                throw ClientError(
                    .usage,
                    "\(name) \"\(value)\": a number from \(range.lowerBound) to \(range.upperBound) is expected"
                )
            }
            return number
        }
        switch kind {
        case .payloadFormatIndicator: payloadFormatIndicator = try number(0...1)
        case .messageExpiryInterval: messageExpiryInterval = try number(0...UInt32.max)
        case .contentType: contentType = value
        case .responseTopic: responseTopic = value
        case .correlationData: correlationData = Array(value.utf8)
        case .subscriptionIdentifier: subscriptionIdentifiers = [try number(1...268_435_455)]
        case .sessionExpiryInterval: sessionExpiryInterval = try number(0...UInt32.max)
        case .requestProblemInformation: requestProblemInformation = try number(UInt8(0)...1) == 1
        case .requestResponseInformation: requestResponseInformation = try number(UInt8(0)...1) == 1
        case .willDelayInterval: willDelayInterval = try number(0...UInt32.max)
        case .receiveMaximum: receiveMaximum = try number(1...UInt16.max)
        case .topicAliasMaximum: topicAliasMaximum = try number(0...UInt16.max)
        case .topicAlias: topicAlias = try number(1...UInt16.max)
        case .maximumPacketSize: maximumPacketSize = try number(1...UInt32.max)
        case .userProperty: userProperties.append(UserProperty(value, second ?? ""))
        default: throw ClientError(.usage, "\(name) is set by the server only")
        }
    }
}
