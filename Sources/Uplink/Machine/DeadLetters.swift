package import Journal
import Reactor

/// Batches that the far side refused for good, with its reason: a log of their own, the oldest go first.
///
/// Each record is one protobuf message: reason (1), milliseconds since 1970 (2), lane (3), the batch (4).
package final class DeadLetters {
    static let recordType: UInt16 = 1
    private let log: Log

    package init(directory: String, bytesMaximum: UInt64, on disk: any Disk = POSIXDisk()) throws(LogError) {
        var configuration = LogConfiguration(
            durability: .fsync,
            retention: Retention(bytesMax: bytesMaximum, whenFull: .dropOldest, keepsHistory: true)
        )
        configuration.stagingBytesMax = 64 << 20
        configuration.recordBytesMax = 24 << 20
        log = try Log.open(
            directory,
            on: disk,
            configuration: configuration,
            now: MonotonicClock.wall() / 1_000_000
        ).log
    }

    /// Keeps a batch; on the disk when this returns.
    ///
    /// - Throws: when the log takes nothing; the batch is then still the lane's.
    func put(_ batch: EncodedBatch, reason: String) throws {
        var writer = ProtobufWriter()
        writer.text(1, reason)
        writer.varint(2, MonotonicClock.wall() / 1_000_000)
        writer.text(3, batch.header.lane)
        writer.bytes(4, batch.bytes)
        _ = try log.append(type: Self.recordType, writer.output)
        guard case .committed = log.commitOnce(now: MonotonicClock.wall() / 1_000_000) else {
            throw LogError(.disk, "dead letters: the log is \(log.state)")
        }
    }

    func close() { log.close(now: MonotonicClock.wall() / 1_000_000) }
}
