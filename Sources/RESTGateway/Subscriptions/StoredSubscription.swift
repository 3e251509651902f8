import AppEnablement
import Bus
import MECModel

/// A subscription of MEC 012 or MEC 011, as it is kept.
struct StoredSubscription: Sendable, Codable {
    /// What to tell.
    enum Content: Sendable, Codable {
        case rni(RniSubscription)
        case availability(SerAvailabilityNotificationSubscription)
        case termination(AppTerminationNotificationSubscription)
    }

    let id: String
    /// `rni`, or `svc` and `app` with the application's identifier.
    let owner: String
    /// The name of who made it; `nil` where that was anonymous.
    let subscriber: String?
    /// Behind the API root: `/rni/v2/subscriptions/1`.
    let path: String
    var content: Content

    func isVisible(to name: String?) -> Bool { subscriber == nil || subscriber == name }

    /// How it is delivered, in one form for all.
    var delivery: SubscriptionDelivery {
        get {
            switch content {
            case .rni(let subscription): return subscription.delivery
            case .availability(let subscription):
                var delivery = SubscriptionDelivery(
                    callbackReference: subscription.callbackReference,
                    expiryDeadline: subscription.expiryDeadline
                )
                delivery.websockNotifConfig = subscription.websockNotifConfig
                delivery.requestTestNotification = subscription.requestTestNotification
                return delivery
            case .termination(let subscription):
                var delivery = SubscriptionDelivery(
                    callbackReference: subscription.callbackReference,
                    expiryDeadline: subscription.expiryDeadline
                )
                delivery.websockNotifConfig = subscription.websockNotifConfig
                delivery.requestTestNotification = subscription.requestTestNotification
                return delivery
            }
        }
        set {
            switch content {
            case .rni(var subscription):
                subscription.delivery = newValue
                content = .rni(subscription)
            case .availability(var subscription):
                subscription.callbackReference = newValue.callbackReference
                subscription.websockNotifConfig = newValue.websockNotifConfig
                subscription._links = newValue._links
                content = .availability(subscription)
            case .termination(var subscription):
                subscription.callbackReference = newValue.callbackReference
                subscription.websockNotifConfig = newValue.websockNotifConfig
                subscription._links = newValue._links
                content = .termination(subscription)
            }
        }
    }

    var typeName: String {
        switch content {
        case .rni(let subscription): subscription.filter.event.subscriptionType
        case .availability: SerAvailabilityNotificationSubscription.typeName
        case .termination: AppTerminationNotificationSubscription.typeName
        }
    }

    /// The topic, or filter, of the events that it is about.
    var filter: String {
        switch content {
        case .rni(let subscription): subscription.filter.event.annexATopic
        case .availability: AppEnablementTopics.availability("+")
        case .termination(let subscription): AppEnablementTopics.termination(subscription.appInstanceId)
        }
    }

    /// The resource, with its own URI.
    func body() throws -> [UInt8] {
        switch content {
        case .rni(let subscription): try JSONBody.encode(subscription)
        case .availability(let subscription): try JSONBody.encode(subscription)
        case .termination(let subscription): try JSONBody.encode(subscription)
        }
    }
}

/// An event of the bus with what filters need to know of it, looked up once for all subscriptions.
struct EventForSubscribers {
    let event: BusEvent
    private var rni: RniEventFacts?
    private var availability: ServiceAvailabilityNotification?

    init(_ event: BusEvent) {
        self.event = event
        if event.topic.hasPrefix("/rni/") {
            rni = try? JSONBody.decode(RniEventFacts.self, event.payload)
        } else if event.topic.hasPrefix(AppEnablementTopics.availability("")) {
            availability = try? JSONBody.decode(ServiceAvailabilityNotification.self, event.payload)
        }
    }

    func match(_ content: StoredSubscription.Content) -> Bool {
        switch content {
        case .rni(let subscription): return rni?.match(subscription.filter) ?? false
        case .availability(let subscription):
            guard let criteria = subscription.filteringCriteria else { return true }
            let category = event.userProperties.first { $0.name == SerAvailabilityCriteria.categoryProperty }
            return availability?.serviceReferences.contains {
                criteria.matches($0, category: category?.value)
            }
                ?? false
        case .termination: return true
        }
    }
}
