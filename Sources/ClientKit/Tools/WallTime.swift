import Glibc

/// A moment of the wall clock, in the local time zone when it is shown.
package struct WallTime: Sendable, Equatable {
    package var seconds: Int
    package var nanoseconds: Int

    package init(seconds: Int, nanoseconds: Int) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    package static var now: WallTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(seconds: time.tv_sec, nanoseconds: time.tv_nsec)
    }

    var nanosecondDigits: [UInt8] {
        let digits = Array(String(nanoseconds).utf8)
        return Array(repeating: UInt8(ascii: "0"), count: max(0, 9 - digits.count)) + digits
    }

    /// `2016-08-10T09:47:38+0100`
    var iso8601: [UInt8] { strftime("%Y-%m-%dT%H:%M:%S%z") }

    /// `2020-05-06T22:12:00.000000+0100`
    var iso8601WithMicroseconds: [UInt8] {
        strftime("%Y-%m-%dT%H:%M:%S.") + nanosecondDigits.prefix(6) + strftime("%z")
    }

    /// One conversion of strftime.
    func formatted(_ conversion: UInt8) -> [UInt8] {
        strftime(String(decoding: [UInt8(ascii: "%"), conversion], as: UTF8.self))
    }

    private func strftime(_ format: String) -> [UInt8] {
        var time = time_t(seconds)
        var parts = tm()
        localtime_r(&time, &parts)
        var buffer = [CChar](repeating: 0, count: 256)
        let count = Glibc.strftime(&buffer, buffer.count, format, &parts)
        return buffer[..<count].map { UInt8(bitPattern: $0) }
    }
}
