import Access
import Testing

@Suite struct AttemptThrottleTests {
    private let millisecond: UInt64 = 1_000_000
    private let second: UInt64 = 1_000_000_000
    private let address = AddressKey(ipv4: 192, 0, 2, 7)

    private func settings(addresses: Int = 100) -> AccessSettings.ThrottleSettings {
        var settings = AccessSettings.ThrottleSettings()
        settings.addressesMax = addresses
        settings.freeFailures = 2
        settings.firstDelayMilliseconds = 100
        settings.delayMaxMilliseconds = 1_000
        settings.forgetAfterSeconds = 60
        return settings
    }

    @Test func `the wait doubles up to its limit`() {
        let throttle = AttemptThrottle(settings())
        let waits = (0..<8).map { _ in throttle.failed(address, now: 0) / millisecond }
        #expect(waits == [0, 0, 100, 200, 400, 800, 1_000, 1_000])
    }

    @Test func `the wait runs from the last failure`() {
        let throttle = AttemptThrottle(settings())
        for _ in 0..<4 { throttle.failed(address, now: 10 * second) }
        #expect(throttle.wait(for: address, now: 10 * second) == 200 * millisecond)
        #expect(throttle.wait(for: address, now: 10 * second + 150 * millisecond) == 50 * millisecond)
        #expect(throttle.wait(for: address, now: 10 * second + 200 * millisecond) == 0)
        // A clock that runs backwards does not make the wait longer than the rules say.
        #expect(throttle.wait(for: AddressKey(ipv4: 192, 0, 2, 8), now: 0) == 0)
    }

    @Test func `time forgets`() {
        let throttle = AttemptThrottle(settings())
        for _ in 0..<7 { throttle.failed(address, now: 0) }
        #expect(throttle.failed(address, now: 59 * second) == 1_000 * millisecond)
        #expect(throttle.failed(address, now: 59 * second + 60 * second) == 0)
    }

    @Test func `IPv6 counts by 64 bits, IPv4 by address`() throws {
        let throttle = AttemptThrottle(settings())
        let a = try #require(
            AddressKey(bytes: [0x20, 1, 0xd, 0xb8, 0, 0, 0, 1] + [UInt8](repeating: 1, count: 8))
        )
        let b = try #require(
            AddressKey(bytes: [0x20, 1, 0xd, 0xb8, 0, 0, 0, 1] + [UInt8](repeating: 2, count: 8))
        )
        let c = try #require(
            AddressKey(bytes: [0x20, 1, 0xd, 0xb8, 0, 0, 0, 2] + [UInt8](repeating: 1, count: 8))
        )
        for _ in 0..<3 { throttle.failed(a, now: 0) }
        #expect(throttle.wait(for: b, now: 0) > 0)
        #expect(throttle.wait(for: c, now: 0) == 0)
        for _ in 0..<3 { throttle.failed(address, now: 0) }
        #expect(throttle.wait(for: AddressKey(ipv4: 192, 0, 2, 8), now: 0) == 0)
        #expect(try #require(AddressKey(bytes: [192, 0, 2, 7])) == address)
        #expect(AddressKey(bytes: [1, 2, 3]) == nil)
    }

    @Test func `the table is bounded and the oldest make room`() {
        let throttle = AttemptThrottle(settings(addresses: 32))
        for host in 0..<200 as Range<UInt8> {
            for _ in 0..<3 {
                throttle.failed(AddressKey(ipv4: 10, 0, 0, host), now: UInt64(host) * millisecond)
            }
            #expect(throttle.count <= 32)
        }
        let end = 200 * millisecond
        #expect(throttle.wait(for: AddressKey(ipv4: 10, 0, 0, 199), now: end) > 0)
        #expect(throttle.wait(for: AddressKey(ipv4: 10, 0, 0, 100), now: end) == 0)
        #expect(throttle.count > 16)
    }

    @Test func `a table for no address remembers nothing`() {
        let throttle = AttemptThrottle(settings(addresses: 0))
        for _ in 0..<9 { #expect(throttle.failed(address, now: 0) == 0) }
        #expect(throttle.count == 0)
    }

    @Test func `no setting traps`() {
        var settings = settings()
        settings.firstDelayMilliseconds = .max
        settings.delayMaxMilliseconds = .max
        settings.freeFailures = 0
        let throttle = AttemptThrottle(settings)
        for _ in 0..<100 { #expect(throttle.failed(address, now: .max) == .max) }
        #expect(throttle.wait(for: address, now: 0) == .max)
    }
}
