/// Where sources hand in what happened.
package protocol RadioFactSink: Sendable {
    /// Takes a batch and returns at once; batches of one caller keep their order.
    ///
    /// - Returns: `false` when the inbox is full and nothing of the batch was taken. The source then
    ///   waits, or drops the batch and counts it; definitions and removals must be handed in again.
    func accept(_ batch: RadioBatch) -> Bool
}
