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
        for (id, session) in state.sessions {
            // What was never a session's own leaves no trace in the log: the core knows how far it is.
            guard let position = shard.deliveredTo(session.clientID, end: end), position > session.sentTo
            else {
                continue
            }
            state.advance(id, to: position)
        }
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
        let (log, progress) = (log, progress)
        background {
            // One that cannot be written is missed by nobody but the next start, which reads more.
            if (try? Self.write(picture, site, to: log)) != nil { log.setFloor(picture.floor) }
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
        // behind it, and applying that again changes nothing.
        var piece: [UInt8] = []
        var failure: LogError?
        site.retained.forEachStored(now: picture.time) { message, position in
            guard failure == nil else { return }
            let size = MessageRecord.size(message)
            withUnsafeBytes(of: UInt32(size).littleEndian) { piece.append(contentsOf: $0) }
            withUnsafeBytes(of: position.littleEndian) { piece.append(contentsOf: $0) }
            let start = piece.count
            piece.append(contentsOf: repeatElement(0, count: size))
            piece.withUnsafeMutableBytes { memory in
                MessageRecord.write(message, to: UnsafeMutableRawBufferPointer(rebasing: memory[start...]))
            }
            guard piece.count >= 256 << 10 else { return }
            do throws(LogError) { try writer.write(piece) } catch { failure = error }
            piece.removeAll(keepingCapacity: true)
        }
        if let failure { throw failure }
        try writer.write(piece)
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
