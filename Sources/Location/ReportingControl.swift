import MECModel

/// Keeps a subscription's notifications to its ReportingCtrl, MEC 013 6.5: an interval between them
/// and a number in all.
///
/// What comes too early waits. Of one user only the newest event waits, and an event and its
/// opposite cancel out: at the end the subscriber knows how things are, with no more notifications
/// than it asked for.
struct ReportingControl: Sendable {
    enum Decision: Equatable {
        case send
        /// It waits, or took away what waited.
        case keep
        /// Too many wait already.
        case drop
    }

    private struct Waiting: Sendable {
        var key: String
        var notification: LocationNotification
    }

    /// Notifications that may wait.
    static let waitingLimit = 1_000

    private let interval: Int64
    private let maximumCount: UInt32?
    private var sent: UInt32 = 0
    private var nextAllowed = RadioTime(nanoseconds: .min)
    private var waiting: [Waiting] = []

    init(_ control: ReportingCtrl?) {
        let seconds = max(control?.minimumInterval ?? 0, control?.maximumFrequency ?? 0)
        interval = Int64(seconds) * 1_000_000_000
        maximumCount = control?.maximumCount.flatMap { $0 == 0 ? nil : $0 }
    }

    /// The number of notifications is used up.
    var isExhausted: Bool { maximumCount.map { sent >= $0 } ?? false }

    /// - Parameter key: The user that the notification is about; one waits for each.
    mutating func offer(_ notification: LocationNotification, key: String, now: RadioTime) -> Decision {
        guard !isExhausted else { return .drop }
        if waiting.isEmpty, now >= nextAllowed {
            count(now)
            return .send
        }
        if let index = waiting.firstIndex(where: { $0.key == key }) {
            if waiting[index].notification.isOpposite(of: notification) {
                waiting.remove(at: index)
            } else {
                waiting[index].notification = notification
            }
            return .keep
        }
        guard waiting.count < Self.waitingLimit else { return .drop }
        waiting.append(Waiting(key: key, notification: notification))
        return .keep
    }

    /// When the first that waits may be sent; `nil` while none waits.
    var nextDue: RadioTime? { waiting.isEmpty ? nil : nextAllowed }

    /// The notification that is due now.
    mutating func due(now: RadioTime) -> LocationNotification? {
        guard now >= nextAllowed, !waiting.isEmpty, !isExhausted else { return nil }
        count(now)
        return waiting.removeFirst().notification
    }

    private mutating func count(_ now: RadioTime) {
        sent &+= 1
        nextAllowed = now.advanced(byNanoseconds: interval)
    }
}

extension LocationNotification {
    /// Entering against leaving, of the same place.
    fileprivate func isOpposite(of other: LocationNotification) -> Bool {
        switch (self, other) {
        case (.zoneLocationEvent(let a), .zoneLocationEvent(let b)): a.event != b.event
        case (.userArea(let a), .userArea(let b)): a.event != b.event
        default: false
        }
    }
}
