import Access
import Testing

@Suite struct TokenBucketTests {
    private let second: UInt64 = 1_000_000_000

    @Test func `a fresh bucket is full at whatever time`() {
        var bucket = TokenBucket(rate: 10, burst: 5)
        let now = 123 * second
        let taken = (0..<10).filter { _ in bucket.take(now: now) }.count
        #expect(taken == 5)
    }

    @Test func `units come back at the rate`() {
        var bucket = TokenBucket(rate: 10, burst: 5)
        #expect(bucket.take(5, now: 0) == true)
        #expect(bucket.take(now: 99_999_999) == false)
        #expect(bucket.wait(now: 99_999_999) == 1)
        #expect(bucket.take(now: 100_000_000) == true)
        #expect(bucket.take(now: 150_000_000) == false)
        #expect(bucket.take(now: 200_000_000) == true)
    }

    @Test func `asking often loses no fraction of a unit`() {
        var bucket = TokenBucket(rate: 3, burst: 1)
        var taken = 0
        for now in stride(from: 0 as UInt64, through: 100 * second, by: 7_000_001) where bucket.take(now: now)
        {
            taken += 1
        }
        // 300 units in 100 s and the first; the last few may still be on the way.
        #expect((295...301).contains(taken))
    }

    @Test func `a bucket never holds more than its burst`() {
        var bucket = TokenBucket(rate: 1_000_000, burst: 3)
        #expect(bucket.take(3, now: 0) == true)
        #expect(bucket.take(3, now: 3_600 * second) == true)
        #expect(bucket.take(now: 3_600 * second) == false)
        #expect(bucket.take(4, now: 7_200 * second) == false)
        #expect(bucket.wait(for: 4, now: 7_200 * second) == nil)
    }

    @Test func `a time that runs backwards gives nothing and takes nothing`() {
        var bucket = TokenBucket(rate: 10, burst: 1)
        #expect(bucket.take(now: 5 * second) == true)
        #expect(bucket.take(now: 1 * second) == false)
        #expect(bucket.take(now: 5 * second + 100_000_000) == true)
    }

    @Test func `a debt is paid in time and is bounded`() {
        var bucket = TokenBucket(rate: 100, burst: 100)
        #expect(bucket.spend(100, now: 0) == 0)
        #expect(bucket.spend(50, now: 0) == second / 2)
        #expect(bucket.spend(.max, now: 0) == second)
        #expect(bucket.take(now: second) == false)
        #expect(bucket.spend(0, now: second) == 0)
        #expect(bucket.take(100, now: 2 * second) == true)
    }

    @Test(arguments: [0, 1, 3, 1_000, UInt64.max / 2, .max - 1, .max], [0, 1, UInt64.max])
    func `no rate, burst or time traps`(rate: UInt64, burst: UInt64) {
        var bucket = TokenBucket(rate: rate, burst: burst)
        for now in [0, 1, second, UInt64.max / 2, .max] {
            for count in [0, 1, UInt64.max] {
                _ = bucket.take(count, now: now)
                _ = bucket.spend(count, now: now)
                _ = bucket.wait(for: count, now: now)
            }
        }
        if rate == .max { #expect(bucket.take(.max, now: 0) == true) }
        if rate == 0, burst == 1 { #expect(bucket.wait(now: .max) == nil) }
    }
}
