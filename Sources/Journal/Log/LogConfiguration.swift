/// When a record counts as kept, chosen per log.
package enum Durability: String, Sendable, CaseIterable {
    /// On the medium: survives a power cut.
    case fsync
    /// Handed to the operating system: survives `kill -9`, not a power cut.
    case write
    /// In this process's memory only, and acknowledged at once: survives nothing.
    case memory
}

/// What happens to an append when the log has ``Retention/bytesMax`` bytes that somebody still needs.
package enum FullPolicy: String, Sendable, CaseIterable {
    /// Refuse the append with ``AppendRefusal/full``; the publisher is to be told.
    case refuse
    /// Unlink the oldest segments, needed or not, and leave a ``GapRecord``.
    case dropOldest
    /// Drop the append with ``AppendRefusal/dropped``, count it, and leave a ``GapRecord``.
    case dropNewest
}

/// How long records are kept.
///
/// Whole segments are unlinked, so limits are met to within one segment.
package struct Retention: Sendable, Equatable {
    /// Bytes of segment files. At least four segments: ``LogConfiguration/segmentBytes`` shrinks to fit.
    package var bytesMax: UInt64 = 4 << 30
    /// Records older than this go, needed or not; `nil` for no limit.
    package var ageMax: Duration?
    package var whenFull: FullPolicy = .refuse
    /// Whether records that no cursor needs any more go at once (a queue), or stay until a limit
    /// asks for their room (a stream whose history can be replayed).
    package var keepsHistory = false

    package init() {}

    package init(
        bytesMax: UInt64 = 4 << 30,
        ageMax: Duration? = nil,
        whenFull: FullPolicy = .refuse,
        keepsHistory: Bool = false
    ) {
        self.bytesMax = bytesMax
        self.ageMax = ageMax
        self.whenFull = whenFull
        self.keepsHistory = keepsHistory
    }
}

/// Everything that can be chosen about a log. Every limit is finite.
package struct LogConfiguration: Sendable {
    package var durability: Durability = .fsync
    package var retention = Retention()
    /// Size at which a new segment file is begun. 64 KiB to 1 GiB.
    package var segmentBytes = 64 << 20
    /// Memory for records that no commit has covered yet; when it is used up an append is refused
    /// with ``AppendRefusal/overloaded``. Half of it takes records while the other half is being
    /// written, and one eighth of each half is left to appends that ask for the reserve.
    /// 64 KiB to 1 GiB; pages are taken from the system as they are first used.
    package var stagingBytesMax = 16 << 20
    /// Longest payload of one record; no more than what half the staging memory can take.
    package var recordBytesMax = 4 << 20
    /// How long a commit waits for company. Zero commits as soon as the one before is done.
    package var commitDelay: Duration = .zero
    /// With a ``commitDelay``: bytes that make a commit start at once.
    package var commitBytes = 256 << 10
    /// Groups are filled up to a multiple of this, so that no sector that holds durable records is
    /// written again. 8 (no filling) to 4096, a power of two. A medium whose sectors can be lost
    /// whole while being rewritten (no power-loss protection, no atomic sector) wants its sector size.
    package var commitAlignmentBytes = 8
    /// Handles to segment files kept open for readers.
    package var openFilesMax = 32
    /// Checkpoints kept, the newest included.
    package var checkpointGenerations = 2
    /// Unusable files set aside at recovery that are kept, newest first.
    package var quarantineFilesMax = 4

    package init() {}

    package init(durability: Durability, retention: Retention = Retention()) {
        self.durability = durability
        self.retention = retention
    }
}

extension LogConfiguration {
    /// The same with every value inside its range.
    func normalized() -> LogConfiguration {
        var result = self
        result.retention.bytesMax = max(256 << 10, retention.bytesMax)
        let largest = Int(min(result.retention.bytesMax / 4, 1 << 30))
        result.segmentBytes = min(max(64 << 10, segmentBytes), largest) & ~4095
        // A group is never split between segments, so half the staging memory must fit into one.
        let half = min(max(64 << 10, stagingBytesMax) / 2, result.segmentBytes - SegmentHeader.byteCount)
        result.stagingBytesMax = (half & ~4095) * 2
        let most = StagingBuffer.recordBytesMax(capacity: half & ~4095)
        result.recordBytesMax = min(max(1, recordBytesMax), most)
        result.commitAlignmentBytes = 8
        while result.commitAlignmentBytes < min(commitAlignmentBytes, 4096) {
            result.commitAlignmentBytes *= 2
        }
        result.openFilesMax = max(2, openFilesMax)
        result.checkpointGenerations = max(1, checkpointGenerations)
        result.quarantineFilesMax = max(0, quarantineFilesMax)
        return result
    }
}
