/// What the rules make of a subscription.
package enum SubscriptionAccess: Sendable, Equatable {
    /// Every topic that the filter can match may be received: nothing to check on delivery.
    case allowed
    /// No topic that the filter can match may be received: refuse it, 0x87 "Not authorized".
    case denied
    /// Some may and some may not, or it would take too long to say: ask
    /// ``Identity/mayReceive(_:)-(UnsafeRawBufferPointer)`` for each message.
    case checkEachMessage
}
