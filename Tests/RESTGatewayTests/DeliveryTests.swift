import RESTGateway
import Testing

struct DeliveryTests {
    @Test func `a full queue loses its oldest and counts it`() async {
        let queue = DeliveryQueue(limit: 2)
        #expect(queue.push([1]) == 0)
        #expect(queue.push([2]) == 0)
        #expect(queue.push([3]) == 1)
        #expect(await queue.next() == [2])
        #expect(await queue.next() == [3])
    }

    @Test func `what waits when a queue is closed still comes, then the end`() async {
        let queue = DeliveryQueue(limit: 10)
        _ = queue.push([1])
        queue.close()
        #expect(queue.push([2]) == 0)
        #expect(await queue.next() == [1])
        #expect(await queue.next() == nil)
    }

    @Test func `who waits is woken by a push, a close and a cancellation`() async {
        let queue = DeliveryQueue(limit: 10)
        let first = Task { await queue.next() }
        _ = queue.push([1])
        #expect(await first.value == [1])
        let second = Task { await queue.next() }
        second.cancel()
        #expect(await second.value == nil)
        let third = Task { await queue.next() }
        queue.close()
        #expect(await third.value == nil)
    }
}
