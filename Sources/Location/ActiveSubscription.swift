import MECModel

/// A subscription at work.
struct ActiveSubscription: Sendable {
    enum Work: Sendable {
        /// Its user was in the watched area; `nil` before that is known.
        case userLocationEvent(isInside: Bool)
        case userLocationPeriodic(next: RadioTime, remaining: UInt32)
        case zoneLocationEvent
        case zoneStatus
        case userArea(AreaShape, addresses: Set<String>)
        case userDistance(DistanceWatch)
    }

    let id: String
    let subscription: LocationSubscription
    var control: ReportingControl
    let expiry: RadioTime?
    var work: Work

    /// When time alone next brings something: a report, a notification that waits, or the end.
    var due: RadioTime {
        var due = min(expiry ?? RadioTime(nanoseconds: .max), control.nextDue ?? RadioTime(nanoseconds: .max))
        if case .userLocationPeriodic(let next, _) = work { due = min(due, next) }
        return due
    }

    /// The zone it watches, for those that watch one by name.
    var zoneId: String? {
        switch subscription.criteria {
        case .zoneLocationEvent(let criteria): criteria.zoneId
        case .zoneStatus(let criteria): criteria.zoneId
        default: nil
        }
    }
}
