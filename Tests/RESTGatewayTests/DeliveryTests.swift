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

    @Test(arguments: [
        "127.0.0.1", "127.9.9.9", "::1", "169.254.169.254", "fe80::1", "FE80::1", "febf::1", "0.0.0.0", "::",
        "224.0.0.1",
        "255.255.255.255", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "fd00:ec2::254",
    ])
    func `no callback goes here`(address: String) {
        #expect(CallbackGuard(allowsLoopback: false).isForbidden(address))
    }

    @Test(arguments: ["192.0.2.1", "10.0.0.1", "2001:db8::1", "fd00::1"])
    func `callbacks may go here`(address: String) {
        #expect(!CallbackGuard(allowsLoopback: false).isForbidden(address))
    }

    @Test func `loopback is the operator's choice, link-local is nobody's`() {
        let open = CallbackGuard(allowsLoopback: true)
        #expect(!open.isForbidden("127.0.0.1") && !open.isForbidden("::1"))
        #expect(open.isForbidden("169.254.169.254"))
    }

    @Test(arguments: [
        ("http://a.example/x", "a.example"), ("https://a.example:8443", "a.example"),
        ("http://[::1]:80/", "::1"),
        ("http://user@127.0.0.1/", "127.0.0.1"), ("http://good@evil@127.0.0.1/", "127.0.0.1"),
        ("HTTP://A/", "A"),
    ])
    func `the host of a URL is what a client would connect to`(url: String, host: String) {
        #expect(CallbackGuard.host(of: url) == host)
    }

    @Test(arguments: ["ftp://a", "a.example", "http://", "http:///x", "http://[x]/", ""])
    func `no host, no callback`(url: String) {
        #expect(CallbackGuard.host(of: url) == nil)
    }
}
