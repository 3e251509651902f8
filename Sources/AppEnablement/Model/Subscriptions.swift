package import MECModel

/// AppTerminationNotificationSubscription, MEC 011 7.1.3.2.
package struct AppTerminationNotificationSubscription: Hashable, Sendable, Codable {
    package static let typeName = "AppTerminationNotificationSubscription"

    package var subscriptionType: String
    package var callbackReference: String?
    package var websockNotifConfig: WebsockNotifConfig?
    package var requestTestNotification: Bool?
    package var expiryDeadline: TimeStamp?
    package var _links: SelfLink?
    package var appInstanceId: String
}

/// SerAvailabilityNotificationSubscription, MEC 011 8.1.3.2.
package struct SerAvailabilityNotificationSubscription: Hashable, Sendable, Codable {
    package static let typeName = "SerAvailabilityNotificationSubscription"

    package var subscriptionType: String
    package var callbackReference: String?
    package var websockNotifConfig: WebsockNotifConfig?
    package var requestTestNotification: Bool?
    package var expiryDeadline: TimeStamp?
    package var _links: SelfLink?
    package var filteringCriteria: SerAvailabilityCriteria?
}

/// The filteringCriteria of the same clause. What is absent does not narrow.
package struct SerAvailabilityCriteria: Hashable, Sendable, Codable {
    /// The user property of availability events that has the category's id.
    package static let categoryProperty = "sercategory"

    package var serInstanceIds: [String]?
    package var serNames: [String]?
    package var serCategories: [CategoryRef]?
    package var states: [ServiceState]?
    package var isLocal: Bool?

    package func check() throws(RequestFault) {
        let given = [serInstanceIds != nil, serNames != nil, serCategories != nil].count { $0 }
        guard given <= 1 else {
            throw .invalid(
                "filteringCriteria",
                expected: "at most one of serInstanceIds, serNames and serCategories",
                found: "\(given) of them"
            )
        }
    }

    /// - Parameters:
    ///   - reference: The one service that the event is about.
    ///   - category: Of ``categoryProperty``.
    package func matches(_ reference: ServiceReference, category: String?) -> Bool {
        // Everything that is registered here is at this site.
        if isLocal == false { return false }
        if let serInstanceIds, !serInstanceIds.contains(reference.serInstanceId) { return false }
        if let serNames, !serNames.contains(reference.serName) { return false }
        if let serCategories, !serCategories.contains(where: { $0.id == category }) { return false }
        if let states, !states.contains(reference.state) { return false }
        return true
    }
}

/// ServiceAvailabilityNotification, MEC 011 8.1.4.2, as far as subscriptions look into it.
package struct ServiceAvailabilityNotification: Sendable, Codable {
    package var serviceReferences: [ServiceReference]
}

package struct ServiceReference: Hashable, Sendable, Codable {
    package var serName: String
    package var serInstanceId: String
    package var state: ServiceState
    package var changeType: ServiceChange
}
