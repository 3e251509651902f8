import EventBus
import Journal
import MQTTWire
import Synchronization

/// How checkpoints are made: the shard's thread takes a picture of the sessions at a position, and when
/// everything before it is durable another thread writes it down, with the retained messages, which it reads
/// from the store that all shards share. The log before the picture is then needed by backlogs alone.
extension SessionStorage {
    /// A picture of the sessions.
    struct Picture {
        /// What the picture covers, as the log counts.
        var position: LogPosition
        /// Nothing before is needed by any session.
        var floor: LogPosition
        var sessions: [UInt8]
        var time: BusTime
    }

    /// Called at the end of each turn: a comparison, unless a checkpoint is due.
    func keepUp() {
        if progress.phase == .written {
            // The log gives back what is no longer needed when it commits, and a full one gets nothing to commit.
            progress.phase = .idle
            committer.requestCommit()
        }
        if picture != nil {
            writePicture()
        } else if isDue, let shard, progress.phase == .idle {
            takePicture(of: shard)
            writePicture()
        }
    }

    private var isDue: Bool {
        let end = log.endPosition
        if end &- picturedTo >= settings.checkpointBytes { return true }
        // A full journal gets little to write, and only a checkpoint tells it what is no longer needed.
        return wasRefused && settledSincePicture && wallSeconds() > lastPictureSecond
    }

    private func takePicture(of shard: BusShard) {
        let end = log.endPosition
        // What was never a session's own leaves no trace in the log: the core knows how far it is.
        state.advanceAll { shard.deliveredTo($0.clientID, end: end) }
        var floor = end
        let start = log.startPosition
        for session in state.sessions.values {
            floor = min(floor, session.floor(start: start))
        }
        picture = Picture(position: end, floor: floor, sessions: state.encode(), time: shard.now)
        picturedTo = end
        wasRefused = false
        settledSincePicture = false
        lastPictureSecond = wallSeconds()
    }

    /// Hands the picture on when the log has caught up with it.
    private func writePicture() {
        guard let picture, log.durablePosition >= picture.position else { return }
        self.picture = nil
        guard let site = shard?.sharedSite else { return }
        progress.phase = .writing
        let (log, progress, checkpointFailed) = (log, progress, checkpointFailed)
        background {
            do throws(LogError) {
                try Self.write(picture, site, to: log)
                log.setFloor(picture.floor)
            } catch {
                checkpointFailed(error)
            }
            progress.phase = .written
        }
    }

    private static func write(_ picture: Picture, _ site: BusSite, to log: Log) throws(LogError) {
        let writer = try log.beginCheckpoint(
            covering: picture.position,
            now: UInt64(picture.time.wall / 1_000_000)
        )
        var head = ByteBuilder()
        head.write(UInt32(picture.sessions.count))
        try writer.write(head.bytes)
        try writer.write(picture.sessions)
        // Retained messages are read later than the picture was taken: what changed in between is in the log
        // behind it, and applying that again changes nothing. Copied first: shards wait for the store meanwhile,
        // and are not to wait for the disk.
        var retained: [UInt8] = []
        site.retained.forEachStored(now: picture.time) { message, position in
            let size = MessageRecord.size(message)
            withUnsafeBytes(of: UInt32(size).littleEndian) { retained.append(contentsOf: $0) }
            withUnsafeBytes(of: position.littleEndian) { retained.append(contentsOf: $0) }
            let start = retained.count
            retained.append(contentsOf: repeatElement(0, count: size))
            retained.withUnsafeMutableBytes { memory in
                MessageRecord.write(message, to: UnsafeMutableRawBufferPointer(rebasing: memory[start...]))
            }
        }
        try writer.write(retained)
        try writer.finish()
    }
}

/// How far the writing of a checkpoint is; shared with the thread that writes it.
final class CheckpointProgress: Sendable {
    enum Phase: UInt8 {
        case idle, writing, written
    }

    private let value = Atomic<UInt8>(Phase.idle.rawValue)

    var phase: Phase {
        get { Phase(rawValue: value.load(ordering: .acquiring)) ?? .idle }
        set { value.store(newValue.rawValue, ordering: .releasing) }
    }
}
