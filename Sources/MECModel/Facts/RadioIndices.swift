// Small numbers that stand for cells, zones, terminals and sources, so that an event is a few words
// and a service finds its state in an array. ``RadioInventory`` gives them out; they begin at 0 and
// stay dense, and a number may come back for another terminal once ``RadioInventory/release(_:)``
// was called for the first.

/// A point of access: E-UTRA or NR cell, or Wi-Fi access point.
package struct CellIndex: Hashable, Sendable, BitwiseCopyable, Comparable {
    package let value: UInt32
    package init(_ value: UInt32) { self.value = value }
    package var offset: Int { Int(value) }
    package static func < (a: Self, b: Self) -> Bool { a.value < b.value }
}

/// A terminal (UE).
package struct TerminalIndex: Hashable, Sendable, BitwiseCopyable, Comparable {
    package let value: UInt32
    package init(_ value: UInt32) { self.value = value }
    package var offset: Int { Int(value) }
    package static func < (a: Self, b: Self) -> Bool { a.value < b.value }
}

/// A zone: a named group of points of access, MEC 013 6.2.
package struct ZoneIndex: Hashable, Sendable, BitwiseCopyable, Comparable {
    package let value: UInt32
    package init(_ value: UInt32) { self.value = value }
    package var offset: Int { Int(value) }
    package static func < (a: Self, b: Self) -> Bool { a.value < b.value }
}

/// Where a fact came from: a scenario, a trace file, a base station, an MQTT client.
package struct SourceIndex: Hashable, Sendable, BitwiseCopyable, Comparable {
    package let value: UInt16
    package init(_ value: UInt16) { self.value = value }
    package var offset: Int { Int(value) }
    package static func < (a: Self, b: Self) -> Bool { a.value < b.value }
}
