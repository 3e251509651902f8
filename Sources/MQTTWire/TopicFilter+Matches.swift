extension TopicFilter {
    /// Whether a message published to `name` matches, MQTT 5.0 section 4.7: the rule as the standard
    /// words it, byte for byte `[MQTT-4.7.3-4]`. The broker's index must agree with it.
    ///
    /// Allocates nothing.
    ///
    /// - Parameter name: A valid topic name.
    package func matches(_ name: UnsafeRawBufferPointer) -> Bool {
        filter.withUnsafeBytes { Self.matches($0, name) }
    }

    package func matches(_ name: [UInt8]) -> Bool { name.withUnsafeBytes { matches($0) } }

    package func matches(_ name: String) -> Bool { matches(Array(name.utf8)) }

    private static func matches(_ filter: UnsafeRawBufferPointer, _ name: UnsafeRawBufferPointer) -> Bool {
        let (slash, hash, plus) = (UInt8(ascii: "/"), UInt8(ascii: "#"), UInt8(ascii: "+"))
        // [MQTT-4.7.2-1]: a wildcard in the first level passes over names that begin with '$'.
        if name.first == UInt8(ascii: "$"), filter.first == hash || filter.first == plus { return false }
        var (f, n) = (0, 0)
        while true {
            // Both stand at the beginning of a level.
            if f < filter.count, filter[f] == hash { return true }
            if f < filter.count, filter[f] == plus {
                f += 1
                while n < name.count, name[n] != slash { n += 1 }
            } else {
                while f < filter.count, filter[f] != slash {
                    guard n < name.count, name[n] == filter[f] else { return false }
                    f += 1
                    n += 1
                }
                guard n == name.count || name[n] == slash else { return false }
            }
            if f == filter.count { return n == name.count }
            // The filter has another level. '#' is the parent and everything below it, section 4.7.1.2.
            f += 1
            if n == name.count { return f + 1 == filter.count && filter[f] == hash }
            n += 1
        }
    }
}
