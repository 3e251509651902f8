import Glibc

/// Nanoseconds of the monotonic clock.
package enum Clock {
    @inline(__always)
    package static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    package static func seconds(_ nanoseconds: UInt64) -> Double { Double(nanoseconds) / 1e9 }

    package static func nanoseconds(_ seconds: Double) -> UInt64 {
        guard seconds > 0 else { return 0 }
        return seconds > 1e9 ? 1_000_000_000_000_000_000 : UInt64(seconds * 1e9)
    }
}
