/// AppInfo, MEC 011 7.1.2.6: an application instance as it registers itself.
package struct AppInfo: Hashable, Sendable, Codable {
    package var appName: String
    package var appProvider: String?
    package var appCategory: CategoryRef?
    package var appDId: String?
    /// Chosen by Weir where the application does not say it.
    package var appInstanceId: String?
    package var endpoint: EndPointInfo?
    package var appServiceRequired: [ServiceDependency]?
    package var appServiceOptional: [ServiceDependency]?
    package var appFeatureRequired: [FeatureDependency]?
    package var appFeatureOptional: [FeatureDependency]?
    package var isInsByMec: Bool?
    package var appProfile: JSONTree?

    package init(appName: String, appInstanceId: String? = nil) {
        self.appName = appName
        self.appInstanceId = appInstanceId
    }

    package func check() throws(RequestFault) {
        try requireText(appName, "appName")
        if let appInstanceId { try AppInfo.check(identifier: appInstanceId, "appInstanceId") }
        try endpoint?.check("endpoint")
        // 7.1.2.6: an application that the MEC system instantiated has an identifier already.
        if isInsByMec == true, appInstanceId == nil {
            throw .invalid(
                "appInstanceId",
                expected: "an identifier, since isInsByMec is true",
                found: "nothing"
            )
        }
        try checkPresence()
        for (list, name) in [
            (appServiceRequired, "appServiceRequired"), (appServiceOptional, "appServiceOptional"),
        ] {
            for (index, dependency) in (list ?? []).enumerated() {
                try requireText(dependency.serName, "\(name)[\(index)].serName")
            }
        }
    }

    /// Which members go together, 7.1.2.6. Where ``isInsByMec`` is left out, nothing is asked for by its default.
    private func checkPresence() throws(RequestFault) {
        if isInsByMec == true, appDId == nil {
            throw .invalid(
                "appDId",
                expected: "the application's AppD, since isInsByMec is true",
                found: "nothing"
            )
        }
        if isInsByMec == false, endpoint == nil {
            throw .invalid("endpoint", expected: "an endpoint, since isInsByMec is false", found: "nothing")
        }
        guard appDId != nil else { return }
        for (isThere, name) in [
            (appServiceRequired != nil, "appServiceRequired"),
            (appServiceOptional != nil, "appServiceOptional"),
            (appFeatureRequired != nil, "appFeatureRequired"),
            (appFeatureOptional != nil, "appFeatureOptional"),
        ] where isThere {
            throw .invalid(
                name,
                expected: "nothing, since the AppD that appDId names says it",
                found: "a list"
            )
        }
    }

    /// An identifier is one level of topics and one segment of paths.
    static func check(identifier: String, _ field: String) throws(RequestFault) {
        let isFit =
            (1...128).contains(identifier.utf8.count)
            && identifier.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                    UInt8(ascii: "."), UInt8(ascii: ":"):
                    true
                default: false
                }
            }
        guard isFit else {
            throw .invalid(
                field,
                expected: "1 to 128 of a-z, A-Z, 0-9, \"-\", \"_\", \".\" and \":\"",
                found: identifier
            )
        }
    }
}

/// ServiceDependency, MEC 010-2 6.2.1.7, as far as MEC 011 uses it.
package struct ServiceDependency: Hashable, Sendable, Codable {
    package var serName: String
    package var serCategory: CategoryRef?
    package var version: String
    package var serTransportDependencies: [JSONTree]?
    package var requestedPermissions: JSONTree?
}

/// FeatureDependency, MEC 010-2 6.2.1.11.
package struct FeatureDependency: Hashable, Sendable, Codable {
    package var featureName: String
    package var version: String
}

/// AppReadyConfirmation, MEC 011 7.1.2.9.
package struct AppReadyConfirmation: Hashable, Sendable, Codable {
    package enum Indication: String, Hashable, Sendable, Codable { case ready = "READY" }
    package var indication: Indication
}

/// OperationActionType, MEC 011 7.1.5.8.
package enum OperationAction: String, Hashable, Sendable, Codable, CaseIterable {
    case stopping = "STOPPING"
    case terminating = "TERMINATING"
}

/// AppTerminationConfirmation, MEC 011 7.1.2.8.
package struct AppTerminationConfirmation: Hashable, Sendable, Codable {
    package var operationAction: OperationAction
}

/// What an operator asks for: the application is told, and has so many seconds.
package struct AppTerminationRequest: Hashable, Sendable, Codable {
    package var operationAction: OperationAction
    /// Seconds, 1…86,400.
    package var maxGracefulTimeout: UInt32

    package init(operationAction: OperationAction, maxGracefulTimeout: UInt32) {
        self.operationAction = operationAction
        self.maxGracefulTimeout = maxGracefulTimeout
    }
}
