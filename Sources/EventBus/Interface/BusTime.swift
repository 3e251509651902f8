/// The time of one turn of the loop. The core has no clock: whoever drives it says what time it is.
package struct BusTime: Sendable, Equatable {
    /// Nanoseconds of a clock that never goes back; for time-outs and expiry while running.
    package var monotonic: UInt64
    /// Nanoseconds since 1970 UTC; for what must outlive the process and for people.
    package var wall: Int64

    package init(monotonic: UInt64, wall: Int64) {
        self.monotonic = monotonic
        self.wall = wall
    }

    /// Whole seconds of the monotonic clock: the resolution of keep alive and expiry.
    @inlinable package var seconds: UInt32 { UInt32(truncatingIfNeeded: monotonic / 1_000_000_000) }
    @inlinable package var wallSeconds: Int64 { wall / 1_000_000_000 }
}
