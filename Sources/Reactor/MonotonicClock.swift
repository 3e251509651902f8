internal import Glibc

/// Clock readings in nanoseconds.
package enum MonotonicClock {
    /// Nanoseconds since an arbitrary start; never goes back.
    package static func now() -> UInt64 {
        read(CLOCK_MONOTONIC)
    }

    /// Nanoseconds since 1970-01-01 UTC; follows the administrator's corrections.
    package static func wall() -> UInt64 {
        read(CLOCK_REALTIME)
    }

    /// Holds the calling thread up.
    package static func sleep(nanoseconds: UInt64) {
        var time = timespec(
            tv_sec: Int(nanoseconds / 1_000_000_000),
            tv_nsec: Int(nanoseconds % 1_000_000_000)
        )
        nanosleep(&time, nil)
    }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
