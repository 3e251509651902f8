extension Log {
    /// A position from which to look for records of a time: every record before it was committed earlier.
    ///
    /// Reads the headers of a few segments. The result is at most one segment too early.
    ///
    /// - Parameter time: milliseconds since 1970, of the clock given to ``commitOnce(now:)``.
    package func position(before time: UInt64) throws(LogError) -> LogPosition {
        let bases = shared.withLock { shared in (0..<shared.table.count).map { shared.table[$0].base } }
        var low = 0
        var high = bases.count
        while low < high {
            let middle = (low + high) / 2
            do throws(LogError) {
                if try header(of: bases[middle]).createdAt <= time { low = middle + 1 } else { high = middle }
            } catch {
                // Dropped in the meantime: what is looked for lies behind it.
                guard error.cause?.isMissing == true else { throw error }
                low = middle + 1
            }
        }
        return low == 0 ? startPosition : max(bases[low - 1], startPosition)
    }
}
