import Glibc
import Journal

/// A file's contents, as the process sees them and as they are on the medium.
final class SimulatedNode {
    var cache: [UInt8] = []
    var medium: [UInt8] = []
    /// Written, or cut, since the last sync.
    var dirty: [Range<Int>] = []
    var isSizeDirty = false

    func sync() {
        for range in dirty { persist(range) }
        resizeMedium(to: cache.count)
        dirty = []
        isSizeDirty = false
    }

    /// Puts a range of the cache on the medium.
    func persist(_ range: Range<Int>) {
        let range = range.clamped(to: 0..<cache.count)
        guard !range.isEmpty else { return }
        if medium.count < range.upperBound { resizeMedium(to: range.upperBound) }
        medium.replaceSubrange(range, with: cache[range])
    }

    func resizeMedium(to count: Int) {
        if medium.count > count {
            medium.removeLast(medium.count - count)
        } else {
            medium.append(contentsOf: repeatElement(0, count: count - medium.count))
        }
    }
}

final class SimulatedLock: DiskLock {}

struct WeakLock {
    weak var holder: SimulatedLock?
}

/// Everything about a simulated disk, under its lock.
///
/// Sendable because it is only reached under that lock.
struct SimulatedDiskState: @unchecked Sendable {
    enum Change {
        case create(String, SimulatedNode)
        case rename(String, String)
        case remove(String)
    }

    var names: [String: SimulatedNode] = [:]
    var durableNames: [String: SimulatedNode] = [:]
    /// From `durableNames` to `names`, in order.
    var changes: [Change] = []
    var locks: [String: WeakLock] = [:]
    var faults = DiskFaults()
    var counts = DiskCounts()
    var elapsed: Duration = .zero
    var isStopped = false
    /// Grows at every crash: handles of an earlier life are dead.
    var life = 0
    var random: SimulatedRandom
    let sectorBytes: Int

    init(seed: UInt64, sectorBytes: Int) {
        random = SimulatedRandom(seed: seed)
        self.sectorBytes = sectorBytes
    }

    var usedBytes: UInt64 { names.values.reduce(0) { $0 + UInt64($1.cache.count) } }

    // MARK: - Operations

    /// Counts an operation, and throws what the faults have for it.
    mutating func begin(_ operation: DiskError.Operation, _ path: String) throws(DiskError) {
        if isStopped { throw DiskError(operation, path, code: EIO) }
        counts.operations += 1
        if let left = faults.stopAfter {
            if left == 0 {
                isStopped = true
                throw DiskError(operation, path, code: EIO)
            }
            faults.stopAfter = left - 1
        }
        switch operation {
        case .create, .rename, .remove, .truncate, .write:
            if faults.isReadOnly { throw DiskError(operation, path, code: EROFS) }
        default: break
        }
        switch operation {
        case .create:
            if Self.spend(&faults.failCreates) { throw DiskError(operation, path, code: EIO) }
        case .syncDirectory:
            counts.directorySyncs += 1
            elapsed += faults.syncLatency
            if Self.spend(&faults.failSyncs) { throw DiskError(operation, path, code: EIO) }
        default: break
        }
    }

    static func spend(_ count: inout Int) -> Bool {
        guard count > 0 else { return false }
        if count != .max { count -= 1 }
        return true
    }

    mutating func change(_ change: Change) {
        changes.append(change)
        Self.apply(change, to: &names)
    }

    private static func apply(_ change: Change, to names: inout [String: SimulatedNode]) {
        switch change {
        case .create(let path, let node): names[path] = node
        case .rename(let path, let newPath):
            if let node = names.removeValue(forKey: path) { names[newPath] = node }
        case .remove(let path): names[path] = nil
        }
    }

    // MARK: - The end of a life

    mutating func kill() {
        life += 1
        locks = [:]
        isStopped = false
        faults = DiskFaults()
    }

    mutating func crash() {
        let happened = changes.isEmpty ? 0 : Int(random.next() % UInt64(changes.count + 1))
        for change in changes[..<happened] { Self.apply(change, to: &durableNames) }
        changes = []
        let losesWholeSectors = faults.losesWholeSectors
        // In the order of their names, so that the same seed does the same.
        for (_, node) in durableNames.sorted(by: { $0.key < $1.key }) {
            lose(node, wholeSectors: losesWholeSectors)
        }
        names = durableNames
        kill()
    }

    /// Decides what of a file's unsynced contents reached the medium.
    private mutating func lose(_ node: SimulatedNode, wholeSectors: Bool) {
        let mood = random.next() % 4
        for range in node.dirty {
            var start = range.lowerBound
            while start < range.upperBound {
                let end = min(range.upperBound, (start / sectorBytes + 1) * sectorBytes)
                loseSector(node, start..<end, mood: mood, wholeSectors: wholeSectors)
                start = end
            }
        }
        if node.isSizeDirty {
            switch random.next() % 3 {
            case 0: node.resizeMedium(to: node.cache.count)
            case 1 where node.cache.count > node.medium.count:
                let more = UInt64(node.cache.count - node.medium.count)
                node.resizeMedium(to: node.medium.count + Int(random.next() % (more + 1)))
            default: break
            }
        }
        node.cache = node.medium
        node.dirty = []
        node.isSizeDirty = false
    }

    /// - Parameter mood: One crash in four loses all of a file, one keeps all; the others mix.
    private mutating func loseSector(
        _ node: SimulatedNode,
        _ range: Range<Int>,
        mood: UInt64,
        wholeSectors: Bool
    ) {
        switch mood {
        case 0: return
        case 1: node.persist(range)
        default:
            switch random.next() % 8 {
            case 0...2: return
            case 3...5: node.persist(range)
            case 6:
                let torn = range.lowerBound + Int(random.next() % UInt64(range.count + 1))
                node.persist(range.lowerBound..<torn)
            default:
                let start = wholeSectors ? range.lowerBound / sectorBytes * sectorBytes : range.lowerBound
                let end = range.upperBound
                if node.medium.count < end { node.resizeMedium(to: end) }
                node.medium.replaceSubrange(start..<end, with: random.bytes(end - start))
            }
        }
    }
}
