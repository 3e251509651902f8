/// Which sequences of one lane and epoch are accounted for: half-open ranges, each from behind `after` up to and
/// with `last`, ascending, apart from each other.
///
/// With one collector there is one range, from 0 to the watermark. Batches that several collectors of a shared
/// subscription store out of order make more, for as long as one is under way.
package struct Coverage: Sendable, Equatable {
    package struct Range: Sendable, Equatable {
        package var after: UInt64
        package var last: UInt64

        package init(after: UInt64, last: UInt64) {
            self.after = after
            self.last = last
        }
    }

    package private(set) var ranges: [Range]

    /// - Parameter ranges: as they were stored.
    package init(_ ranges: [Range] = []) {
        self.ranges = []
        for range in ranges { insert(range) }
    }

    /// Everything up to here is stored.
    package var watermark: UInt64 {
        guard let first = ranges.first, first.after == 0 else { return 0 }
        return first.last
    }

    /// Sequences below the newest that are not there, or not yet.
    package var missing: UInt64 {
        var (count, end): (UInt64, UInt64) = (0, 0)
        for range in ranges {
            count += range.after - end
            end = range.last
        }
        return count
    }

    package func contains(_ sequence: UInt64) -> Bool {
        index(of: sequence) != nil
    }

    /// Whether all of a range is there.
    package func contains(_ range: Range) -> Bool {
        guard let index = index(of: range.last) else { return false }
        return ranges[index].after <= range.after
    }

    package func intersects(_ range: Range) -> Bool {
        range.after < range.last && ranges.contains { $0.after < range.last && range.after < $0.last }
    }

    /// Adds a range; what touches it becomes one with it.
    package mutating func insert(_ range: Range) {
        guard range.after < range.last else { return }
        var merged = range
        var low = 0
        while low < ranges.count, ranges[low].last < range.after { low += 1 }
        var high = low
        while high < ranges.count, ranges[high].after <= range.last {
            merged.after = min(merged.after, ranges[high].after)
            merged.last = max(merged.last, ranges[high].last)
            high += 1
        }
        ranges.replaceSubrange(low..<high, with: CollectionOfOne(merged))
    }

    private func index(of sequence: UInt64) -> Int? {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].last < sequence { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].after < sequence ? low : nil
    }
}
