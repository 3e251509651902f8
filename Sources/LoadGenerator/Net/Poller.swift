import CLoadGenerator
import Glibc

/// Readiness of many descriptors by epoll, level-triggered.
final class Poller {
    static let readable = EPOLLIN.rawValue
    static let writable = EPOLLOUT.rawValue
    static let broken = EPOLLERR.rawValue | EPOLLHUP.rawValue

    /// The token of the pacing timer.
    static let timerToken = UInt64.max

    private let descriptor: Int32
    private let timer: Int32
    private let events: UnsafeMutablePointer<epoll_event>
    private let capacity = 512

    init() throws {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw LoadError.system("epoll_create1") }
        timer = timerfd_create(CLOCK_MONOTONIC, Int32(TFD_NONBLOCK | TFD_CLOEXEC))
        events = .allocate(capacity: capacity)
        guard timer >= 0 else { throw LoadError.system("timerfd_create") }
        try add(timer, events: Self.readable, token: Self.timerToken)
    }

    deinit {
        close(timer)
        close(descriptor)
        events.deallocate()
    }

    func add(_ fd: Int32, events wanted: UInt32, token: UInt64) throws {
        try control(EPOLL_CTL_ADD, fd, wanted, token)
    }

    func change(_ fd: Int32, events wanted: UInt32, token: UInt64) throws {
        try control(EPOLL_CTL_MOD, fd, wanted, token)
    }

    func remove(_ fd: Int32) {
        var event = epoll_event()
        epoll_ctl(descriptor, EPOLL_CTL_DEL, fd, &event)
    }

    private func control(_ operation: Int32, _ fd: Int32, _ wanted: UInt32, _ token: UInt64) throws {
        var event = epoll_event()
        event.events = wanted
        event.data.u64 = token
        guard epoll_ctl(descriptor, operation, fd, &event) == 0 else { throw LoadError.system("epoll_ctl") }
    }

    /// Makes the timer fire at `nanoseconds` of the monotonic clock; 0 stops it.
    ///
    /// A timer descriptor is used because epoll_wait counts in milliseconds only.
    func setTimer(at nanoseconds: UInt64) {
        var setting = itimerspec()
        setting.it_value.tv_sec = Int(nanoseconds / 1_000_000_000)
        setting.it_value.tv_nsec = Int(nanoseconds % 1_000_000_000)
        timerfd_settime(timer, Int32(TFD_TIMER_ABSTIME), &setting, nil)
    }

    func clearTimer() {
        var expirations: UInt64 = 0
        _ = read(timer, &expirations, 8)
    }

    /// Waits for at most `milliseconds`.
    ///
    /// - Returns: how many descriptors are ready; ``token(_:)`` and ``readiness(_:)`` tell which and for what.
    @inline(__always)
    func wait(milliseconds: Int32) throws -> Int {
        let count = epoll_wait(descriptor, events, Int32(capacity), milliseconds)
        if count < 0 {
            if errno == EINTR { return 0 }
            throw LoadError.system("epoll_wait")
        }
        return Int(count)
    }

    @inline(__always)
    func token(_ index: Int) -> UInt64 { events[index].data.u64 }

    @inline(__always)
    func readiness(_ index: Int) -> UInt32 { events[index].events }
}
