import Synchronization

/// The change counter of a shard's subscriptions, for any thread to read.
///
/// It moves before a subscription is acknowledged: whoever has seen an earlier one does not know yet what the
/// subscriber wants.
package final class InterestVersion: Sendable {
    private let value = Atomic<UInt32>(1)

    package var current: UInt32 { value.load(ordering: .acquiring) }

    func set(_ generation: UInt32) { value.store(generation, ordering: .releasing) }
}
