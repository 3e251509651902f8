package import MECModel

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The machine's clock.
package enum SystemTime {
    /// Now, in nanoseconds since 1970 UTC.
    package static func now() -> RadioTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return RadioTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
